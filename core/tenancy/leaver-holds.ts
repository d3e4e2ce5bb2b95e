import { isWaiting, type LeaverHold, leaverHoldValue, readLeaverHold } from '../directory/leaver-hold-rows.js'
import { notFound } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import { OrganizationChange, untilSettled } from './organization-change.js'

/** Identity providers that took the access of unusually many. All of it needs organization.manage. */
export interface LeaverHolds {
  /** The last time of each. */
  list(): AsyncIterable<LeaverHold>
  /** That one goes on, for an hour without a limit. Throws `not-found` where nothing waits. */
  confirm(connection: string): Promise<void>
}

export class StoredLeaverHolds implements LeaverHolds {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
  ) {
    this.org = scope.tenant.organization.id
  }

  async *list(): AsyncIterable<LeaverHold> {
    this.scope.require('organization.manage')
    for await (const entry of this.store.range(tenantKeys.organizationRows(this.org), { prefix: ['leaver-hold'] }))
      yield readLeaverHold(entry)
  }

  async confirm(connection: string): Promise<void> {
    this.scope.require('organization.manage')
    const missing = notFound('held identity provider', connection.slice(0, 80))
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(connection)) throw missing
    await untilSettled(async () => {
      const entry = await this.store.get(tenantKeys.leaverHold(this.org, connection))
      const hold = entry && readLeaverHold(entry)
      if (entry === undefined || hold === undefined || !isWaiting(hold)) throw missing
      const now = this.clock.now()
      const log = callerEntry(this.scope, now, 'scim.leavers-confirmed', { kind: 'connection', id: connection })
      await new OrganizationChange(this.store, this.org, log)
        .put(entry.key, leaverHoldValue({ ...hold, confirmedAt: now }), { revision: entry.revision })
        .commit()
    })
  }
}
