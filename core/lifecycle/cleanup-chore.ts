import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Suspension } from '../housekeeping/clock-watch.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Cleanup } from './cleanup.js'

export interface CleanupChoreParts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly log: Logger
  readonly suspension: Suspension
  /** Does the work with the rules of one repository; nothing where it cannot be written now, or is gone. */
  within(organizationId: string, repositoryId: string, work: (cleanup: Cleanup) => Promise<void>): Promise<void>
}

/** Retention: what the rules of a repository take goes by the ordinary delete, and comes back by the ordinary undo. */
export class CleanupChore implements Chore {
  readonly name = 'cleanup'
  readonly interval = 3_600_000

  constructor(private readonly parts: CleanupChoreParts) {}

  async run(work: ChoreWork): Promise<JsonObject | undefined> {
    const told = { removed: 0, due: 0, failed: 0 }
    const { metadata, log } = this.parts
    const suspended = work.dryRun === true ? undefined : await this.parts.suspension()
    if (suspended !== undefined) return { suspended }
    for await (const { value } of metadata.range(tenantKeys.organizations(), {})) {
      const { organization } = value as { readonly organization: string }
      for await (const { key } of metadata.range(tenantKeys.organizationRows(organization), { prefix: ['cleanup'] })) {
        if (work.signal.aborted) return told
        const repository = key.path[1] ?? ''
        try {
          await this.parts.within(organization, repository, (cleanup) => this.clean(cleanup, work, told))
        } catch (cause) {
          // One repository holds up no other.
          told.failed += 1
          log.warn('cleanup.failed', { repository, cause })
        }
      }
    }
    return told.due + told.failed > 0 ? told : undefined
  }

  private async clean(cleanup: Cleanup, { lease, signal, dryRun }: ChoreWork, told: { removed: number; due: number }) {
    const now = this.parts.clock.now()
    const row = await cleanup.rules()
    if (!row || row.activeFrom > now.getTime()) return
    for await (const item of cleanup.plan(row.rules, row.activeFrom)) {
      if (signal.aborted) return
      if (item.goesAt > now) continue
      lease.check()
      told.due += 1
      if (dryRun !== true && (await cleanup.take(item, row, now))) told.removed += 1
    }
  }
}
