import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import { batchLife, batchState } from '../storage/batch-rows.js'
import { abandonBatch, forgetBatch, settleBatch } from '../storage/batches.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import type { Chore, ChoreWork } from './chore.js'

/** Ends what a crash left: an open batch that is over its time is taken back, a done one is written out; their rows go when nobody asks any more. */
export class BatchEnds implements Chore {
  readonly name = 'batches'
  readonly interval = 60_000

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly told: (organizationId: string, events: readonly JsonObject[]) => void,
  ) {}

  async run({ lease, signal }: Pick<ChoreWork, 'lease' | 'signal'>): Promise<JsonObject | undefined> {
    let settled = 0
    for (let shard = 0; shard < shards; shard++) {
      for await (const { key } of this.metadata.range(tenantKeys.batches(shard), {})) {
        if (signal.aborted) return { settled }
        lease.check()
        const [org = '', batch = ''] = key.path
        if (await this.end(org, batch)) settled += 1
      }
    }
    return settled > 0 ? { settled } : undefined
  }

  private async end(org: string, batch: string): Promise<boolean> {
    const now = this.clock.now()
    const found = await batchState(this.metadata, org, batch)
    if (found?.row.state === 'open') {
      if (found.row.expires > now.getTime()) return false
      await abandonBatch(this.metadata, org, batch)
    }
    await settleBatch(this.metadata, org, batch, now, (events) => this.told(org, events))
    if (found && found.row.expires + batchLife > now.getTime()) return false
    await forgetBatch(this.metadata, org, batch)
    return true
  }
}
