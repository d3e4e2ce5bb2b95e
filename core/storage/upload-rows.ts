import type { JsonObject } from '../runtime/json.js'
import type { WrappedKey } from './encryption/keys.js'
import type { IntentRow } from './storage-rows.js'

/** An upload in several requests. It is an intent whose `blob` no object is ever called by; its pieces have intents of their own. */
export type SessionRow = IntentRow & {
  readonly plugin: string
  /** Bytes in the pieces. */
  readonly offset: number
  readonly length?: number
  /** Its place among the caller's unfinished ones; given back when it is over. */
  readonly slot?: string
  readonly note: JsonObject
  readonly outcome?: JsonObject
}

/** Bytes that arrived, sealed under a key of their own. To whoever collects what nobody names it is an intent like any other: until `expires` the object
 *  `blob` is left alone. */
export type PieceRow = IntentRow & {
  readonly offset: number
  readonly size: number
  readonly stored: number
  readonly key?: WrappedKey
}
export type SlotRow = { readonly v: 1; readonly session: string }
