import { createHash } from 'node:crypto'
import type { ChecksumAlgorithm } from './layout.js'

/** Digests of documents that are held in memory: each is computed once for as long as its document is held. */
const known = new WeakMap<Uint8Array, Partial<Record<ChecksumAlgorithm, string>>>()

/** Lower-case hex. `body` is never written to. */
export function digestOf(body: Uint8Array, algorithm: ChecksumAlgorithm): string {
  const held = known.get(body) ?? {}
  const digest = held[algorithm] ?? createHash(algorithm).update(body).digest('hex')
  known.set(body, { ...held, [algorithm]: digest })
  return digest
}
