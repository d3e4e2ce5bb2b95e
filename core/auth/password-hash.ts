import { createHash, getHashes, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { inject, injectable } from 'tsyringe'
import { internal, RegistryError } from '../errors/registry-error.js'
import { argon2Numbers, hashArgon2, isWeaker, readArgon2, strongest, verifyArgon2 } from './argon2-hash.js'
import { KdfLimiter } from './kdf-limiter.js'
import { LeakedPasswords, noneLeaked } from './leaked-passwords.js'
import { acceptedPassword, leakedPassword, type PasswordContext } from './password-policy.js'
import { formatHash, parseHash, pbkdf2Numbers } from './pbkdf2-hash.js'

const derive = promisify(pbkdf2)

/** How new passwords are hashed; a stored hash says of itself how it was made. */
export type PasswordScheme = 'pbkdf2-blake2b512' | 'argon2id'
export const PasswordScheme = Symbol('PasswordScheme')

/** PBKDF2-HMAC-BLAKE2b-512 (RFC 8018; 50,000 iterations, 12 bytes of salt, 64 bytes), or Argon2id (19 MiB, two passes). Native, off the event loop, few at
 *  once. */
@injectable()
export class PasswordHash {
  private readonly limiter = new KdfLimiter()
  /** Nobody's: what an unknown login is checked against, at the price of one whose hash was made today. */
  readonly dummy: string

  constructor(
    @inject(PasswordScheme) private readonly scheme: PasswordScheme = 'pbkdf2-blake2b512',
    @inject(LeakedPasswords) private readonly leaked: LeakedPasswords = noneLeaked,
  ) {
    const { iterations, salt, length } = pbkdf2Numbers
    const { memory, passes, lanes, salt: salted, length: sized } = argon2Numbers
    const text = (bytes: number) => randomBytes(bytes).toString('base64').replace(/=+$/, '')
    this.dummy =
      scheme === 'argon2id'
        ? `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${text(salted)}$${text(sized)}`
        : formatHash({ iterations, salt: randomBytes(salt), hash: randomBytes(length) })
  }

  /** Of a password that is to be set. Throws `unprocessable` with the reason where it is not taken, else as `hash`. */
  async hashNew(password: string, context: PasswordContext): Promise<string> {
    return this.hash(await this.accepted(password, context))
  }

  /** Of one that fits: would it be refused today because it leaked, is among the first that are guessed, or is made of these words? How long it has to be is
   *  asked of new ones alone. Throws where the list of leaked ones cannot be read. */
  async isGuessable(password: string, words: PasswordContext['words']): Promise<boolean> {
    try {
      await this.accepted(password, { words })
      return false
    } catch (thrown) {
      const reasons = thrown instanceof RegistryError ? thrown.detail['reasons'] : undefined
      if (!Array.isArray(reasons)) throw thrown
      return reasons.includes('blocklisted') || reasons.includes('context')
    }
  }

  private async accepted(password: string, context: PasswordContext): Promise<string> {
    const text = acceptedPassword(password, context)
    const sha1 = createHash('sha1').update(text, 'utf8').digest('hex').toUpperCase()
    if (await this.leaked.has(sha1)) throw leakedPassword()
    return text
  }

  /** `before`: a hash of the same password, than which the new one is not weaker. Throws `unavailable` when too many wait. */
  async hash(password: string, before = ''): Promise<string> {
    const stored = readArgon2(before)
    if (this.scheme === 'argon2id' || stored !== undefined) {
      const numbers = stored === undefined ? argon2Numbers : strongest(stored, argon2Numbers)
      return this.limiter.run(() => hashArgon2(password, randomBytes(numbers.salt), numbers))
    }
    const weaker = parseHash(before)
    const iterations = Math.max(pbkdf2Numbers.iterations, weaker?.iterations ?? 0)
    const length = Math.max(pbkdf2Numbers.length, weaker?.hash.length ?? 0)
    const salt = randomBytes(Math.max(pbkdf2Numbers.salt, weaker?.salt.length ?? 0))
    const hash = await this.limiter.run(() => derive(password, salt, iterations, length, 'blake2b512'))
    return formatHash({ iterations, salt, hash })
  }

  /** False for an unreadable hash too, at the same price. Throws `unavailable` when too many wait. */
  async verify(password: string, phc: string): Promise<boolean> {
    const readable = this.reads(phc)
    const asked = readable ? phc : this.dummy
    const stored = parseHash(asked)
    if (stored === undefined) return (await this.limiter.run(() => verifyArgon2(password, asked))) && readable
    const { salt, iterations, hash } = stored
    const got = await this.limiter.run(() => derive(password, salt, iterations, hash.length, 'blake2b512'))
    return timingSafeEqual(got, hash) && readable
  }

  /** One of the two forms, within bounds. */
  reads(phc: string): boolean {
    return parseHash(phc) !== undefined || readArgon2(phc) !== undefined
  }

  /** Weaker than what is made today? Stronger ones stay, and Argon2id is never given up for PBKDF2. */
  needsRehash(phc: string): boolean {
    const argon2 = readArgon2(phc)
    if (argon2 !== undefined) return isWeaker(argon2, argon2Numbers)
    const found = parseHash(phc)
    if (found === undefined) return false
    if (this.scheme === 'argon2id') return true
    const { iterations, length, salt } = pbkdf2Numbers
    return found.iterations < iterations || found.hash.length < length || found.salt.length < salt
  }

  /** For the start: a build of Node without BLAKE2b, or with another one, must not serve; nor a library that makes another Argon2. */
  async selfTest(): Promise<void> {
    const wanted =
      '144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'
    if (!getHashes().includes('blake2b512')) throw internal(new Error('This build of Node has no blake2b512 for passwords'))
    const got = await derive('password', Buffer.from('000102030405060708090a0b', 'hex'), 50_000, 64, 'blake2b512')
    if (got.toString('hex') !== wanted) throw internal(new Error('PBKDF2 with blake2b512 does not give its known answer'))
    if (this.scheme !== 'argon2id') return
    const known = '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$OZA6NM05OHZDbmcc1pDf6Kuc57E0WafgTsDk8GlN2w0'
    const made = await hashArgon2('password', Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'), argon2Numbers)
    if (made !== known) throw internal(new Error('Argon2id does not give its known answer'))
  }
}
