import type { IncomingMessage, Server } from 'node:http'
import type { Reply } from '#core'
import type { Caller } from './caller.js'
import type { DescriptorBudget } from './descriptors.js'
import type { Overload } from './overload.js'
import type { ParallelRequests } from './parallel-requests.js'
import { problem } from './problem.js'

/** What stands between a well-formed request and its work: 503 and a second, where the house has too much of it (security guide 3.7). */
export class Admission {
  #connections = 0

  constructor(
    private readonly descriptors: DescriptorBudget,
    private readonly parallel: ParallelRequests,
    private readonly overload: Overload,
  ) {}

  /** From here on its connections count, and those beyond `most` are closed as they come. Not by the server's own limit: a worker that refuses by it is
   *  offered the same connection again and again. */
  watch(server: Server, most: number): void {
    server.maxConnections = Number.POSITIVE_INFINITY
    server.on('connection', (socket) => {
      this.#connections++
      socket.once('close', () => this.#connections--)
      if (this.#connections > most) socket.destroy()
    })
  }

  get connections(): number {
    return this.#connections
  }

  get running(): number {
    return this.parallel.running
  }

  /** A refusal, or what has to be called once when the request is over. */
  enter(req: IncomingMessage, caller: Caller): Reply | { leave(): void } {
    if (!this.descriptors.holds(this.#connections, this.parallel.running + 1)) return refusal('descriptors')
    const reason = this.overload.refuses(req)
    if (reason !== undefined) return refusal(reason)
    const leave = this.parallel.enter(req, caller)
    return leave === undefined ? refusal('parallel') : { leave }
  }
}

const refusal = (code: string) => problem(503, code, 'Too much is asked for at this moment', { 'retry-after': '1' })
