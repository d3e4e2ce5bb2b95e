import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'

/** `{prefix}_{20 characters}`: about 103 random bits; lower case, so that it reads the same everywhere. */
export function newId(prefix: string): string {
  let id = ''
  while (id.length < 20) for (const byte of randomBytes(32)) if (byte < 252 && id.length < 20) id += alphabet[byte % 36]
  return `${prefix}_${id}`
}

/** 128 random bits in hex: blob ids, upload ids, commit tokens. */
export function randomHex(bytes = 16): string {
  return randomBytes(bytes).toString('hex')
}

/** Sorts by time (milliseconds), unique by 64 random bits: keys of log rows and reminders. */
export function timeOrderedId(at: Date): string {
  return at.getTime().toString(16).padStart(12, '0') + randomHex(8)
}
