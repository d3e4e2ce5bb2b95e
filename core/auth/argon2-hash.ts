/** Argon2id (RFC 9106): memory in KiB, passes, lanes; bytes of salt and of hash. */
export interface Argon2Numbers {
  readonly memory: number
  readonly passes: number
  readonly lanes: number
  readonly salt: number
  readonly length: number
}

/** What new hashes are made with. */
export const argon2Numbers: Argon2Numbers = { memory: 19_456, passes: 2, lanes: 1, salt: 16, length: 32 }

const phcForm = /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-8])\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,171})$/

/** Undefined for anything but `$argon2id$v=19$m=…,t=…,p=…$salt$hash` with m ≤ 1 GiB, t ≤ 20, p ≤ 8, a salt of 8…64 bytes and a hash of 16…128: a
 *  hostile row cannot burn the processor, nor fill the memory. */
export function readArgon2(phc: string): Argon2Numbers | undefined {
  const match = phcForm.exec(phc)
  if (match === null) return undefined
  const [, memory, passes, lanes, salt = '', hash = ''] = match
  const found = {
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64').length,
    length: Buffer.from(hash, 'base64').length,
  }
  const bounded = found.memory <= 1024 * 1024 && found.memory >= 8 * found.lanes && found.passes <= 20
  const sized = found.salt >= 8 && found.salt <= 64 && found.length >= 16 && found.length <= 128
  return bounded && sized ? found : undefined
}

/** None of the numbers smaller than in either. */
export function strongest(one: Argon2Numbers, other: Argon2Numbers): Argon2Numbers {
  return {
    memory: Math.max(one.memory, other.memory),
    passes: Math.max(one.passes, other.passes),
    lanes: Math.max(one.lanes, other.lanes),
    salt: Math.max(one.salt, other.salt),
    length: Math.max(one.length, other.length),
  }
}

/** Is any of its numbers below? */
export function isWeaker(stored: Argon2Numbers, wanted: Argon2Numbers): boolean {
  const { memory, passes, salt, length } = stored
  return memory < wanted.memory || passes < wanted.passes || salt < wanted.salt || length < wanted.length
}

/** Native, off the event loop; loaded when it is first needed. */
export async function hashArgon2(password: string, salt: Buffer, numbers: Argon2Numbers): Promise<string> {
  const { hash } = await import('@node-rs/argon2')
  const { memory, passes, lanes, length } = numbers
  return hash(password, {
    algorithm,
    memoryCost: memory,
    timeCost: passes,
    parallelism: lanes,
    outputLen: length,
    salt,
  })
}

/** Of a hash that `readArgon2` reads. */
export async function verifyArgon2(password: string, phc: string): Promise<boolean> {
  const { verify } = await import('@node-rs/argon2')
  return verify(phc, password)
}

/** Argon2id among the library's algorithms, whose enumeration is a type alone. */
const algorithm = 2
