import type { MetadataStore } from '../storage/metadata-store.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import type { Amount } from './usage-rows.js'

/** A commit that changed what is stored, as its log row says. */
export interface UsageChange extends Amount {
  readonly id: string
  readonly repository: string
  readonly allowance?: string
  /** Of a change set that was written ahead: its versions are older than this row. */
  readonly late: boolean
}
export interface UsageChanges {
  /** In the order of their ids. */
  readonly changes: readonly UsageChange[]
  /** All log rows up to here have been looked at. */
  readonly through: string
  readonly more: boolean
}
type LogUsage = {
  readonly action: string
  readonly usage?: Amount & { readonly repository: string; readonly allowance?: string }
}

const perShard = 5_000

/** What was logged behind `cursor`, up to `until`: at most some thousands of rows, `through` says how far. */
export async function usageAfter(store: MetadataStore, org: string, cursor: string, until: string): Promise<UsageChanges> {
  const changes: UsageChange[] = []
  let through = until
  let seen = cursor
  for (let shard = 0; shard < shards; shard++) {
    let read = 0
    for await (const { key, value } of store.range(tenantKeys.log(org, shard), { after: [cursor], limit: perShard })) {
      const id = key.path[0] ?? ''
      if (id > until) break
      read += 1
      if (id > seen) seen = id
      const { action, usage } = value as LogUsage
      if (usage) changes.push({ id, ...usage, versions: usage.versions ?? 0, late: action.endsWith('.batch') })
      if (read === perShard && id < through) through = id
    }
  }
  const more = through !== until
  return {
    changes: changes.filter(({ id }) => id <= through).sort((a, b) => (a.id < b.id ? -1 : 1)),
    // Where nothing at all was logged the cursor may stay where it is.
    through: more ? through : seen === cursor ? cursor : until,
    more,
  }
}
