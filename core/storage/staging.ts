import type { Readable } from 'node:stream'
import type { DigestName, Digests } from '../digest/digests.js'
import type { Bytes } from './bytes.js'

/** An upload written as it will lie, hashed on the way; nobody else can see it. Dropped when the context closes, unless committed. */
export interface StagedBlob extends Bytes {
  readonly size: number
  readonly digests: Digests
}

/** Writes and hashes; throws `unprocessable` on a digest that differs from `expected` (`detail`: `algorithm`, `expected`, `actual`), whose digests
 *  join the pass, and `too-large`, `no-space`, or `invalid` where the stream broke off. */
export interface Stage {
  (upload: Readable, expected?: Partial<Digests>, options?: StageOptions): Promise<StagedBlob>
  /** Bytes of one upload, where that is known before it begins. */
  readonly limit?: number
}

export interface StageOptions {
  /** Digests that join the pass although nobody has promised any yet: a trailer will. */
  readonly digests?: readonly DigestName[]
  /** Durable at once: of many that wait for one commit none holds a descriptor or a buffer. */
  readonly settled?: boolean
}
