import type { Json, JsonObject } from '../runtime/json.js'
import type { DocumentKey } from './document-reader.js'
import type { MetadataStore } from './metadata-store.js'
import { type ArtifactRow, type DocumentContent, type DocumentRow, type HeadRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

/** What must appear at once and is larger than a commit (architecture guide, part b): rows keep what they are and name a pending one with its batch.
 *  One put, of `done`, makes all of it count; then the rows are rewritten behind. An open one that is over its time is `abandoned`, and taken back. */
export type BatchRow = {
  readonly v: 1
  readonly state: 'open' | 'done' | 'abandoned'
  readonly repo: string
  readonly plugin: string
  readonly actor: { readonly kind: string; readonly id: string; readonly credential?: string }
  readonly request: string
  readonly at: number
  readonly expires: number
}

/** What one commit of a batch wrote, and what the log tells of it once it counts. */
export type BatchItemRow = {
  readonly v: 1
  readonly paths: readonly string[]
  readonly documents: readonly DocumentKey[]
  readonly events: readonly JsonObject[]
  readonly usage: { readonly bytes: number; readonly files: number; readonly versions: number; readonly allowance?: string }
  /** Packages whose heads wait for it, and what then is shown of them: null takes one off the list of names. */
  readonly heads?: readonly { readonly pkg: string; readonly facts?: JsonObject | null }[]
}

/** An open batch that was not heard of for so long was left by a crash. */
export const batchLife = 15 * 60_000

export async function batchState(
  metadata: MetadataStore,
  org: string,
  batch: string,
): Promise<{ readonly row: BatchRow; readonly revision: string } | undefined> {
  const entry = await metadata.get(tenantKeys.batch(org, batch))
  return entry && { row: row<BatchRow>(entry.value), revision: entry.revision }
}

async function isDone(metadata: MetadataStore, org: string, batch: string): Promise<boolean> {
  return (await batchState(metadata, org, batch))?.row.state === 'done'
}

/** An artifact row as it counts now. */
export async function artifactRow(metadata: MetadataStore, org: string, value: Json): Promise<ArtifactRow> {
  const stored = row<ArtifactRow>(value)
  if (stored.pending === undefined) return stored
  const { pending, ...present } = stored
  return (await isDone(metadata, org, pending.batch)) ? pending.row : present
}

/** A document as it counts now; undefined where there is none. */
export async function documentContent(metadata: MetadataStore, org: string, value: Json): Promise<DocumentContent | undefined> {
  const stored = row<DocumentRow>(value)
  if (stored.pending === undefined) return stored
  const content = (await isDone(metadata, org, stored.pending.batch)) ? stored.pending : stored
  return content.none ? undefined : content
}

/** A package's head as it counts now. */
export async function headRow(metadata: MetadataStore, org: string, value: Json): Promise<HeadRow> {
  const stored = row<HeadRow>(value)
  if (stored.pending === undefined) return stored
  const { pending, ...present } = stored
  if (!(await isDone(metadata, org, pending.batch))) return present
  return { v: 1, seq: pending.seq, at: pending.at, state: pending.seq === 0 ? 'removed' : 'present' }
}

/** Coordinates that a batch would spend are free until it is done. */
export async function isSpent(metadata: MetadataStore, org: string, { batch }: { readonly batch?: string }): Promise<boolean> {
  return batch === undefined || (await isDone(metadata, org, batch))
}
