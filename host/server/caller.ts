import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

export interface Caller {
  /** Of whoever asked, behind at most one trusted proxy; IPv4 in its own form. */
  readonly address: string
  readonly scheme: 'http' | 'https'
  /** The peer is on this machine or a trusted proxy. */
  readonly near: boolean
}

/** Throws on what is no CIDR, naming it. A single address is a network of one. */
export function parseNetworks(texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    try {
      if (text.includes('/')) return ipaddr.parseCIDR(text)
      const address = ipaddr.parse(text)
      return [address, address.kind() === 'ipv4' ? 32 : 128]
    } catch {
      throw new Error(`'${text}' is not a network in CIDR notation`)
    }
  })
}

/** Believes one hop set of X-Forwarded-For and -Proto, the last, of peers in `trusted` alone; X-Forwarded-Host and -Prefix never. */
export function callerOf(req: IncomingMessage, trusted: readonly Network[]): Caller {
  const peer = plainAddress(req.socket.remoteAddress ?? '')
  const own = 'encrypted' in req.socket ? 'https' : 'http'
  const loopback = peer === '::1' || peer.startsWith('127.')
  if (trusted.length === 0 || !within(peer, trusted)) return { address: peer, scheme: own, near: loopback }
  const proto = lastHop(req.headers['x-forwarded-proto'])?.toLowerCase()
  return {
    address: forwardedAddress(lastHop(req.headers['x-forwarded-for'])) ?? peer,
    scheme: proto === 'https' || proto === 'http' ? proto : own,
    near: true,
  }
}

function within(peer: string, networks: readonly Network[]): boolean {
  if (!ipaddr.isValid(peer)) return false
  const address = ipaddr.parse(peer)
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}

/** IPv4 that arrived on an IPv6 socket is IPv4. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function lastHop(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.at(-1) : header
  return text?.slice(text.lastIndexOf(',') + 1).trim()
}

/** Some proxies add the port. */
function forwardedAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? undefined : plainAddress(bare)
}
