import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { z } from '#core'
import { refuse } from './scim-failure.js'
import { pageLimits } from './scim-limits.js'
import type { Place } from './sort-order.js'

/** Where a reader of a list goes on (RFC 9865), and whose list it is. */
export interface CursorState {
  /** Of the parameters that have to stay the same, `listHash`. */
  readonly list: string
  readonly count: number
  readonly after: Place
  readonly issued: number
}

const stateShape = z.strictObject({
  v: z.literal(1),
  list: z.string(),
  count: z.number(),
  after: z.strictObject({ key: z.union([z.string(), z.number()]).optional(), id: z.string() }),
  issued: z.number(),
})

/** What makes a list the same list: its organization, its reader's token, its endpoint and its parameters. */
export function listHash(parts: readonly (string | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('base64url')
    .slice(0, 22)
}

/** Sealed, since it holds a value that is sorted by; of unreserved characters alone. */
export function sealCursor(key: Uint8Array, state: CursorState): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(JSON.stringify({ v: 1, ...state })), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')
}

/** Throws `invalidCursor` for one that was not made for this list, with one text for all reasons; `expiredCursor`, `invalidCount`. */
export function openCursor(key: Uint8Array, text: string, list: string, count: number | undefined, now: number): CursorState {
  const state = unsealed(key, text)
  if (state === undefined || state.list !== list)
    throw refuse('invalidCursor', 'The cursor belongs to no list that is read with these parameters')
  if (now - state.issued > pageLimits.cursorSeconds * 1000)
    throw refuse('expiredCursor', 'The cursor has expired; begin with the first page')
  if (count !== undefined && count !== state.count) throw refuse('invalidCount', "'count' has to stay the same from page to page")
  const { key: place, id } = state.after
  return { ...state, after: place === undefined ? { id } : { key: place, id } }
}

function unsealed(key: Uint8Array, text: string): z.output<typeof stateShape> | undefined {
  if (!/^[A-Za-z0-9_-]{40,2000}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    const opened = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
    return stateShape.safeParse(JSON.parse(opened.toString('utf8'))).data
  } catch {
    // Forged, or cut.
    return undefined
  }
}
