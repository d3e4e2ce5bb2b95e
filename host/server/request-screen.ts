import type { IncomingMessage } from 'node:http'
import type { Reply } from '#core'
import type { Caller } from './caller.js'
import { hasBody } from './early-refusal.js'
import { type HostHeader, hostOf, isLoopbackHost } from './host-header.js'
import { problem } from './problem.js'

/** What the house can be asked; TRACE, CONNECT and the rest of Node's list end here. */
const methods = new Set([
  ...['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
  ...['PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY'],
])
const allow = 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS'
const maxHeaderLines = 100

export interface HostRules {
  /** As configured; without it every well-formed Host is answered. */
  readonly publicUrl: URL | undefined
  /** Is a repository served at the root of this host name? */
  readonly isRootMount: (hostname: string) => Promise<boolean>
}

/** Of the syntax alone, nothing looked up: undefined lets the request on (security guide 3.3). */
export function screenSyntax(req: IncomingMessage, target: string): Reply | undefined {
  if (req.rawHeaders.length > 2 * maxHeaderLines) return problem(431, 'headers', 'Too many header lines')
  const method = req.method ?? ''
  if (!methods.has(method)) return problem(405, 'method', 'This method is not known here', { allow })
  if (target === '*' && method === 'OPTIONS') return { status: 204, headers: { allow } }
  if (!target.startsWith('/')) return problem(400, 'target', 'The request target must begin with a slash')
  const coding = req.headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return problem(400, 'coding', 'No transfer coding but chunked is taken')
  if ((method === 'GET' || method === 'HEAD') && hasBody(req)) return problem(400, 'body', `${method} takes no body`)
  return undefined
}

/** The checked Host header, or the refusal. HTTP/1.0 may leave it out: then the address that was dialled. */
export function screenHost(req: IncomingMessage): HostHeader | Reply {
  const host = hostOf(req.rawHeaders)
  if (host === undefined) {
    const { localAddress = '127.0.0.1', localPort = 80 } = req.socket
    const hostname = localAddress.includes(':') ? `[${localAddress}]` : localAddress
    return { authority: `${hostname}:${localPort}`, hostname }
  }
  return 'problem' in host ? problem(400, 'host', host.problem) : host
}

/** 421 for a name that is not ours, once a public address says what is. A balancer may ask for health by the address it dialled. */
export async function screenAuthority(
  req: IncomingMessage,
  { hostname }: HostHeader,
  rules: HostRules,
  health: boolean,
): Promise<Reply | undefined> {
  if (rules.publicUrl === undefined || hostname === rules.publicUrl.hostname || isLoopbackHost(hostname)) return undefined
  if (health && hostname.replace(/^\[|\]$/g, '') === req.socket.localAddress?.replace(/^::ffff:/, '')) return undefined
  if (await rules.isRootMount(hostname)) return undefined
  return problem(421, 'host', 'This host name is not served here')
}

/** Plain HTTP from elsewhere where the public address is https: a secret sent so has leaked, and its owner should notice; a browser on its way to a page
 *  is shown the door that is meant. */
export function screenScheme(
  req: IncomingMessage,
  target: string,
  caller: Caller,
  publicUrl: URL | undefined,
): Reply | undefined {
  if (publicUrl?.protocol !== 'https:' || caller.scheme === 'https' || caller.near) return undefined
  const { authorization, cookie } = req.headers
  const page = (req.method === 'GET' || req.method === 'HEAD') && target.startsWith('/-/ui/')
  if (page && authorization === undefined && cookie === undefined)
    return { status: 308, headers: { location: new URL(target.slice(1), publicUrl).href, 'cache-control': 'no-store' } }
  return problem(403, 'https', 'https required')
}
