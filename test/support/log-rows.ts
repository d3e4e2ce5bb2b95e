import type { JsonObject } from '../../core/runtime/json.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'
import { shards, tenantKeys } from '../../core/storage/tenant-keys.js'

/** What the log of an organization holds, in the order of its ids. */
export async function logRows(store: MetadataStore, org: string): Promise<readonly JsonObject[]> {
  const rows: { readonly id: string; readonly value: JsonObject }[] = []
  for (let shard = 0; shard < shards; shard += 1) {
    for await (const { key, value } of store.range(tenantKeys.log(org, shard), {}))
      rows.push({ id: key.path[0] ?? '', value: value as JsonObject })
  }
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ value }) => value)
}
