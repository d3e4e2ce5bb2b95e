import type { Transform } from 'node:stream'
import type { DigestName, Digests } from './digests.js'

export interface DigestMeter extends Transform {
  /** Bytes seen so far. */
  readonly size: number
  /** Once the stream has ended. */
  digests(): Digests
}

/** sha256 of bytes that come in several goes. */
export interface RunningDigest {
  update(chunk: Uint8Array): void
  /** Goes on by itself from here. */
  copy(): RunningDigest
  /** Of what came so far, in hex; the digest may be gone on with. */
  hex(): string
}

/** A pass-through stream that counts and hashes; ask it once the stream has ended. sha256 is always taken. */
export interface DigestService {
  meter(names: readonly DigestName[]): DigestMeter
  /** The same for bytes in memory. */
  of(content: Uint8Array, names: readonly DigestName[]): Digests
  running(): RunningDigest
}
export const DigestService = Symbol('DigestService')
