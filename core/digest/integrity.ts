import { invalid } from '../errors/registry-error.js'
import { type DigestName, digestLength } from './digests.js'

export interface IntegrityDigest {
  readonly name: DigestName
  /** Lower-case hex. */
  readonly hex: string
}

const weakest = ['md5', 'sha1', 'sha256', 'sha512'] as const satisfies readonly DigestName[]
const strength = (name: DigestName) => (weakest as readonly DigestName[]).indexOf(name)
const expression = /^([a-z0-9]+)-([A-Za-z0-9+/]+={0,2})(?:\?[\x21-\x7e]*)?$/

/** 'sha512-{base64}', several parted by spaces, as Subresource Integrity and npm write it: strongest first, algorithms that the house
 *  does not take left out (SRI 3.3). Throws `invalid` where an expression is malformed or its digest has the wrong length. */
export function parseIntegrity(text: string): readonly IntegrityDigest[] {
  if (text.length > 4_096) throw invalid('The integrity is too long')
  const found: IntegrityDigest[] = []
  for (const word of text.trim().split(/[\t\n\f\r ]+/)) {
    const [, algorithm, base64] = expression.exec(word) ?? []
    if (algorithm === undefined || base64 === undefined) throw invalid('The integrity is malformed')
    const name = weakest.find((known) => known === algorithm)
    if (name === undefined) continue
    const hex = Buffer.from(base64, 'base64').toString('hex')
    if (hex.length !== digestLength[name]) throw invalid(`The ${name} integrity has the wrong length`)
    found.push({ name, hex })
  }
  return found.sort((one, other) => strength(other.name) - strength(one.name))
}

/** 'sha512-{base64}' of a digest in hex. */
export function formatIntegrity(name: DigestName, hex: string): string {
  return `${name}-${Buffer.from(hex, 'hex').toString('base64')}`
}
