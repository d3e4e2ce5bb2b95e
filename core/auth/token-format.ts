import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Member, service account, short-lived publish, SCIM, instance operator. */
export type TokenKind = 'u' | 's' | 'p' | 'x' | 'o'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const form = /^crt_[uspxo]_[0-9A-Za-z]{46}$/
const bodyLength = 40
const checksumLength = 6
/** What pages and lists show of a token; a true prefix of it. */
export const prefixLength = 12

/** `crt_{kind}_{40 characters}{checksum}`: about 238 random bits. */
export function newToken(kind: TokenKind): string {
  const head = `crt_${kind}_${randomBody()}`
  return head + checksum(head)
}

/** The kind of a token whose form and checksum are right: one that is not was never ours, and nobody need look it up. */
export function tokenKind(text: string): TokenKind | undefined {
  if (!form.test(text)) return undefined
  const cut = text.length - checksumLength
  return checksum(text.slice(0, cut)) === text.slice(cut) ? (text.charAt(4) as TokenKind) : undefined
}

/** What is stored of it: SHA-256, hex. At this entropy neither a slow derivation nor a pepper adds anything. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function checksum(head: string): string {
  let rest = crc32(head)
  let text = ''
  for (let place = 0; place < checksumLength; place += 1) {
    text = alphabet.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text
}

function randomBody(): string {
  let body = ''
  // 248 is four times 62: what lies above is thrown away, so that no character comes more often than another.
  while (body.length < bodyLength) {
    for (const byte of randomBytes(64)) if (byte < 248 && body.length < bodyLength) body += alphabet.charAt(byte % 62)
  }
  return body
}
