import { unprocessable } from '../errors/registry-error.js'
import { commonPasswords } from './frequent-passwords.js'

/** Words that are too near to be a secret: product, organization, the member's own names. */
export interface PasswordContext {
  readonly words: readonly string[]
  /** Characters; 8 where it is not said. */
  readonly minimum?: number
}

const minimum = 8
const maximum = 256
const maximumBytes = 1_024
const leet: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  '1qaz2wsx3edc4rfv',
]

/** OpaqueString (RFC 8265 4.2): other spaces become U+0020, then NFC. Undefined where it holds control characters, lone surrogates, or nothing. */
export function normalizedPassword(password: string): string | undefined {
  const text = password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
  return text === '' || /[\p{Cc}\p{Cs}]/u.test(text) ? undefined : text
}

/** The password as it is to be hashed. Throws `unprocessable` with `detail.reasons`. Asked on set, change and reset, never on login. */
export function acceptedPassword(password: string, context: PasswordContext = { words: [] }): string {
  const text = normalizedPassword(password)
  if (text === undefined) throw refused('characters', 'A password holds printing characters and spaces alone')
  const length = [...text].length
  const least = Math.max(minimum, context.minimum ?? 0)
  if (length < least) throw refused('too-short', `A password has at least ${least} characters`)
  if (length > maximum || Buffer.byteLength(text) > maximumBytes) {
    throw refused('too-long', `A password has at most ${maximum} characters and ${maximumBytes} bytes`)
  }
  const cores = coresOf(text)
  if (cores.some((core) => core.length < 3 || commonPasswords.has(core) || isRun(core))) {
    throw refused('blocklisted', 'This password is among the first that are guessed')
  }
  const words = new Set(context.words.flatMap(wordsOf))
  if (cores.some((core) => words.has(core)))
    throw refused('context', 'This password is made of a name that belongs to its account')
  return text
}

/** It stands on the operator's list. */
export function leakedPassword() {
  return refused('blocklisted', 'This password is known to have leaked')
}
function refused(reason: string, message: string) {
  return unprocessable(message, { detail: { code: 'PASSWORD_POLICY', reasons: [reason] } })
}

/** What is left when the usual disguises come off: case, look-alike digits, digits and signs at the ends, repetition, reversal. */
function coresOf(password: string): readonly string[] {
  const lower = password.toLowerCase()
  const forms = new Set<string>()
  for (const text of [lower, unleet(lower)]) {
    for (const form of [text, trimmed(text), unleet(trimmed(text))]) forms.add(form).add(unrepeated(form))
  }
  for (const form of [...forms]) forms.add([...form].reverse().join(''))
  // What strips to nothing was all digits and signs: judged whole, not as an empty core.
  return [...forms].filter((form) => form !== '')
}
function unleet(text: string): string {
  return text.replace(/[013457@$!]/g, (sign) => leet[sign] ?? sign)
}
/** Nothing where digits and signs make up most of it: then they carry the secret. */
function trimmed(text: string): string {
  const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return core.length * 3 < text.length ? '' : core
}
function unrepeated(text: string): string {
  return /^(.{1,40}?)\1+$/su.exec(text)?.[1] ?? text
}
function isRun(text: string): boolean {
  return rows.some((row) => row.includes(text)) && text.length >= 3
}
function wordsOf(text: string): readonly string[] {
  const lower = text.toLowerCase()
  return [lower, ...lower.split(/[^\p{L}\p{N}]+/u)].filter((word) => word.length >= 3)
}
