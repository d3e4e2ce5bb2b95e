import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import { batchLife, batchState } from '../storage/batch-rows.js'
import { abandonBatch, forgetBatch, settleBatch } from '../storage/batches.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import type { Chore, ChoreWork } from './chore.js'
import type { Suspension } from './clock-watch.js'

/** Ends what a crash left: an open batch that is over its time is taken back, a done one is written out; their rows go when nobody asks any more. */
export class BatchEnds implements Chore {
  readonly name = 'batches'
  readonly interval = 60_000

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly told: (organizationId: string, events: readonly JsonObject[]) => void,
    private readonly suspension: Suspension = async () => undefined,
  ) {}

  async run({ lease, signal }: Pick<ChoreWork, 'lease' | 'signal'>): Promise<JsonObject | undefined> {
    let settled = 0
    const suspended = (await this.suspension()) !== undefined
    for (let shard = 0; shard < shards; shard++) {
      for await (const { key } of this.metadata.range(tenantKeys.batches(shard), {})) {
        if (signal.aborted) return { settled }
        lease.check()
        const [org = '', batch = ''] = key.path
        if (await this.end(org, batch, suspended)) settled += 1
      }
    }
    return settled > 0 ? { settled } : undefined
  }

  /** `suspended`: by a clock that was moved no open one is known to be over its time; whoever needs its paths ends it. */
  private async end(org: string, batch: string, suspended: boolean): Promise<boolean> {
    const now = this.clock.now()
    const found = await batchState(this.metadata, org, batch)
    if (found?.row.state === 'open') {
      if (suspended || found.row.expires > now.getTime()) return false
      await abandonBatch(this.metadata, org, batch)
    }
    await settleBatch(this.metadata, org, batch, now, (events) => this.told(org, events))
    if (found && found.row.expires + batchLife > now.getTime()) return false
    await forgetBatch(this.metadata, org, batch)
    return true
  }
}
