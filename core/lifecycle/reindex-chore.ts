import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import { LeaseLost } from '../housekeeping/leases.js'
import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Tenancy } from '../tenancy/tenancy.js'
import type { ReindexRow } from './reindex-rows.js'
import { type ReindexParts, ReindexRun } from './reindex-run.js'

export interface ReindexChoreParts extends Omit<ReindexParts, 'mayWrite'> {
  readonly tenancy: Tenancy
  /** Is the organization, or the whole instance, read-only now? */
  isReadOnly(organizationId: string): Promise<boolean>
  plugin(format: string): ProtocolPlugin | undefined
}

/** Works off the repositories that are to be indexed anew, one after the other, each from where it was cut. */
export class ReindexChore implements Chore {
  readonly name = 'reindex'
  readonly interval = 1_000
  readonly resident = true
  /** Whoever asks nudges. */
  readonly idleFor = () => 20_000

  constructor(private readonly parts: ReindexChoreParts) {}

  async run(work: ChoreWork): Promise<JsonObject | undefined> {
    let ended = 0
    for await (const { key } of this.parts.metadata.range(tenantKeys.reindexes(), {})) {
      if (work.signal.aborted) break
      const [organization = '', repository = ''] = key.path
      if (await this.reindex(organization, repository, work)) ended += 1
    }
    return ended > 0 ? { ended } : undefined
  }

  private async reindex(organizationId: string, repositoryId: string, work: ChoreWork): Promise<boolean> {
    const { metadata, tenancy, log } = this.parts
    const repository = (await tenancy.openById(organizationId)).findRepositoryById(repositoryId)
    const entry = await metadata.get(tenantKeys.reindex(organizationId, repositoryId))
    if (!repository || !entry) return this.forget(organizationId, repositoryId, work)
    const wanted = row<ReindexRow>(entry.value)
    // One whose plugin is not installed for now waits for it.
    const plugin = this.parts.plugin(repository.format)
    const mayWrite = async () => !(await this.parts.isReadOnly(organizationId))
    if (!plugin || (!wanted.dryRun && !(await mayWrite()))) return false
    const run = new ReindexRun({ ...this.parts, mayWrite }, { organizationId, repositoryId, plugin }, work, wanted)
    try {
      return await run.toTheEnd()
    } catch (thrown) {
      if (thrown instanceof LeaseLost) throw thrown
      // One repository holds up no other.
      log.error('reindex.failed', { organization: organizationId, repository: repositoryId, cause: thrown })
      await run.end({ state: 'failed', error: 'It failed; the log says why' })
      return true
    }
  }

  private async forget(organizationId: string, repositoryId: string, { lease }: ChoreWork): Promise<boolean> {
    const key = tenantKeys.reindexEntry(organizationId, repositoryId)
    await this.parts.metadata.commit([lease.guard(), { op: 'delete', key }], randomHex())
    return false
  }
}
