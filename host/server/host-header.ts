import { isIPv4 } from 'node:net'

/** `authority` is as sent; `hostname` lower case, without port, IPv6 in its brackets. */
export interface HostHeader {
  readonly authority: string
  readonly hostname: string
}

const authority =
  /^(?:([a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*)\.?|(\[[0-9a-f:.]{2,45}\]))(?::(\d{1,5}))?$/i

/** Undefined where the header is not a host name or address with a port perhaps. */
export function parseHost(text: string): HostHeader | undefined {
  if (text.length > 260) return undefined
  const [, name, address, port] = authority.exec(text) ?? []
  const hostname = (name ?? address)?.toLowerCase()
  if (hostname === undefined || (port !== undefined && Number(port) > 65_535)) return undefined
  if (address !== undefined && !URL.canParse(`http://${address}/`)) return undefined
  return { authority: text, hostname }
}

/** The Host header, of which Node lets two pass. `problem` is the reason of a 400. */
export function hostOf(rawHeaders: readonly string[]): HostHeader | undefined | { readonly problem: string } {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue
    if (found !== undefined) return { problem: 'More than one Host header' }
    found = rawHeaders[index + 1]
  }
  if (found === undefined) return undefined
  return parseHost(found) ?? { problem: 'Malformed Host header' }
}

export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true
  return hostname.startsWith('127.') && isIPv4(hostname)
}
