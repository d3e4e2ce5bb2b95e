import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { dice } from '../support/dice.js'

/** What happens to a call between a house and a service.
 *  `delay`: it comes late. `reset`: the connection breaks before the call arrives. `lost`: it is carried out, then the connection breaks. `half-open`:
 *  nothing is ever said, the connection stays. `swallowed`: the same, and it was carried out. `truncated`: half of the answer's body comes. `error`: 500,
 *  not carried out. `hidden`: 500, carried out. `throttled`: 503 SlowDown, or the other service's word for it. `conflict`: it met another. */
export const faults = [
  'delay',
  'reset',
  'lost',
  'half-open',
  'swallowed',
  'truncated',
  'error',
  'hidden',
  'throttled',
  'conflict',
] as const
export type Fault = (typeof faults)[number]

export interface FaultPlan {
  readonly seed: number
  /** Of a hundred calls. */
  readonly percent: number
  readonly faults: readonly Fault[]
  /** Milliseconds, at most. */
  readonly delay?: number
}

/** Between a house and real servers: hands every call on as it is, but for those that a seeded plan hurts. */
export class CloudProxy {
  /** What was done to how many calls. */
  readonly done = new Map<Fault | 'none', number>()
  /** How often each operation was asked for, by its name: 'S3 PUT', 'DynamoDB GetItem'. */
  readonly asked = new Map<string, number>()
  #plan: FaultPlan | undefined
  #roll = dice(1)
  readonly #sockets = new Set<Socket>()
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(
    private readonly upstream: URL,
    private readonly server: Server,
  ) {
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      this.#serve(req, res).catch(() => res.destroy())
    })
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    })
  }

  static async start(upstream: string): Promise<CloudProxy> {
    const server = createServer()
    const proxy = new CloudProxy(new URL(upstream), server)
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return proxy
  }

  get url(): string {
    const address = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('The proxy listens no more')
    return `http://127.0.0.1:${address.port}`
  }

  /** From now on; undefined: everything goes through. */
  hurt(plan: FaultPlan | undefined): void {
    this.#plan = plan
    this.#roll = dice(plan?.seed ?? 1)
  }

  get calls(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0)
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#agent.destroy()
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const name = operationOf(req)
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1)
    const fault = this.#choose(req)
    this.done.set(fault ?? 'none', (this.done.get(fault ?? 'none') ?? 0) + 1)
    switch (fault) {
      case undefined:
        return this.#pass(req, res)
      case 'delay':
        await pause(this.#roll(this.#plan?.delay ?? 300))
        return this.#pass(req, res)
      case 'reset':
        req.socket.resetAndDestroy()
        return
      case 'lost':
        await this.#carryOut(req)
        req.socket.resetAndDestroy()
        return
      case 'half-open':
        req.resume()
        return
      case 'swallowed':
        await this.#carryOut(req)
        return
      case 'truncated':
        return this.#truncate(req, res)
      case 'error':
        req.resume()
        return answer(req, res, 500, 'InternalError', 'InternalServerError')
      case 'hidden':
        await this.#carryOut(req)
        return answer(req, res, 500, 'InternalError', 'InternalServerError')
      case 'throttled':
        req.resume()
        return ofRows(req) ? answer(req, res, 400, '', 'ThrottlingException') : answer(req, res, 503, 'SlowDown', '')
      case 'conflict':
        return this.#conflict(req, res)
    }
  }

  #choose(req: IncomingMessage): Fault | undefined {
    const plan = this.#plan
    if (plan === undefined || this.#roll(100) >= plan.percent) return undefined
    const fitting = plan.faults.filter((fault) => fault !== 'conflict' || canConflict(req))
    return fitting[this.#roll(fitting.length)]
  }

  #forward(req: IncomingMessage): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      // Whoever left meanwhile would leave half a body for ever.
      if (req.socket.destroyed) return reject(new Error('The caller is gone'))
      const { hostname, port } = this.upstream
      const onward = request(
        { hostname, port, agent: this.#agent, method: req.method, path: req.url, headers: req.headers },
        resolve,
      )
      onward.on('error', reject)
      // Who breaks off towards us breaks off towards the service.
      req.on('close', () => {
        if (!req.complete) onward.destroy()
      })
      req.pipe(onward)
    })
  }

  async #pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const given = await this.#forward(req)
    res.writeHead(given.statusCode ?? 502, given.rawHeaders)
    given.pipe(res)
    given.on('error', () => res.destroy())
    res.on('close', () => given.destroy())
  }

  /** The service has done it, whatever it says. */
  async #carryOut(req: IncomingMessage): Promise<void> {
    await buffer(await this.#forward(req))
  }

  async #truncate(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const given = await this.#forward(req)
    const body = await buffer(given)
    res.writeHead(given.statusCode ?? 502, given.rawHeaders)
    res.flushHeaders()
    res.write(body.subarray(0, Math.floor(body.length / 2)), () => res.socket?.destroySoon())
  }

  async #conflict(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!ofRows(req)) {
      req.resume()
      return answer(req, res, 409, 'ConditionalRequestConflict', '')
    }
    const { TransactItems = [] } = JSON.parse(String(await buffer(req))) as { TransactItems?: readonly unknown[] }
    const reasons = TransactItems.map((_, at) => ({ Code: at === 0 ? 'TransactionConflict' : 'None' }))
    return answer(req, res, 400, '', 'TransactionCanceledException', { CancellationReasons: reasons })
  }
}

function operationOf(req: IncomingMessage): string {
  if (ofRows(req)) return `DynamoDB ${String(req.headers['x-amz-target']).split('.').at(-1)}`
  const query = new URL(req.url ?? '/', 'http://localhost').searchParams
  const part = ['list-type', 'uploads', 'uploadId'].find((name) => query.has(name))
  return `S3 ${req.method}${part === undefined ? '' : ` ?${part}`}`
}

/** Is it a call of DynamoDB? */
function ofRows(req: IncomingMessage): boolean {
  return req.headers['x-amz-target'] !== undefined
}

function canConflict(req: IncomingMessage): boolean {
  return ofRows(req)
    ? String(req.headers['x-amz-target']).endsWith('.TransactWriteItems')
    : req.headers['if-none-match'] !== undefined
}

/** A failure in the words of the service that was asked. */
function answer(req: IncomingMessage, res: ServerResponse, status: number, s3: string, rows: string, more: object = {}): void {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${s3}</Code><Message>By the proxy</Message></Error>`
  const json = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${rows}`, message: 'By the proxy', ...more })
  const [type, body] = ofRows(req) ? ['application/x-amz-json-1.0', json] : ['application/xml', xml]
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), connection: 'close' })
  res.end(req.method === 'HEAD' ? undefined : body)
}
