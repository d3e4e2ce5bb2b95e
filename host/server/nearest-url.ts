import { isLoopbackHost } from './host-header.js'

/** Where a command on this machine reaches a listener: by loopback if it listens there, for no public name and no proxy is then between. `address` as a
 *  socket tells it, IPv6 without brackets. */
export function nearestUrl(address: string, port: number, publicUrl: URL | undefined, scheme = 'http'): string {
  const hostname = loopbackOfAny[address] ?? (address.includes(':') ? `[${address}]` : address)
  const direct = `${scheme}://${hostname}:${port}`
  return publicUrl === undefined || isLoopbackHost(hostname) ? direct : publicUrl.href
}

const loopbackOfAny: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }
