import { invalid } from '../errors/registry-error.js'
import { readArgon2 } from './argon2-hash.js'

/** What new hashes are made with. */
export const pbkdf2Numbers = { iterations: 50_000, length: 64, salt: 12 } as const

/** A stored hash, taken apart and within bounds: a hostile row cannot burn the processor. */
export interface StoredHash {
  readonly iterations: number
  readonly salt: Buffer
  readonly hash: Buffer
}

const phcForm = /^\$pbkdf2-blake2b512\$i=([1-9]\d{0,6}),l=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,171})$/
const importForm = /^pbkdf2\+blake2b-512\$([0-9a-f]{16,128})\$([1-9]\d{0,6})\$([0-9a-f]{32,256})$/

/** Undefined for anything but `$pbkdf2-blake2b512$i=…,l=…$salt$hash` with i ≤ 5,000,000, l 16…128 and a salt of 8…64 bytes. */
export function parseHash(phc: string): StoredHash | undefined {
  const match = phcForm.exec(phc)
  if (match === null) return undefined
  const [, iterations = '', length = '', salt = '', hash = ''] = match
  const found = { iterations: Number(iterations), salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
  return found.hash.length === Number(length) && withinBounds(found) ? found : undefined
}

export function formatHash({ iterations, salt, hash }: StoredHash): string {
  return `$pbkdf2-blake2b512$i=${iterations},l=${hash.length}$${unpadded(salt)}$${unpadded(hash)}`
}

/** A hash made elsewhere, in PHC form (either algorithm) or as `pbkdf2+blake2b-512$salt$iterations$hash` (hex), as PHC. Throws `invalid`. */
export function importedHash(text: string): string {
  if (parseHash(text) !== undefined || readArgon2(text) !== undefined) return text
  const match = importForm.exec(text.toLowerCase())
  if (match !== null) {
    const [, salt = '', iterations = '', hash = ''] = match
    const found = { iterations: Number(iterations), salt: Buffer.from(salt, 'hex'), hash: Buffer.from(hash, 'hex') }
    if (salt.length % 2 === 0 && hash.length % 2 === 0 && withinBounds(found)) return formatHash(found)
  }
  throw invalid('Unknown form of password hash, or its numbers are out of bounds')
}

function withinBounds({ iterations, salt, hash }: StoredHash): boolean {
  const sized = salt.length >= 8 && salt.length <= 64 && hash.length >= 16 && hash.length <= 128
  return sized && iterations <= 5_000_000
}
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
