import type { Json, JsonObject } from '../runtime/json.js'
import type { DocumentKey } from './document-reader.js'

/** What a commit took away that somebody may want back. One row to list, and parts with everything that an undo needs; all of it goes after `purgeAfter`. */
export type DeletionRow = {
  readonly v: 1
  readonly at: number
  readonly by: { readonly kind: string; readonly id: string }
  readonly plugin: string
  readonly reason?: string
  readonly package?: string
  readonly version?: string
  /** It belongs to the removal of a whole package, and comes back with that. */
  readonly partial?: true
  readonly files: number
  readonly bytes: number
  /** The first of them. */
  readonly paths: readonly string[]
  readonly purgeAfter: number
  /** Its documents were too large to be kept beside: it cannot be undone. */
  readonly lost?: true
}

export type DeletionPartRow = {
  readonly v: 1
  readonly purgeAfter: number
  readonly files: readonly { readonly path: string; readonly seq: number }[]
  readonly documents: readonly DeletedDocument[]
  readonly names: readonly DeletedName[]
}
/** null: there was none, or none is left. */
export type DeletedDocument = {
  readonly key: DocumentKey
  readonly before: { readonly dv: number; readonly d: Json } | null
  readonly after: { readonly d: Json } | null
}
export type DeletedName = { readonly name: string; readonly before: JsonObject | null; readonly after: JsonObject | null }

/** How a change set says what it takes away, and why. */
export interface DeletionNote {
  readonly package?: string
  readonly version?: string
  readonly reason?: string
  readonly partial?: boolean
}

/** A version of a file that was taken away. */
export interface Removed {
  readonly path: string
  readonly seq: number
  readonly size: number
}

/** How much was taken away. */
export interface Extent {
  readonly files: number
  readonly bytes: number
  readonly paths: readonly string[]
  readonly lost: boolean
}
