import { setTimeout as pause } from 'node:timers/promises'
import { RegistryError, unavailable } from '../../errors/registry-error.js'
import { Circuit } from './circuit.js'
import { oneAttempt, type Send } from './one-attempt.js'
import { Places } from './places.js'
import { processRetries, type RetryBudget } from './retry-budget.js'
import { s3Bodies, s3Calls } from './s3-client.js'
import { noBlobAnswer, type S3Failure, s3FailureOf } from './s3-failure.js'

/** Milliseconds. */
export interface S3Pace {
  readonly attempts: number
  /** A call without a body, and one with a body. */
  readonly attempt: number
  readonly bodyAttempt: number
  /** All attempts of a call, what is waited between them, and what is looked up; an upload has more by its size. */
  readonly deadline: number
  readonly uploadDeadline: number
  /** The longest first pause; each further one may be twice as long. */
  readonly pause: number
  /** A body that gives no byte for so long is asked for anew. */
  readonly silence: number
}
export const s3Pace: S3Pace = {
  attempts: 4,
  attempt: 10_000,
  bodyAttempt: 60_000,
  deadline: 30_000,
  uploadDeadline: 120_000,
  pause: 50,
  silence: 20_000,
}
/** An upload is given a second more for each so many bytes. */
const bytesPerSecond = 1024 * 1024

export interface Repeating<T> {
  /** On the monotonic clock. */
  readonly until: number
  readonly attempt: number
  /** After an attempt of unknown outcome: what it would have answered, where it was carried out. Undefined: not that anybody could see. */
  readonly look?: () => Promise<T | undefined>
  /** Of a refusal: throws it in the kernel's words, or answers where what refuses is what this very call did. */
  readonly refused: (thrown: unknown, doubtful: boolean) => T | Promise<T>
}

/** Calls within limits (security guide 1.8): attempts with full jitter inside one deadline, one retry budget, one circuit, so many at once. */
export class S3Calls {
  readonly #places = new Places(s3Calls)
  readonly #bodies = new Places(s3Bodies)

  constructor(
    readonly pace: S3Pace = s3Pace,
    private readonly budget: RetryBudget = processRetries,
    private readonly circuit = new Circuit(),
  ) {}

  /** For a call without a body. */
  soon(): { readonly until: number; readonly attempt: number } {
    return this.within(performance.now() + this.pace.deadline)
  }

  /** The same, as a part of something that has to be done by then. */
  within(until: number): { readonly until: number; readonly attempt: number } {
    return { until, attempt: this.pace.attempt }
  }

  /** When an upload of so many bytes has to be done. */
  untilUploaded(size: number): number {
    return performance.now() + this.pace.uploadDeadline + (size / bytesPerSecond) * 1_000
  }

  async run<T>(send: Send<T>, { until, attempt, look, refused }: Repeating<T>): Promise<T> {
    this.budget.called()
    let doubtful = false
    for (let tried = 1; ; tried += 1) {
      let failure: S3Failure
      let cause: unknown
      try {
        return await this.#attempt(send, until, attempt)
      } catch (thrown) {
        if (thrown instanceof RegistryError) throw thrown
        failure = s3FailureOf(thrown)
        if (failure === 'answer') return refused(thrown, doubtful)
        cause = thrown
      }
      if (failure === 'unknown' && look !== undefined) {
        doubtful = true
        const found = await look().catch(() => undefined)
        if (found !== undefined) return found
      }
      const wait = Math.random() * this.pace.pause * 2 ** (tried - 1)
      if (tried === this.pace.attempts || performance.now() + wait >= until || !this.budget.take()) throw noBlobAnswer(cause)
      await pause(wait)
    }
  }

  /** Held as long as the body is read; `release` may be called twice. Throws `unavailable` where too many are read. */
  async body(): Promise<() => void> {
    const place = await this.#bodies.take(this.pace.attempt)
    if (place === undefined) throw unavailable('Too many blobs are being read; try again', 2)
    let held = true
    return () => {
      if (held) place()
      held = false
    }
  }

  async #attempt<T>(send: Send<T>, until: number, attempt: number): Promise<T> {
    const place = await this.#places.take(until - performance.now())
    if (place === undefined) throw unavailable('The blob store is busy; try again', 2)
    try {
      const left = until - performance.now()
      if (left <= 0 || !this.circuit.admit()) throw noBlobAnswer()
      return await oneAttempt(send, Math.min(left, attempt), this.circuit, s3FailureOf)
    } finally {
      place()
    }
  }
}
