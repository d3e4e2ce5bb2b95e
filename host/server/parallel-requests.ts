import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Caller } from './caller.js'

/** Security guide 3.7: of one credential, or of one address without any. */
export const parallelLimits = { reads: 256, anonymous: 64, writes: 64 } as const
const reading = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND'])

/** Requests under way in this process, counted by who sends them, before anything is done for them. */
export class ParallelRequests {
  readonly #running = new Map<string, number>()
  #all = 0

  constructor(
    private readonly limits: { readonly reads: number; readonly anonymous: number; readonly writes: number } = parallelLimits,
  ) {}

  get running(): number {
    return this.#all
  }

  /** A release to be called once, or undefined where the limit is reached. */
  enter(req: IncomingMessage, caller: Caller): (() => void) | undefined {
    const { authorization } = req.headers
    const reads = reading.has(req.method ?? '')
    const { reads: ofReads, anonymous, writes } = this.limits
    const most = !reads ? writes : authorization === undefined ? anonymous : ofReads
    const key = `${reads ? 'r' : 'w'} ${authorization === undefined ? sourceOf(caller.address) : hashOf(authorization)}`
    const count = this.#running.get(key) ?? 0
    if (count >= most) return undefined
    this.#running.set(key, count + 1)
    this.#all++
    return () => {
      this.#all--
      const left = (this.#running.get(key) ?? 1) - 1
      if (left === 0) this.#running.delete(key)
      else this.#running.set(key, left)
    }
  }
}

/** Long ones are not kept in memory for as long as they run. */
function hashOf(authorization: string): string {
  return authorization.length < 128 ? authorization : createHash('sha256').update(authorization).digest('base64')
}

/** Of IPv6 the first half: one caller holds all of a /64. */
function sourceOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = ''] = address.split('::')
  return `${head.split(':').slice(0, 4).join(':')}/64`
}
