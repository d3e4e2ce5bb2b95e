import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { usageAfter } from './usage-log.js'
import { type Amount, nothing, plus, type RepositoryUsageRow, type UsageRow } from './usage-rows.js'

export interface CountedUsage {
  /** By the repository's id; those that have something. */
  readonly repositories: ReadonlyMap<string, Amount>
  readonly total: Amount
  readonly reserved: number
  readonly countedAt: Date
}

/** As it stands now, the newest commits included; undefined for an organization that has not been counted yet. */
export async function readUsage(store: MetadataStore, org: string): Promise<CountedUsage | undefined> {
  for (;;) {
    const entry = await store.get(tenantKeys.usage(org))
    if (!entry) return undefined
    const { cursor, reserved, countedAt } = entry.value as UsageRow
    const live = await liveRepositories(store, org)
    const repositories = new Map<string, Amount>()
    const add = (repository: string, { bytes, files, versions }: Amount) => {
      if (live.has(repository)) repositories.set(repository, plus(repositories.get(repository), { bytes, files, versions }))
    }
    for await (const { key, value } of store.range(tenantKeys.usageRows(org), { prefix: ['repository'] }))
      add(key.path[1] ?? '', value as RepositoryUsageRow)
    let pending = 0
    for (let after = cursor; ; ) {
      const { changes, through, more } = await usageAfter(store, org, after, '~')
      for (const change of changes) {
        add(change.repository, change)
        if (change.allowance !== undefined && (await store.get(tenantKeys.allowance(org, change.allowance))))
          pending += change.bytes
      }
      if (!more) break
      after = through
    }
    // Counts that moved meanwhile would be taken twice.
    const after = await store.get(tenantKeys.usage(org))
    if (!after || (after.value as UsageRow).cursor !== cursor) continue
    const total = [...repositories.values()].reduce(plus, nothing)
    return { repositories, total, reserved: Math.max(0, reserved - pending), countedAt: new Date(countedAt) }
  }
}

/** Ids of the repositories that the organization has, and of those that it deleted and can bring back: their bytes are stored until they are purged. */
export async function liveRepositories(store: MetadataStore, org: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const { key } of store.range(tenantKeys.organizationRows(org), { prefix: ['gone'] })) ids.add(key.path[1] ?? '')
  for await (const { value } of store.range(tenantKeys.organizationRows(org), { prefix: ['repository'] }))
    ids.add((value as { readonly id: string }).id)
  return ids
}
