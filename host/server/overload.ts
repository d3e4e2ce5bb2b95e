import type { IncomingMessage } from 'node:http'
import { totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Security guide 3.7. */
const memoryShare = 0.7
const slowDelay = 200
/** So many seconds in a row. */
const slowFor = 5

export interface Load {
  /** Milliseconds, the 99th percentile of the last second. */
  readonly delay: number
  /** Resident bytes, and how many there may be. */
  readonly resident: number
  readonly limit: number
}

/** Looks at this process once a second, and says what is not begun while it is hard pressed. What runs is never touched. */
export class Overload {
  #slowSeconds = 0
  #full = false
  #stop: () => void = () => {}

  /** Measures until `stop`. */
  start(): this {
    const delays = monitorEventLoopDelay({ resolution: 20 })
    delays.enable()
    const limit = memoryLimit()
    const timer = setInterval(() => {
      this.observe({ delay: delays.percentile(99) / 1e6, resident: process.memoryUsage.rss(), limit })
      delays.reset()
    }, 1_000).unref()
    this.#stop = () => {
      clearInterval(timer)
      delays.disable()
    }
    return this
  }

  stop(): void {
    this.#stop()
  }

  observe({ delay, resident, limit }: Load): void {
    this.#slowSeconds = delay > slowDelay ? this.#slowSeconds + 1 : 0
    this.#full = resident > memoryShare * limit
  }

  /** Why this request is not begun. */
  refuses({ method, headers }: IncomingMessage): string | undefined {
    if (this.#full && (method === 'PUT' || method === 'POST' || method === 'PATCH')) return 'memory'
    if (this.#slowSeconds >= slowFor && headers.authorization === undefined && headers.cookie === undefined) return 'load'
    return undefined
  }
}

/** Of the container where there is one, else of the machine. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory?.() ?? 0
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem()
}
