import type { Principal } from '../auth/principal.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import type { Headers, Reply } from './reply.js'

const varies = ['Authorization', 'Cookie', 'Accept']

/** What every answer carries; the handler's own headers stay. An answer to somebody known is private, and caches ask before they use it again. */
export function withHouseHeaders(reply: Reply, requestId: string, principal: Principal | undefined): Reply {
  const headers: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...reply.headers,
    'x-request-id': requestId,
  }
  if (reply.status >= 400) headers['cache-control'] = 'no-store'
  // What a page was told stays in no cache of its browser.
  else if (principal !== undefined && 'session' in principal && principal.session) headers['cache-control'] = 'no-store'
  else if (principal !== undefined) {
    headers['cache-control'] ??= principal.kind === 'anonymous' ? 'no-cache' : 'private, no-cache'
    headers['vary'] = mergeVary(headers['vary'])
  }
  return { ...reply, headers }
}

/** For a failure worded by a mount: what the house adds where the mount left it out. */
export function withMissing(reply: Reply, headers: Headers): Reply {
  return { ...reply, headers: { ...headers, ...reply.headers } }
}

/** What handlers say of it, of which there is a handful, and what becomes of that. */
const merged = new BoundedMap<string, string>(100)

function mergeVary(own = ''): string {
  const known = merged.get(own)
  if (known !== undefined) return known
  const names = own.split(',').flatMap((name) => name.trim() || [])
  const lowered = new Set(names.map((name) => name.toLowerCase()))
  const all = [...names, ...varies.filter((name) => !lowered.has(name.toLowerCase()))]
  const vary = lowered.has('*') ? '*' : all.join(', ')
  merged.set(own, vary)
  return vary
}
