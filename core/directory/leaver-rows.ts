import { z } from 'zod'
import type { JsonObject } from '../runtime/json.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

const counts = z.object({
  tokens: z.number(),
  sessions: z.number(),
  resets: z.number(),
  uploads: z.number(),
  groups: z.number(),
  grants: z.number(),
})
/** `{org} z {time-ordered id}`. `effectiveMs`: from the call to the end of its commit; `clearedMs`: to when rows that mean nothing any more were gone.
 *  Neither is there where the process died in between: the commit counts all the same. */
const leaverRow = z.object({
  v: z.literal(1),
  member: z.string(),
  kind: z.enum(['member', 'service']),
  how: z.enum(['deactivated', 'deleted']),
  at: z.number(),
  by: z.object({ kind: z.string(), id: z.string(), credential: z.exactOptional(z.string()) }),
  request: z.string(),
  counts,
  effectiveMs: z.exactOptional(z.number()),
  clearedMs: z.exactOptional(z.number()),
})

/** What ended with a member: live tokens, sessions and mailed secrets, uploads on their way; groups and grants without effect from then on. */
export type LeaverCounts = z.infer<typeof counts>

/** That a member left: who, how, by whom, and what ended with it in the same commit. */
export interface Leaver {
  /** Sorts by time. */
  readonly id: string
  readonly member: string
  readonly kind: 'member' | 'service'
  readonly how: 'deactivated' | 'deleted'
  readonly at: Date
  readonly by: { readonly kind: string; readonly id: string; readonly credential?: string }
  readonly request: string
  readonly counts: LeaverCounts
  readonly effectiveMs?: number
  readonly clearedMs?: number
}

export function readLeaver(entry: Entry): Leaver {
  const { v: _, at, ...rest } = readRow(leaverRow, entry)
  return { id: entry.key.path[0] ?? '', ...rest, at: new Date(at) }
}
export function leaverValue({ id: _, at, ...rest }: Leaver): JsonObject {
  return { v: 1, ...rest, at: at.getTime() }
}
