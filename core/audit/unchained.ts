import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import { cursorAt } from '../usage/usage-rows.js'
import type { LogValue } from './chain-record.js'

export interface Unchained {
  readonly id: string
  readonly entry: Entry
  readonly row: LogValue
}
export interface UnchainedRows {
  /** In the order of their ids. */
  readonly rows: readonly Unchained[]
  /** Everything up to this id has been looked at, where there are more. */
  readonly through?: string
}

const perShard = 250
/** By how much clocks of two nodes may differ. */
const skew = 300_000

/** Log rows behind `after` that have no number yet, at most some thousands. Those younger than `until` may still have company on their way and wait; what
 *  lies in the future was written by a clock that has been put back since, and does not. */
export async function unchainedAfter(
  store: MetadataStore,
  org: string,
  after: string,
  { until, now }: { readonly until: number; readonly now: number },
): Promise<UnchainedRows> {
  const found: Unchained[] = []
  let through: string | undefined
  for (let shard = 0; shard < shards; shard++) {
    let taken = 0
    const range = after === '' ? {} : { after: [after] }
    for await (const entry of store.range(tenantKeys.log(org, shard), range)) {
      const id = entry.key.path[0] ?? ''
      if (through !== undefined && id > through) break
      const row = entry.value as unknown as LogValue
      if (row.seq !== undefined) continue
      if (id > cursorAt(until) && id <= cursorAt(now + skew)) continue
      found.push({ id, entry, row })
      taken += 1
      if (taken < perShard) continue
      through = id
      break
    }
  }
  const last = through
  const rows = last === undefined ? found : found.filter(({ id }) => id <= last)
  rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { rows, ...(last === undefined ? {} : { through: last }) }
}
