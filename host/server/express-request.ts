import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Form, FormLimits, Stage } from '#core'
import type { HouseRequest } from '#core/host'
import type { Caller } from './caller.js'
import { parseForm } from './multipart.js'
import { type BodyPace, RequestBody, usualPace } from './request-body.js'

export interface RequestFacts {
  readonly id: string
  readonly caller: Caller
  readonly hostname: string
  readonly publicUrl: URL
  /** How slowly the body may come; security guide 3.3 by default. */
  readonly pace?: BodyPace
}

/** A request as Express received it: nothing of it decoded, its body unread. */
export class ExpressRequest implements HouseRequest {
  readonly id: string
  readonly method: string
  readonly target: string
  readonly address: string
  readonly publicUrl: URL
  readonly hostname: string
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #pace: BodyPace
  #body: RequestBody | undefined
  plugin: string | undefined
  route: string | undefined

  constructor(req: IncomingMessage, res: ServerResponse, facts: RequestFacts) {
    this.#req = req
    this.#res = res
    this.#pace = facts.pace ?? usualPace
    this.id = facts.id
    this.method = req.method ?? 'GET'
    this.target = rawTarget(req)
    this.address = facts.caller.address
    this.publicUrl = facts.publicUrl
    this.hostname = facts.hostname
  }

  matched(plugin: string, route: string): void {
    this.plugin = plugin
    this.route = route
  }

  /** Bytes of the body that were read. */
  get received(): number {
    return this.#body?.received ?? 0
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  trailer(name: string): string | undefined {
    return this.#req.trailers[name]
  }

  get contentLength(): number | undefined {
    if (this.#req.headers['transfer-encoding'] !== undefined) return undefined
    return Number(this.#req.headers['content-length'] ?? 0)
  }

  body(): Readable {
    this.#body ??= new RequestBody(this.#req, this.#res, this.#pace)
    return this.#body
  }

  form(stage: Stage, limits: FormLimits): Promise<Form> {
    return parseForm(this.body(), this.#req.headers, stage, limits)
  }
}

/** As the client wrote it, wherever a router mounted us. */
export function rawTarget(req: IncomingMessage): string {
  return (req as { originalUrl?: string }).originalUrl ?? req.url ?? '/'
}
