import { tokenKind } from './token-format.js'

/** What an Authorization header says, before anybody looks whether it is true. */
export type Offered =
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly login: string; readonly password: string }
  /** Basic that carries one of our tokens, in either half. */
  | { readonly scheme: 'basic'; readonly token: string }

const limit = 2 * 1_024
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Undefined for what cannot be read: another scheme, no base64, no colon, an empty password, more than 2 KiB (RFC 7617, identity dossier 2).
 *  Publishers to Maven's public portal say Bearer or UserToken before what Basic carries: a pair is read as one, whatever stands before it. */
export function parseAuthorization(header: string): Offered | undefined {
  // 2 KiB of text are at most 2,736 characters of base64; blanks and the scheme come on top.
  if (header.length > 2_800) return undefined
  const match = /^\s*(basic|bearer|usertoken)[ \t]+(\S+)\s*$/i.exec(header)
  const [, scheme = '', text = ''] = match ?? []
  if (match === null) return undefined
  const pair = tokenKind(text) === undefined ? decoded(text) : undefined
  const cut = pair?.indexOf(':') ?? -1
  if (pair === undefined || cut < 0) return scheme.toLowerCase() === 'bearer' ? { scheme: 'bearer', token: text } : undefined
  const login = pair.slice(0, cut)
  const password = pair.slice(cut + 1)
  // Pasted and piped tokens end in a line break; in a password it would be a character like any other.
  for (const half of password === '' ? [login] : [password]) {
    const token = half.trimEnd()
    if (tokenKind(token) !== undefined) return { scheme: 'basic', token }
  }
  return password === '' ? undefined : { scheme: 'basic', login, password }
}

function decoded(base64: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length > limit) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    // Old clients send Latin-1 whatever the challenge says.
    return bytes.toString('latin1')
  }
}
