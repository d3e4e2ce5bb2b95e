import type { JsonObject } from '../runtime/json.js'
import type { Lease } from './leases.js'

/** Work that the house does for itself, on one process at a time. It may be killed at any instruction and has to go on from there. */
export interface Chore {
  readonly name: string
  /** Milliseconds from the end of one run to the next. */
  readonly interval: number
  /** Its lease is kept between runs: for what runs every second. */
  readonly resident?: boolean
  /** After a run that found nothing, and a minute of such runs: milliseconds for which it may be left alone, unless somebody nudges. Without: it looks at
   *  each interval. */
  idleFor?(): number
  /** What was done, in numbers, for whoever asks; undefined where there was nothing to do. */
  run(work: ChoreWork): Promise<JsonObject | undefined>
}

/** One run. */
export interface ChoreWork extends RunOptions {
  readonly lease: Lease
  /** Aborted when the house goes down: stop at the next step and return. */
  readonly signal: AbortSignal
}

/** What an operator who starts a run may say. */
export interface RunOptions {
  /** Only tell what would be done; undefined: as the chore sees fit. */
  readonly dryRun?: boolean
  /** Go on although a brake says stop. */
  readonly confirmed?: boolean
}

/** A chore as an operator sees it. */
export interface ChoreStatus {
  readonly name: string
  /** Milliseconds. */
  readonly interval: number
  readonly running: boolean
  readonly last?: ChoreRun
  readonly runs: number
  readonly failures: number
}
export interface ChoreRun {
  readonly at: Date
  readonly milliseconds: number
  readonly outcome: 'done' | 'failed' | 'stopped'
  readonly result?: JsonObject
  readonly error?: string
}

/** How to see to chores from outside. */
export interface ChoreDesk {
  list(): Promise<readonly ChoreStatus[]>
  /** Throws `not-found`. */
  get(name: string): Promise<ChoreStatus>
  /** Starts a run now, and waits for its end, at most `patience` milliseconds. Throws `not-found`, and `conflict` where it runs on another process. */
  run(name: string, options: RunOptions, patience: number): Promise<{ readonly done: boolean; readonly status: ChoreStatus }>
}
