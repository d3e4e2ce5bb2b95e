import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { ChoreRun } from './chore.js'

/** Clocks of two nodes may differ so much. */
const skew = 300_000
/** One that failed is tried again after this at the latest. */
const tryAgain = 3_600_000

type RecordRow = {
  readonly v: 1
  readonly at: number
  readonly ms: number
  readonly outcome: ChoreRun['outcome']
  readonly by: string
  readonly runs: number
  readonly failures: number
  readonly result?: JsonObject
  readonly error?: string
}

/** What each chore last did, in a row. */
export class ChoreRecords {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
  ) {}

  async read(name: string): Promise<{ readonly last?: ChoreRun; readonly runs: number; readonly failures: number }> {
    const found = await this.row(name)
    if (!found) return { runs: 0, failures: 0 }
    const { at, ms, outcome, result, error, runs, failures } = found
    const last: ChoreRun = {
      at: new Date(at),
      milliseconds: ms,
      outcome,
      ...(result ? { result } : {}),
      ...(error === undefined ? {} : { error }),
    }
    return { last, runs, failures }
  }

  async write(
    name: string,
    run: ChoreRun,
    by: string,
    more: { readonly runs: number; readonly failures: number },
  ): Promise<void> {
    const before = await this.row(name)
    const row: RecordRow = {
      v: 1,
      at: run.at.getTime(),
      ms: run.milliseconds,
      outcome: run.outcome,
      by,
      runs: (before?.runs ?? 0) + more.runs,
      failures: (before?.failures ?? 0) + more.failures,
      ...(run.result ? { result: run.result } : {}),
      ...(run.error === undefined ? {} : { error: run.error }),
    }
    await this.metadata.commit([{ op: 'put', key: tenantKeys.chore(name), value: asJson(row) }], randomHex())
  }

  /** A run that was cut short goes on at once; a last run that lies in the future was written by a clock that was wrong, and counts for nothing. */
  async isDue(name: string, interval: number): Promise<boolean> {
    const found = await this.row(name)
    if (!found || found.outcome === 'stopped') return true
    const since = this.clock.now().getTime() - found.at - found.ms
    return since >= (found.outcome === 'failed' ? Math.min(interval, tryAgain) : interval) || since < -skew
  }

  private async row(name: string): Promise<RecordRow | undefined> {
    return (await this.metadata.get(tenantKeys.chore(name)))?.value as RecordRow | undefined
  }
}
