import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIPv4, type Socket } from 'node:net'
import express, { type Express, type RequestHandler } from 'express'
import { type Logger, RegistryError, type Reply } from '#core'
import type { HouseRequest } from '#core/host'
import type { HouseMetrics } from '../metrics/house-metrics.js'
import type { AccessLog } from './access-log.js'
import type { Admission } from './admission.js'
import { type Caller, callerOf, parseNetworks } from './caller.js'
import { bodyPending, drain, drainBudgets } from './early-refusal.js'
import { ExpressRequest, rawTarget } from './express-request.js'
import type { Health } from './health.js'
import { type HostHeader, isLoopbackHost, parseHost } from './host-header.js'
import { houseAddresses } from './house-addresses.js'
import { problem } from './problem.js'
import type { BodyPace } from './request-body.js'
import { type HostRules, screenAuthority, screenHost, screenScheme, screenSyntax } from './request-screen.js'
import { BrokenReply, type SendOptions, type Sent, sendReply } from './send-reply.js'
import { abandon } from './turn.js'

/** Whoever answers what the host does not answer itself. */
export interface Kernel {
  handle(request: HouseRequest): Promise<Reply>
}
export interface AppOptions extends HostRules {
  readonly kernel: Kernel
  readonly health: Health
  /** CIDRs of the peers whose X-Forwarded-For and -Proto are believed. */
  readonly trustedProxies: readonly string[]
  readonly log: Logger
  readonly accessLog: AccessLog
  readonly metrics?: Pick<HouseMetrics, 'answered'> | undefined
  /** What is not begun; without it every request is. */
  readonly admission?: Admission
  /** How slow a client may be, where it is not what security guide 3.3 says. */
  readonly pace?: { readonly body: BodyPace; readonly stalledAfter: number }
}

/** Express as the house uses it: no parsing of paths, queries or bodies, no header of its own. */
export function houseApp(options: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.disable('query parser')
  app.enable('strict routing')
  app.enable('case sensitive routing')
  app.use(houseHandler(options))
  return app
}

/** The whole house as one handler, for this app or somebody else's. */
export function houseHandler(options: AppOptions): RequestHandler {
  const entrance = new Entrance(options)
  return (req, res) => void entrance.admit(req, res)
}

class Entrance {
  readonly #options: AppOptions
  readonly #own: ReadonlyMap<string, (method: string) => Reply>
  readonly #trusted: ReturnType<typeof parseNetworks>
  /** Connections on which something could not be read in one way alone: nothing behind it is run (RFC 9112 section 9.6). */
  readonly #ended = new WeakSet<Socket>()
  readonly #urls = new Map<string, URL>()
  readonly #prefix = Math.random().toString(36).slice(2, 10)
  #count = 0

  constructor(options: AppOptions) {
    this.#options = options
    this.#own = houseAddresses(options.health)
    this.#trusted = parseNetworks(options.trustedProxies)
  }

  /** Never rejects. */
  async admit(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Node hands out what stands behind a request before that is answered.
    if (this.#ended.has(req.socket)) return abandon(res)
    const started = performance.now()
    const requestId = `${this.#prefix}-${(this.#count++).toString(36)}`
    const caller = callerOf(req, this.#trusted)
    let sent: Sent | undefined
    const arrival: { request?: ExpressRequest } = {}
    // Asked when the answer goes out: the house may have begun to go down since.
    const { health, pace } = this.#options
    const patience = pace === undefined ? {} : { stalledAfter: pace.stalledAfter }
    const options = (): SendOptions => ({
      requestId,
      close: health.draining || isLast(res) || this.#ended.has(req.socket),
      strict: caller.scheme === 'https' && !isLoopbackHost(parseHost(req.headers.host ?? '')?.hostname ?? 'localhost'),
      ...patience,
    })
    try {
      const reply = await this.#answer(req, res, requestId, caller, arrival)
      sent = await sendReply(req, res, reply, options())
    } catch (error) {
      this.#options.log.error('reply.failed', { requestId, cause: error })
      if (error instanceof BrokenReply || res.headersSent) res.destroy()
      else sent = await sendReply(req, res, apology(error), options()).catch(() => void res.destroy())
    }
    const milliseconds = performance.now() - started
    const { plugin, route, received = 0 } = arrival.request ?? {}
    this.#options.accessLog.write(req, res, { requestId, caller, sent, milliseconds, plugin, route })
    this.#options.metrics?.answered({
      method: req.method ?? '',
      status: sent?.status ?? res.statusCode,
      seconds: milliseconds / 1_000,
      bytesIn: received,
      bytesOut: sent?.bytes ?? 0,
      plugin,
      route,
    })
  }

  async #answer(
    req: IncomingMessage,
    res: ServerResponse,
    id: string,
    caller: Caller,
    arrival: { request?: ExpressRequest },
  ): Promise<Reply> {
    const { publicUrl, kernel, pace, admission } = this.#options
    const target = rawTarget(req)
    const refused = screenSyntax(req, target)
    if (refused) return this.#end(req, refused)
    const host = screenHost(req)
    if ('status' in host) return this.#end(req, host)
    const own = this.#own.get(pathOf(target))
    const foreign = await screenAuthority(req, host, this.#options, own !== undefined && target.startsWith('/-/health'))
    if (foreign) return foreign
    if (own && !(await this.#isRoot(host.hostname))) return own(req.method ?? 'GET')
    const insecure = screenScheme(req, target, caller, publicUrl)
    if (insecure) return insecure
    const admitted = admission?.enter(req, caller)
    if (admitted && 'status' in admitted) return admitted
    if (admitted) res.once('close', admitted.leave)
    const hostname = mayBeRoot(host.hostname, publicUrl) ? host.hostname : ''
    const place = { hostname, publicUrl: publicUrl ?? this.#urlOf(caller, host) }
    const facts = { id, caller, ...place, ...(pace === undefined ? {} : { pace: pace.body }) }
    arrival.request = new ExpressRequest(req, res, facts)
    const reply = await kernel.handle(arrival.request)
    if (req.method === 'DELETE' && reply.status < 400) await dropBody(req)
    return reply
  }

  async #isRoot(hostname: string): Promise<boolean> {
    const { publicUrl, isRootMount } = this.#options
    return mayBeRoot(hostname, publicUrl) && (await isRootMount(hostname))
  }

  /** A method that is not known is no doubt about where the request ends. */
  #end(req: IncomingMessage, reply: Reply): Reply {
    if (reply.status === 400 || reply.status === 431) this.#ended.add(req.socket)
    return reply
  }

  /** Links follow the request's own Host where nothing is configured. */
  #urlOf({ scheme }: Caller, { authority }: HostHeader): URL {
    const text = `${scheme}://${authority}/`
    let url = this.#urls.get(text)
    if (url === undefined) {
      if (this.#urls.size >= 100) this.#urls.clear()
      url = new URL(text)
      this.#urls.set(text, url)
    }
    return url
  }
}

/** An address and the house's own public name are no repository's: nothing has to be looked up for them. */
function mayBeRoot(hostname: string, publicUrl: URL | undefined): boolean {
  return hostname !== publicUrl?.hostname && !hostname.startsWith('[') && !isIPv4(hostname)
}

/** Node says 'close' with the last answer of a connection (`maxRequestsPerSocket`), but leaves closing to the client. */
function isLast(res: ServerResponse): boolean {
  return (res as { maxRequestsOnConnectionReached?: boolean }).maxRequestsOnConnectionReached === true
}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

/** A reply whose bytes could not be opened, or a bug: constant words, the cause is in the log. */
function apology(error: unknown): Reply {
  if (!(error instanceof RegistryError) || error.kind !== 'unavailable') return problem(500, 'internal', 'Internal error')
  const { reason } = error.detail
  return problem(503, 'unavailable', typeof reason === 'string' ? reason : 'The content is out of reach for the moment', {
    'retry-after': String(error.retryAfter ?? 5),
  })
}

/** npm's team calls send a small one that nobody needs; its connection is kept. Behind a larger one it is closed. */
async function dropBody(req: IncomingMessage): Promise<void> {
  if (req.headers.expect === undefined && bodyPending(req)) await drain(req, drainBudgets.unneeded)
}
