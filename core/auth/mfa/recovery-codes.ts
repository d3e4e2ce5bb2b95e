import { createHmac, randomBytes } from 'node:crypto'

const count = 10
const length = 10
/** RFC 4648 section 6. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Ten codes of 50 random bits, for those who have lost their second factor. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: count }, () =>
    Array.from(randomBytes(length), (byte) => alphabet.charAt(byte & 31))
      .join('')
      .replace(/^(.{5})/, '$1-'),
  )
}

/** As it was shown, whatever the case and however it is broken up; undefined for what can be none. */
export function recoveryCode(text: string): string | undefined {
  if (text.length > 40) return undefined
  const plain = text.toUpperCase().replaceAll(/[\s-]/g, '')
  return plain.length === length && [...plain].every((one) => alphabet.includes(one)) ? plain : undefined
}

/** What is stored of one: 50 bits could be tried one by one, so it takes the member's own key, which lies sealed. */
export function recoveryHash(pepper: Uint8Array, code: string): string {
  return createHmac('sha256', pepper).update(code.replaceAll('-', '')).digest('hex')
}
