import type { Principal } from '../auth/principal.js'
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

function mergeVary(own: string | undefined): string {
  if (own === undefined || own.trim() === '') return varies.join(', ')
  const names = own.split(',').map((name) => name.trim())
  if (names.includes('*')) return '*'
  const known = new Set(names.map((name) => name.toLowerCase()))
  return [...names, ...varies.filter((name) => !known.has(name.toLowerCase()))].join(', ')
}
