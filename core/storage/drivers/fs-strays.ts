import { mkdir, rename, rm, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobKey, Stray } from '../blob-store.js'
import { composedSuffix, removeComposed, statComposed } from './fs-composed-blob.js'
import { entriesOf, statOf } from './fs-walk.js'
import { errorCode, writeFailure } from './volume.js'

/** Beside the folders of organizations, whose ids never read so. */
export const asideFolder = 'orphan'
const part = '.part'

/** Files that are no blobs: `.part` files beside their places, and what was set aside. */
export async function* strayFiles(root: string, prefix: string): AsyncIterable<Stray> {
  yield* files(root, prefix, 'part')
  yield* files(join(root, asideFolder), prefix, 'aside')
}

async function* files(root: string, prefix: string, kind: Stray['kind']): AsyncIterable<Stray> {
  for await (const entry of entriesOf(join(root, prefix))) {
    const suffix = [part, composedSuffix].find((one) => entry.name.endsWith(one)) ?? ''
    const key = prefix + entry.name.slice(0, entry.name.length - suffix.length)
    if (entry.isDirectory() && suffix === '') {
      if (kind === 'aside' || prefix !== '' || entry.name !== asideFolder) yield* files(root, `${prefix}${entry.name}/`, kind)
    } else if (entry.isDirectory() && suffix === composedSuffix) {
      const found = kind === 'aside' ? await statComposed(join(root, key)) : undefined
      if (found) yield { kind, key, size: found.size, since: found.storedAt }
    } else if ((suffix === part) === (kind === 'part')) {
      const found = await statOf(join(root, prefix, entry.name))
      // A folder of links that was never finished holds bytes that lie elsewhere.
      if (found) yield { kind, key, size: found.isFile() ? found.size : 0, since: found.mtime }
    }
  }
}

/** Its time becomes that of the move. */
export async function setFileAside(root: string, key: BlobKey): Promise<void> {
  const from = join(root, key)
  const to = join(root, asideFolder, key)
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await moveNow(from, to)
    await moveNow(from + composedSuffix, to + composedSuffix)
  } catch (cause) {
    throw writeFailure(cause)
  }
}

async function moveNow(from: string, to: string): Promise<void> {
  try {
    const now = new Date()
    await utimes(from, now, now)
    await rename(from, to)
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause
  }
}

export async function dropFile(root: string, { kind, key }: Pick<Stray, 'kind' | 'key'>): Promise<void> {
  try {
    const path = kind === 'part' ? join(root, `${key}${part}`) : join(root, asideFolder, key)
    await rm(path, { recursive: true, force: true })
    if (kind === 'aside') await removeComposed(path)
  } catch (cause) {
    throw writeFailure(cause)
  }
}
