import type { Readable } from 'node:stream'

/** Byte offsets: `start` counts from zero, `end` is the first byte that is no longer part of it. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A known number of bytes that can be read from any range, any number of times. */
export interface Bytes {
  readonly size: number
  /** Whoever opens a stream consumes or destroys it. A stream that cannot be read whole fails; it never ends early. */
  open(range?: ByteRange): Promise<Readable>
  /** The whole content at once where it is at most `limit` bytes (1 MiB at most); undefined where it is larger. */
  small(limit?: number): Promise<Uint8Array | undefined>
}
