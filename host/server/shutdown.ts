import type { Server, ServerResponse } from 'node:http'
import type { Logger } from '#core'
import type { Health } from './health.js'
import { isLoopbackHost } from './host-header.js'

export interface ShutdownPace {
  /** So long balancers may see 503 before connections are refused. */
  readonly notice: number
  /** So long running requests may finish. */
  readonly requests: number
}
/** Security guide 1.10. */
export const usualPace: ShutdownPace = { notice: 5_000, requests: 60_000 }
export const immediatePace: ShutdownPace = { notice: 0, requests: 60_000 }

/** A balancer elsewhere needs notice; nobody does who talks to a loopback listener or pressed a key. */
export function paceAfter(signal: NodeJS.Signals, listenHost: string): ShutdownPace {
  return isLoopbackHost(listenHost) || signal === 'SIGINT' ? immediatePace : usualPace
}

/** Takes a server down without cutting what may still finish. */
export class Shutdown {
  readonly #server: Server
  readonly #health: Health
  readonly #log: Logger
  readonly #running = new Set<ServerResponse>()
  #done: Promise<void> | undefined

  constructor(server: Server, health: Health, log: Logger) {
    this.#server = server
    this.#health = health
    this.#log = log
    const watch = (_req: unknown, res: ServerResponse) => {
      this.#running.add(res)
      res.once('close', () => this.#running.delete(res))
    }
    server.prependListener('request', watch)
    server.prependListener('checkContinue', watch)
  }

  /** Resolves when no connection is left; the kernel can be closed then. Asked twice, it is the same shutdown. */
  begin(pace: ShutdownPace = usualPace): Promise<void> {
    this.#done ??= this.#run(pace)
    return this.#done
  }

  async #run({ notice, requests }: ShutdownPace): Promise<void> {
    this.#health.draining = true
    this.#log.info('shutdown.begun', { connections: this.#running.size })
    if (notice > 0) await new Promise((resolve) => setTimeout(resolve, notice))
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const idle = setInterval(() => this.#server.closeIdleConnections(), 200)
    const cut = setTimeout(() => {
      this.#log.warn('shutdown.cut', { connections: this.#running.size })
      this.#server.closeAllConnections()
    }, requests)
    await closed
    clearInterval(idle)
    clearTimeout(cut)
  }
}
