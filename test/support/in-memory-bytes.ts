import { Readable } from 'node:stream'
import type { Bytes } from '#core'

/** Content that is at hand, as whatever reads files sees it. */
export function inMemoryBytes(content: Uint8Array): Bytes {
  return {
    size: content.length,
    open: async ({ start, end } = { start: 0, end: content.length }) => Readable.from([content.subarray(start, end)]),
    small: async (limit = content.length) => (content.length <= limit ? content : undefined),
  }
}
