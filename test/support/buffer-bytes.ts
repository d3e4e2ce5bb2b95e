import { Readable } from 'node:stream'
import type { ByteRange, Bytes } from '#core'

/** Bytes in memory that arrive in pieces, as a store gives them. */
export function bytesOf(content: Uint8Array, piece = 64 * 1024): Bytes {
  const whole = Buffer.from(content)
  return {
    size: whole.length,
    async open(range: ByteRange = { start: 0, end: whole.length }): Promise<Readable> {
      const part = whole.subarray(range.start, range.end)
      const pieces: Buffer[] = []
      for (let at = 0; at < part.length; at += piece) pieces.push(part.subarray(at, at + piece))
      return Readable.from(pieces, { objectMode: false })
    },
    small: async (limit = 1024 ** 2) => (whole.length <= limit ? whole : undefined),
  }
}
