import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a request was, for counting: never whose. `route` is the pattern, undefined where none was found. */
export interface RequestFacts {
  readonly method: string
  readonly status: number
  readonly seconds: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly plugin: string | undefined
  readonly route: string | undefined
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'MKCOL', 'MOVE', 'COPY'])

/** The figures of one serving process, each under `cloudrepo_`. Labels come from closed sets alone: plugins, route patterns, methods, classes of status. */
export class HouseMetrics {
  readonly registry = new Registry()
  readonly #requests: Counter
  readonly #seconds: Histogram
  readonly #received: Counter
  readonly #sent: Counter

  constructor() {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    const named = ['plugin', 'route', 'method', 'status'] as const
    this.#requests = new Counter({ name: 'cloudrepo_requests_total', help: 'Requests answered', labelNames: named, registers })
    this.#seconds = new Histogram({
      name: 'cloudrepo_request_seconds',
      help: 'From the headers of a request to the last byte of its answer',
      labelNames: ['plugin', 'route', 'method'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
      registers,
    })
    this.#received = new Counter({ name: 'cloudrepo_received_bytes_total', help: 'Bytes of bodies received', registers })
    this.#sent = new Counter({ name: 'cloudrepo_sent_bytes_total', help: 'Bytes of bodies sent', registers })
  }

  answered({ method, status, seconds, bytesIn, bytesOut, plugin = 'none', route = 'none' }: RequestFacts): void {
    const known = methods.has(method) ? method : 'other'
    this.#requests.inc({ plugin, route, method: known, status: `${Math.floor(status / 100)}xx` })
    this.#seconds.observe({ plugin, route, method: known }, seconds)
    this.#received.inc(bytesIn)
    this.#sent.inc(bytesOut)
  }

  /** A count that is kept elsewhere. */
  counter(name: string, help: string, look: () => number | Promise<number>): void {
    const counter = new Counter({
      name: `cloudrepo_${name}`,
      help,
      registers: [this.registry],
      async collect() {
        const value = await look()
        counter.reset()
        counter.inc(value)
      },
    })
  }

  /** A figure that is asked for when somebody looks: queue depths, sizes. `together`: how several processes' are told as one. Where it fails it
   *  says nothing. */
  gauge(name: string, help: string, look: () => number | Promise<number>, together: 'sum' | 'max' = 'sum'): void {
    const gauge = new Gauge({
      name: `cloudrepo_${name}`,
      help,
      aggregator: together,
      registers: [this.registry],
      async collect() {
        try {
          gauge.set(await look())
        } catch {
          gauge.reset()
        }
      },
    })
  }
}
