import { json, methodNotAllowed, type Reply, text } from '#core'
import type { Health } from './health.js'
import { problem } from './problem.js'

/** The few addresses that are the host's own, by raw path; a root mount's host name has none of them. */
export function houseAddresses(health: Health): ReadonlyMap<string, (method: string) => Reply> {
  const addresses: Record<string, () => Reply> = {
    '/-/health': () => {
      const { status } = health
      return json(status === 'ok' ? 200 : 503, { status }, { 'cache-control': 'no-store' })
    },
    '/': () => text(200, 'A package repository. Nothing is listed here.\n', { 'cache-control': 'no-cache' }),
    // wget -r asks for it before it mirrors a listing, and obeys it (raw dossier 6).
    '/robots.txt': () => ({ status: 404, headers: { 'cache-control': 'public, max-age=86400' } }),
    '/favicon.ico': () => ({ status: 404, headers: { 'cache-control': 'public, max-age=86400' } }),
  }
  return new Map(Object.entries(addresses).map(([path, answer]) => [path, readOnly(answer)]))
}

const allowed = ['GET', 'HEAD', 'OPTIONS']
const allow = allowed.join(', ')

function readOnly(answer: () => Reply): (method: string) => Reply {
  return (method) => {
    if (method === 'GET' || method === 'HEAD') return answer()
    if (method === 'OPTIONS') return { status: 204, headers: { allow } }
    return problem(405, 'method', methodNotAllowed(allowed).message, { allow })
  }
}
