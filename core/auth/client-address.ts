import ipaddr from 'ipaddr.js'
import { invalid } from '../errors/registry-error.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
/** Addresses that share so many leading bits. */
export type Network = readonly [Address, number]

/** An IPv4 address, also where it came mapped into IPv6; undefined for what is no address. */
function parsed(address: string): Address | undefined {
  return ipaddr.isValid(address) ? ipaddr.process(address) : undefined
}

/** What counters count by: the address itself, of IPv6 its /64, since one caller holds all of that. */
export function sourceOf(address: string): string {
  const found = parsed(address)
  if (found === undefined) return address.slice(0, 64)
  if (found.kind() === 'ipv4') return found.toString()
  return `${found.toByteArray().slice(0, 8).join('.')}/64`
}

/** Throws `invalid` for what is no CIDR notation. */
export function parseNetwork(cidr: string): Network {
  if (!ipaddr.isValidCIDR(cidr)) throw invalid(`Not an address range: ${cidr.slice(0, 64)}`)
  const [address, bits] = ipaddr.parseCIDR(cidr)
  // ::ffff:203.0.113.0/120 means the IPv4 range: callers are compared in that form.
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) return [address.toIPv4Address(), bits - 96]
  return [address, bits]
}

export function withinNetworks(address: string, networks: readonly Network[]): boolean {
  const found = parsed(address)
  return (
    found !== undefined && networks.some(([network, bits]) => found.kind() === network.kind() && matches(found, network, bits))
  )
}
function matches(address: Address, network: Address, bits: number): boolean {
  return address.match([network, bits] as never)
}
