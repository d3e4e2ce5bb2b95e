import { unprocessable } from '../errors/registry-error.js'
import type { DigestName, Digests } from './digests.js'

/** Holds what was promised of some bytes against what they are. Throws `unprocessable` (`detail`: `algorithm`, `expected`, `actual`). */
export function requireDigests(expected: Partial<Digests>, actual: Digests): void {
  for (const [name, wanted] of Object.entries(expected) as [DigestName, string][]) {
    const found = actual[name]
    if (found !== wanted.toLowerCase())
      throw unprocessable(`The ${name} digest of the content is ${found ?? 'unknown'}, not ${wanted}`, {
        detail: { code: 'digest', algorithm: name, expected: wanted, actual: found ?? '' },
      })
  }
}
