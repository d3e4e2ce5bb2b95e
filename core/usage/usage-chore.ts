import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Suspension } from '../housekeeping/clock-watch.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { UsageCount } from './usage-count.js'
import { settled, UsageFold } from './usage-fold.js'
import type { UsageRow } from './usage-rows.js'

const minute = 60_000
const week = 7 * 86_400_000
/** An organization in which nothing was written is looked at half as often each time, down to this. */
const longestPause = 30 * minute

/** Keeps the counts of what each organization stores, and once a week counts everything anew: at once where an organization was never counted. */
export class UsageChore implements Chore {
  readonly name = 'usage'
  readonly interval = minute
  private readonly idle = new Map<string, { readonly pause: number; readonly until: number }>()

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly suspension: Suspension = async () => undefined,
  ) {}

  async run({ lease, signal, confirmed }: ChoreWork): Promise<JsonObject | undefined> {
    const now = this.clock.now().getTime()
    const fold = new UsageFold(this.store, lease, (await this.suspension()) === undefined)
    const done = { folded: 0, returned: 0 }
    let due = confirmed === true
    const organizations: string[] = []
    for await (const { value } of this.store.range(tenantKeys.organizations(), {}))
      organizations.push((value as { readonly organization: string }).organization)
    for (const org of organizations) {
      if (signal.aborted) return done
      const row = (await this.store.get(tenantKeys.usage(org)))?.value as UsageRow | undefined
      if (!row || now - row.countedAt >= week) due = true
      const idle = this.idle.get(org)
      if (!row || (idle && idle.until > this.clock.monotonic() && !due)) continue
      const folded = await fold.fold(org, now)
      this.rest(org, folded !== undefined && folded.rows + folded.returned > 0)
      done.folded += folded?.rows ?? 0
      done.returned += folded?.returned ?? 0
    }
    for (const org of this.idle.keys()) if (!organizations.includes(org)) this.idle.delete(org)
    if (!due) return done.folded + done.returned > 0 ? done : undefined
    return { ...done, ...(await this.count(organizations, now - settled, fold, { lease, signal })) }
  }

  private rest(org: string, busy: boolean): void {
    if (busy) this.idle.delete(org)
    else {
      const pause = Math.min((this.idle.get(org)?.pause ?? minute / 2) * 2, longestPause)
      this.idle.set(org, { pause, until: this.clock.monotonic() + pause })
    }
  }

  /** Every organization, by one look at every row. All of them are folded up to the same moment first: nobody else folds while this runs. */
  private async count(
    organizations: readonly string[],
    moment: number,
    fold: UsageFold,
    { lease, signal }: Pick<ChoreWork, 'lease' | 'signal'>,
  ): Promise<JsonObject> {
    for (const org of organizations) await fold.fold(org, moment + settled)
    const count = new UsageCount(this.store, lease, signal, moment)
    if (!(await count.scan())) return { counted: 0 }
    let [counted, corrected] = [0, 0]
    for (const org of organizations) {
      const drift = await count.settle(org)
      if (drift === undefined) continue
      counted += 1
      corrected += drift
    }
    return { counted, corrected }
  }
}
