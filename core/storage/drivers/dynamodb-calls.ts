import { setTimeout as pause } from 'node:timers/promises'
import { RegistryError, unavailable } from '../../errors/registry-error.js'
import { Circuit } from './circuit.js'
import { dynamoSockets } from './dynamodb-client.js'
import { type DynamoFailure, failureOf, noAnswer } from './dynamodb-failure.js'
import { oneAttempt, type Send } from './one-attempt.js'
import { Places } from './places.js'
import { processRetries, type RetryBudget } from './retry-budget.js'

/** Milliseconds. */
export interface DynamoPace {
  readonly attempts: number
  readonly attempt: number
  /** All attempts, what is waited between them, and what is looked up. */
  readonly deadline: number
  /** The longest first pause; each further one may be twice as long. */
  readonly pause: number
}
export const dynamoPace: DynamoPace = { attempts: 4, attempt: 5_000, deadline: 10_000, pause: 50 }

/** Answers about a write that failed. */
export interface Settling<T> {
  /** Looked up after an attempt of unknown outcome: what it would have answered, where it was carried out. Undefined: not that anybody could see. */
  readonly look: (attempt: <A>(send: Send<A>) => Promise<A>) => Promise<T | undefined>
  /** Of a refusal. Throws it, or answers where what refuses is what this very write put there. `doubtful`: an earlier attempt may have been carried out. */
  readonly refused: (thrown: unknown, doubtful: boolean) => T
}

/** Calls within limits (security guide 1.4 and 1.8): four attempts with full jitter inside one deadline, one retry budget, one circuit. */
export class DynamoCalls {
  readonly #places = new Places(dynamoSockets)

  constructor(
    private readonly pace: DynamoPace = dynamoPace,
    private readonly budget: RetryBudget = processRetries,
    private readonly circuit = new Circuit(),
  ) {}

  /** Reads: whatever failed may be sent again. Throws `unavailable`. */
  async read<T>(send: Send<T>): Promise<T> {
    return this.#repeat(
      send,
      async () => undefined,
      (thrown) => {
        throw noAnswer('fatal', thrown)
      },
    )
  }

  /** A write whose equal repeat is harmless. Throws what `refused` throws, or `unavailable`. */
  async write<T>(send: Send<T>, settling: Settling<T>): Promise<T> {
    return this.#repeat(send, settling.look, settling.refused)
  }

  async #repeat<T>(send: Send<T>, look: Settling<T>['look'], refused: Settling<T>['refused']): Promise<T> {
    const until = performance.now() + this.pace.deadline
    this.budget.called()
    let doubtful = false
    for (let attempt = 1; ; attempt++) {
      let failure: DynamoFailure
      let cause: unknown
      try {
        return await this.#attempt(send, until)
      } catch (thrown) {
        if (thrown instanceof RegistryError) throw thrown
        failure = failureOf(thrown)
        if (failure === 'condition') return refused(thrown, doubtful)
        if (failure === 'fatal' || failure === 'token') throw noAnswer(failure, thrown)
        cause = thrown
      }
      if (failure === 'unknown') {
        doubtful = true
        const found = await look((lookUp) => this.#attempt(lookUp, until)).catch(() => undefined)
        if (found !== undefined) return found
      }
      const wait = Math.random() * this.pace.pause * 2 ** (attempt - 1)
      if (attempt === this.pace.attempts || performance.now() + wait >= until || !this.budget.take())
        throw noAnswer(failure, cause)
      await pause(wait)
    }
  }

  async #attempt<T>(send: Send<T>, until: number): Promise<T> {
    const place = await this.#places.take(until - performance.now())
    if (place === undefined) throw unavailable('The metadata store is busy; try again', 2)
    try {
      const left = until - performance.now()
      if (left <= 0 || !this.circuit.admit()) throw noAnswer('open')
      return await oneAttempt(send, Math.min(left, this.pace.attempt), this.circuit, failureOf)
    } finally {
      place()
    }
  }
}
