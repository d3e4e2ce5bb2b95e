import { invalid } from '../errors/registry-error.js'
import type { BlobKey } from './blob-store.js'
import type { ByteRange } from './bytes.js'

const segment = /^[a-z0-9_][a-z0-9_.-]*$/

/** Lower-case folders and a name, at most 512 characters; nothing that means something to a file system. Throws `invalid`. */
export function checkBlobKey(key: BlobKey): void {
  if (
    key.length > 512 ||
    !key.split('/').every((part) => segment.test(part) && !part.includes('..')) ||
    /\.(part|pieces)(\/|$)/.test(key)
  ) {
    throw invalid('This is no blob key')
  }
}

/** '' or whole folders with a slash at the end. Throws `invalid`. */
export function checkBlobPrefix(prefix: string): void {
  if (prefix === '') return
  if (!prefix.endsWith('/')) throw invalid('A blob prefix ends with a slash')
  checkBlobKey(prefix.slice(0, -1))
}

/** The range as asked, or all of it. Throws `invalid` where it does not lie within `size` bytes. */
export function checkRange(range: ByteRange | undefined, size: number): ByteRange {
  if (range === undefined) return { start: 0, end: size }
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > size) {
    throw invalid('The range does not lie within the content')
  }
  return range
}
