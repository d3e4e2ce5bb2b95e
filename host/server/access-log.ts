import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '#core'
import type { Caller } from './caller.js'
import type { Sent } from './send-reply.js'

export interface Access {
  readonly requestId: string
  readonly caller: Caller
  /** Undefined where the answer broke off. */
  readonly sent: Sent | undefined
  readonly milliseconds: number
  /** Whose route it was, and its pattern; undefined where none was found. */
  readonly plugin?: string | undefined
  readonly route?: string | undefined
}

/** One line a request: method, route pattern, status, sizes, times, id, address; never a header, a query or the raw target (security guide 3.8). */
export class AccessLog {
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  write(req: IncomingMessage, res: ServerResponse, access: Access): void {
    this.#log.info('request', {
      method: req.method ?? '',
      ...(access.route === undefined ? {} : { plugin: access.plugin ?? '', route: access.route }),
      status: access.sent?.status ?? res.statusCode,
      bytes: access.sent?.bytes ?? 0,
      milliseconds: Math.round(access.milliseconds * 10) / 10,
      requestId: access.requestId,
      address: access.caller.address,
      ...(access.sent === undefined ? { broken: true } : {}),
    })
  }
}
