import type { Digests } from '../digest/digests.js'
import type { Json, JsonObject } from '../runtime/json.js'
import type { BlobPiece } from './encryption/composed-blob.js'
import type { WrappedKey } from './encryption/keys.js'
import type { SealedBlob } from './encryption/sealed-blobs.js'

/** What the storage protocol keeps in rows (security guide 1.2). Times are milliseconds since 1970; `v` is the shape's version. */
export type BlobRow = {
  readonly v: 1
  readonly state: 'live' | 'condemned' | 'deleting'
  readonly sha256: string
  /** Plain bytes, and bytes in the store. */
  readonly size: number
  readonly stored: number
  readonly store: string
  readonly key?: WrappedKey
  /** Of a blob that was composed: what it is made of, in order. */
  readonly pieces?: readonly BlobPiece[]
  readonly at: number
  /** Raised whenever `state` changes; and when that was, and whether an operator let more go than the brakes do. */
  readonly epoch: number
  readonly since?: number
  readonly confirmed?: true
  /** When a read found that its bytes are not what was written. */
  readonly damaged?: number
  /** The key under which its bytes lie, where that is not its own id: an upload of the same bytes took the place of damaged ones. */
  readonly object?: string
}

/** A child folder: a hint. `empty`: since when nothing was found in it; whoever puts a file there writes it anew. */
export type FolderRow = { readonly v: 1; readonly empty?: number }

export type IntentRow = {
  readonly v: 1
  readonly blob: string
  readonly repo: string
  readonly by: string
  readonly node: string
  readonly at: number
  readonly expires: number
}

/** One version of a path; the artifact row carries the current one whole. */
export type VersionRow = {
  readonly v: 1
  readonly seq: number
  readonly blob: string
  readonly size: number
  readonly digests: Digests
  readonly type?: string
  readonly at: number
  readonly by: string
  /** Bytes stay until then, and an undo brings them back. */
  readonly tombstone?: { readonly at: number; readonly by: string; readonly purgeAfter: number }
}
/** A row that names a pending one stands for that as soon as the batch is done (batch-rows.ts). */
export type ArtifactRow = VersionRow & {
  readonly state: 'present' | 'deleted'
  readonly pending?: { readonly batch: string; readonly row: VersionRow & { readonly state: 'present' | 'deleted' } }
}

/** What was first published under coordinates that never change; under a batch it counts as soon as that is done. */
export type SpentRow = { readonly v: 1; readonly sha256: string; readonly at: number; readonly batch?: string }

/** Beside an object that has no row of its own: the blob whose bytes lie there. */
export type ObjectRow = { readonly v: 1; readonly blob: string }
export type DigestRow = { readonly v: 1; readonly blob: string }
export type LateDigestsRow = { readonly v: 1; readonly digests: Partial<Digests> }
/** One that never stood has the sequence 0 and is `removed`: it is there only to name a pending one. */
export type HeadRow = {
  readonly v: 1
  readonly seq: number
  readonly at: number
  readonly state: 'present' | 'removed'
  readonly pending?: { readonly batch: string; readonly seq: number; readonly at: number }
  /** Documents of the package that the same commit put and removed, by the rest of their keys, and the batch that it ended; of stores whose commits appear
   *  row by row. */
  readonly beside?: {
    readonly put?: readonly (readonly string[])[]
    readonly gone?: readonly (readonly string[])[]
    readonly batch?: string
  }
}
/** `dv`: the plugin's own version of its documents. */
export type DocumentRow = { readonly v: 1 } & DocumentContent & {
    readonly pending?: { readonly batch: string } & DocumentContent
  }
/** `none`: there is no such document, or there will be none. */
export type DocumentContent = { readonly dv: number; readonly d: Json; readonly none?: true }
export type NameRow = { readonly v: 1; readonly facts: JsonObject }

/** A row is ours alone; its shape is checked by `v`, and a newer one is not guessed at by the caller. */
export function row<Row extends { readonly v: 1 }>(value: Json): Row {
  const found = value as unknown as Row
  if (found.v !== 1) throw new Error(`row of version ${String(found.v)} is newer than this software`)
  return found
}

export function asJson(value: object): Json {
  return value as unknown as Json
}

/** Where the bytes of a blob lie, and how to read them. */
export function sealedBlob(organizationId: string, blobId: string, blob: BlobRow): SealedBlob {
  const { size, stored: storedSize, sha256, key, pieces, object = blobId } = blob
  return {
    ...{ organizationId, blobId: object, size, storedSize, sha256 },
    ...(key ? { key } : {}),
    ...(pieces ? { pieces } : {}),
  }
}
