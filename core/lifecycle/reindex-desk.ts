import { conflict } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { asJson, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { readUsage } from '../usage/usage-reader.js'
import { noReindexChanges, type ReindexRow, reindexState } from './reindex-rows.js'
import type { Reindexing, ReindexState } from './reindexing.js'
import type { RepositoryAccess } from './repository-access.js'

/** Where a reindex is asked for, by one caller; a chore does it. */
export class ReindexDesk implements Reindexing {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly access: RepositoryAccess,
    /** There is something to do. */
    private readonly wake: () => void,
  ) {}

  async reindex(name: string, { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<ReindexState> {
    const { repository } = this.access.find(name, 'repository.administer')
    if (repository.kind !== 'hosted') throw conflict(`${name} is a repository of kind ${repository.kind}: it keeps no index`)
    const org = this.access.organizationId
    const key = tenantKeys.reindex(org, repository.id)
    const usage = await readUsage(this.metadata, org)
    const expectedFiles = usage?.repositories.get(repository.id)?.files
    for (;;) {
      const entry = await this.metadata.get(key)
      const before = entry && row<ReindexRow>(entry.value)
      if (before?.state === 'waiting' || before?.state === 'running') {
        if (before.dryRun === dryRun) return reindexState(before)
        throw conflict(`A ${before.dryRun ? 'dry run' : 'reindex'} of this repository is under way; ask again when it has ended`)
      }
      const wanted: ReindexRow = {
        v: 1,
        state: 'waiting',
        dryRun,
        by: this.access.callerId,
        at: this.clock.now().getTime(),
        files: 0,
        packages: 0,
        failed: 0,
        ...(expectedFiles === undefined ? {} : { expectedFiles }),
        changes: noReindexChanges,
      }
      const asked = await commitUnlessMoved(this.metadata, [
        { op: 'put', key, value: asJson(wanted), if: seen(entry) },
        { op: 'put', key: tenantKeys.reindexEntry(org, repository.id), value: { v: 1 } },
        this.access.logged(repository.id, dryRun ? 'repository.reindex-dry-run' : 'repository.reindex'),
      ])
      if (!asked) continue
      this.wake()
      return reindexState(wanted)
    }
  }

  async findReindex(name: string): Promise<ReindexState | undefined> {
    const { repository } = this.access.find(name, 'repository.administer')
    const entry = await this.metadata.get(tenantKeys.reindex(this.access.organizationId, repository.id))
    return entry && reindexState(row<ReindexRow>(entry.value))
  }
}
