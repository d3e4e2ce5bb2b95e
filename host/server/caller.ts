import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

export interface Caller {
  /** Of whoever asked, behind at most one trusted proxy; IPv4 in its own form. */
  readonly address: string
  readonly scheme: 'http' | 'https'
  /** The peer is on this machine or a trusted proxy. */
  readonly near: boolean
}

/** Throws on what is no CIDR, naming it. A single address is a network of one. */
export function parseNetworks(texts: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const text of texts) {
    const [, address = '', bits] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    if (version === 0 || Number(bits ?? most) > most) throw new Error(`'${text}' is not a network in CIDR notation`)
    networks.addSubnet(address, Number(bits ?? most), version === 4 ? 'ipv4' : 'ipv6')
  }
  return networks
}

/** Believes one hop set of X-Forwarded-For and -Proto, the last, of peers in `trusted` alone; X-Forwarded-Host and -Prefix never. */
export function callerOf(req: IncomingMessage, trusted: BlockList): Caller {
  const peer = plainAddress(req.socket.remoteAddress ?? '')
  const own = 'encrypted' in req.socket ? 'https' : 'http'
  const loopback = peer === '::1' || peer.startsWith('127.')
  if (!within(peer, trusted)) return { address: peer, scheme: own, near: loopback }
  const proto = lastHop(req.headers['x-forwarded-proto'])?.toLowerCase()
  return {
    address: forwardedAddress(lastHop(req.headers['x-forwarded-for'])) ?? peer,
    scheme: proto === 'https' || proto === 'http' ? proto : own,
    near: true,
  }
}

function within(peer: string, networks: BlockList): boolean {
  const version = isIP(peer)
  return version !== 0 && networks.rules.length > 0 && networks.check(peer, version === 4 ? 'ipv4' : 'ipv6')
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
