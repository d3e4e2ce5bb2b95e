import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Suspension } from '../housekeeping/clock-watch.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { AuditChain } from './audit-chain.js'
import { ChainRetention } from './chain-retention.js'

const minute = 60_000
/** As with usage: a log row's id is made before its commit. */
const settle = minute
const longestPause = 30 * minute
/** From one look at the whole log, and at what is old, to the next. */
const whole = 6 * 60 * minute

export interface AuditChoreParts {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly chain: AuditChain
  readonly days: number
  readonly suspension: Suspension
  /** Is nothing of this organization to be removed? */
  held(org: string): Promise<boolean>
}

/** Chains what was logged, each organization's rows by themselves; a few times a day takes away what is old. An operator who confirms a run has all of it
 *  done at once, down to the last row. */
export class AuditChore implements Chore {
  readonly name = 'audit'
  readonly interval = minute / 2
  private readonly idle = new Map<string, { readonly pause: number; readonly until: number }>()
  private looked = Number.NEGATIVE_INFINITY

  constructor(private readonly parts: AuditChoreParts) {}

  async run({ lease, signal, confirmed = false }: ChoreWork): Promise<JsonObject | undefined> {
    const { store, clock, chain, days, suspension } = this.parts
    const due = confirmed || clock.monotonic() - this.looked >= whole
    const removes = due && (await suspension()) === undefined
    const retention = new ChainRetention(store, lease)
    const done = { chained: 0, removed: 0, trimmed: 0 }
    for await (const { value } of store.range(tenantKeys.organizations(), {})) {
      if (signal.aborted) return done
      const { organization: org } = value as { readonly organization: string }
      if (!due && (this.idle.get(org)?.until ?? 0) > clock.monotonic()) continue
      const rows = await chain.append(org, { settle: confirmed ? 0 : settle, lease, whole: due, signal })
      this.rest(org, rows > 0)
      done.chained += rows
      if (!removes) continue
      done.trimmed += await retention.trim(org, clock.now().getTime())
      if (!(await this.parts.held(org))) done.removed += await retention.shorten(org, days, clock.now().getTime())
    }
    if (due) this.looked = clock.monotonic()
    return done.chained + done.removed + done.trimmed > 0 ? done : undefined
  }

  private rest(org: string, busy: boolean): void {
    if (busy) {
      this.idle.delete(org)
      return
    }
    const pause = Math.min((this.idle.get(org)?.pause ?? minute / 4) * 2, longestPause)
    this.idle.set(org, { pause, until: this.parts.clock.monotonic() + pause })
  }
}
