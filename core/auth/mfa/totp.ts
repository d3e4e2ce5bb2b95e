import { Secret, TOTP } from 'otpauth'

/** Seconds of one step, and its digits (RFC 6238; what authenticator apps take without asking). */
const period = 30
const digits = 6
/** Steps that a clock may be off, either way. */
const drift = 1
const secretBytes = 20
/** Digits, with the blank that some apps show in their middle. */
const codeForm = /^\d{3} ?\d{3}$/

export function newTotpSecret(): Uint8Array {
  return new Secret({ size: secretBytes }).bytes
}
export function base32(secret: Uint8Array): string {
  return secretOf(secret).base32
}

/** `otpauth://totp/…`, as authenticator apps read it from a QR code. */
export function totpUri(secret: Uint8Array, issuer: string, label: string): string {
  return totp(secret, issuer, label).toString()
}

/** The step of which this is the code: the present one or one beside it. Undefined for no such code. Compared in constant time. */
export function totpStep(secret: Uint8Array, code: string, at: Date): number | undefined {
  if (!codeForm.test(code)) return undefined
  const timestamp = at.getTime()
  const token = code.replace(' ', '')
  const delta = totp(secret).validate({ token, timestamp, window: drift })
  return delta === null ? undefined : Math.floor(timestamp / 1_000 / period) + delta
}

export function isTotpCode(text: string): boolean {
  return codeForm.test(text)
}

function totp(secret: Uint8Array, issuer = '', label = ''): TOTP {
  return new TOTP({ issuer, label, algorithm: 'SHA1', digits, period, secret: secretOf(secret) })
}
function secretOf(bytes: Uint8Array): Secret {
  return new Secret({ buffer: new Uint8Array(bytes).buffer })
}
