/** Cookies of browser sessions (RFC 6265bis section 4.1.3.2 on `__Host-`): over https alone, but for plain http on loopback, where browsers may drop
 *  cookies that are Secure. */
export interface CookieNames {
  readonly session: string
  /** A browser from which somebody has signed in before: it grants nothing. */
  readonly device: string
  readonly secure: boolean
}

const overHttps: CookieNames = { session: '__Host-sid', device: '__Host-dev', secure: true }
const onLoopback: CookieNames = { session: 'sid', device: 'dev', secure: false }
const secretForm = /^[A-Za-z0-9_-]{43}$/
const deviceSeconds = 365 * 24 * 60 * 60

/** By the address that the browser has: undefined where a cookie would cross the network in the clear. */
export function cookieNames({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): CookieNames | undefined {
  if (protocol === 'https:') return overHttps
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname) ? onLoopback : undefined
}

/** 256 random bits in base64url; undefined for what no house has set, and for a name that stands twice: another site may have added one. */
export function cookieSecret(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  const values = header.split(';').flatMap((pair) => {
    const [key, value = ''] = pair.split('=', 2)
    return key?.trim() === name ? [value.trim()] : []
  })
  const [value] = values
  return value !== undefined && values.length === 1 && secretForm.test(value) ? value : undefined
}

export function sessionCookie(names: CookieNames, secret: string, seconds: number): string {
  return setCookie(names, names.session, secret, seconds)
}
export function deviceCookie(names: CookieNames, secret: string): string {
  return setCookie(names, names.device, secret, deviceSeconds)
}
export function endedSessionCookie(names: CookieNames): string {
  return setCookie(names, names.session, '', 0)
}

function setCookie({ secure }: CookieNames, name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; ${secure ? 'Secure; ' : ''}HttpOnly; SameSite=Lax; Max-Age=${seconds}`
}
