import { getHashes, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { injectable } from 'tsyringe'
import { internal, invalid } from '../errors/registry-error.js'
import { KdfLimiter } from './kdf-limiter.js'

const derive = promisify(pbkdf2)
const current = { iterations: 50_000, length: 64, salt: 12 } as const

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

/** A hash made elsewhere, in PHC form or as `pbkdf2+blake2b-512$salt$iterations$hash` (hex), as PHC. Throws `invalid`. */
export function importedHash(text: string): string {
  if (parseHash(text) !== undefined) return text
  const match = importForm.exec(text.toLowerCase())
  if (match !== null) {
    const [, salt = '', iterations = '', hash = ''] = match
    const found = { iterations: Number(iterations), salt: Buffer.from(salt, 'hex'), hash: Buffer.from(hash, 'hex') }
    if (salt.length % 2 === 0 && hash.length % 2 === 0 && withinBounds(found)) return formatHash(found)
  }
  throw invalid('Unknown form of password hash, or its numbers are out of bounds')
}

/** Weaker than what is stored today? Stronger ones stay. */
export function needsRehash(phc: string): boolean {
  const found = parseHash(phc)
  if (found === undefined) return false
  return found.iterations < current.iterations || found.hash.length < current.length || found.salt.length < current.salt
}

function withinBounds({ iterations, salt, hash }: StoredHash): boolean {
  const sized = salt.length >= 8 && salt.length <= 64 && hash.length >= 16 && hash.length <= 128
  return sized && iterations <= 5_000_000
}
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

/** PBKDF2-HMAC-BLAKE2b-512, 50,000 iterations, 12 bytes of salt, 64 bytes (identity dossier 1.1). Native, off the event loop, few at once. */
@injectable()
export class PasswordHash {
  private readonly limiter = new KdfLimiter()
  /** Nobody's: what an unknown login is checked against, at the price of a known one. */
  readonly dummy = formatHash({
    iterations: current.iterations,
    salt: randomBytes(current.salt),
    hash: randomBytes(current.length),
  })

  /** Throws `unavailable` when too many wait. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(current.salt)
    const hash = await this.limiter.run(() => derive(password, salt, current.iterations, current.length, 'blake2b512'))
    return formatHash({ iterations: current.iterations, salt, hash })
  }

  /** False for an unreadable hash too, at the same price. Throws `unavailable` when too many wait. */
  async verify(password: string, phc: string): Promise<boolean> {
    const readable = parseHash(phc)
    const stored = readable ?? parseHash(this.dummy)
    if (stored === undefined) return false
    const { salt, iterations, hash } = stored
    const got = await this.limiter.run(() => derive(password, salt, iterations, hash.length, 'blake2b512'))
    return timingSafeEqual(got, hash) && readable !== undefined
  }

  /** For the start: a build of Node without BLAKE2b, or with another one, must not serve. */
  async selfTest(): Promise<void> {
    const wanted =
      '144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'
    if (!getHashes().includes('blake2b512')) throw internal(new Error('This build of Node has no blake2b512 for passwords'))
    const got = await derive('password', Buffer.from('000102030405060708090a0b', 'hex'), 50_000, 64, 'blake2b512')
    if (got.toString('hex') !== wanted) throw internal(new Error('PBKDF2 with blake2b512 does not give its known answer'))
  }
}
