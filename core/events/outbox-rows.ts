import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { CopiedRow } from '../storage/copied-row.js'
import type { Key, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { asJson } from '../storage/storage-rows.js'
import { anyShard, tenantKeys } from '../storage/tenant-keys.js'

/** There where anybody ever listened. */
export const listened = new CopiedRow(tenantKeys.listened)

/** Events that still have to be told: where their log row lies, and what became of it so far. */
export type OutboxRow = {
  readonly v: 1
  readonly org: string
  readonly log: { readonly partition: string; readonly id: string }
  /** Orders what is told of one organization. */
  readonly lane: string
  /** Plugins that have not taken it; undefined: nobody was asked yet. */
  readonly left?: readonly string[]
  readonly tries?: number
  readonly error?: string
  /** Parked, and when. */
  readonly at?: number
}

/** Somebody listens from here on: every process of the house writes down what it commits, also those in which nobody does. */
export async function announceListeners(store: MetadataStore): Promise<void> {
  if (await isListened(store)) return
  await store.commit(listened.put({ v: 1 }), randomHex())
}

/** Did anybody ever listen? Where nobody did, an upload is spared two more commits. */
export async function isListened(store: MetadataStore): Promise<boolean> {
  return (await listened.read(store)) !== undefined
}

/** The row that stands beside a log row with events, in the same commit: gone when everybody who listens has taken them. None without events. */
export function outboxMutations(org: string, log: Mutation, events: readonly JsonObject[] | undefined): readonly Mutation[] {
  if (!events || events.length === 0) return []
  const [id = ''] = log.key.path
  const { repository } = events[0] as { readonly repository?: string }
  const value: OutboxRow = { v: 1, org, log: { partition: log.key.partition, id }, lane: `${org} ${repository ?? '-'}` }
  return [{ op: 'put', key: tenantKeys.outbox(anyShard(), 'new', id), value: asJson(value), if: 'absent' }]
}

export function logKey({ log }: OutboxRow): Key {
  return { partition: log.partition, path: [log.id] }
}
