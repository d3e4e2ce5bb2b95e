import { z } from 'zod'
import type { JsonObject } from '../runtime/json.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

const v = z.literal(1)
const somebody = z.object({ kind: z.string(), id: z.string(), credential: z.exactOptional(z.string()) })
const erasureRow = z.object({
  v,
  member: z.string(),
  requestedAt: z.number(),
  by: somebody,
  reason: z.exactOptional(z.string()),
  notBefore: z.number(),
  dueAt: z.number(),
  state: z.enum(['waiting', 'cancelled', 'done']),
  /** Why it was not done when its time had come. */
  blocked: z.exactOptional(z.string()),
  endedAt: z.exactOptional(z.number()),
  number: z.exactOptional(z.number()),
  counts: z.exactOptional(z.record(z.string(), z.number())),
})
const holdRow = z.object({ v, reason: z.string(), since: z.number(), by: somebody })

/** The request to erase a person, and, once it is done, the certificate. Ids and numbers alone: it outlives the person. */
export interface Erasure {
  /** Sorts by time. */
  readonly id: string
  readonly member: string
  readonly requestedAt: Date
  readonly by: { readonly kind: string; readonly id: string; readonly credential?: string }
  readonly reason?: string
  /** Until then it can be taken back; from then on the house does it. */
  readonly notBefore: Date
  /** It has to be done by then. */
  readonly dueAt: Date
  readonly state: 'waiting' | 'cancelled' | 'done'
  readonly blocked?: string
  readonly endedAt?: Date
  /** What it published is shown as that of `deleted-user-{number}`. */
  readonly number?: number
  readonly counts?: Readonly<Record<string, number>>
}
/** Whose names go: those that are known, which are fewer where the member was deleted before. */
export interface ErasedPerson {
  readonly id: string
  readonly names: readonly string[]
  readonly shownAs: string
}
export interface LegalHold {
  readonly reason: string
  readonly since: Date
  readonly by: Erasure['by']
}

export function readErasure(entry: Entry): Erasure {
  const { v: _, requestedAt, notBefore, dueAt, endedAt, ...rest } = readRow(erasureRow, entry)
  return {
    id: entry.key.path[1] ?? '',
    ...rest,
    requestedAt: new Date(requestedAt),
    notBefore: new Date(notBefore),
    dueAt: new Date(dueAt),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
  }
}
export function erasureValue({ id: _, requestedAt, notBefore, dueAt, endedAt, ...rest }: Erasure): JsonObject {
  return {
    v: 1,
    ...rest,
    requestedAt: requestedAt.getTime(),
    notBefore: notBefore.getTime(),
    dueAt: dueAt.getTime(),
    ...(endedAt === undefined ? {} : { endedAt: endedAt.getTime() }),
  }
}
export function readHold(entry: Entry): LegalHold {
  const { reason, since, by } = readRow(holdRow, entry)
  return { reason, since: new Date(since), by }
}
export function holdValue({ reason, since, by }: LegalHold): JsonObject {
  return { v: 1, reason, since: since.getTime(), by }
}
export function shownAs(number: number): string {
  return `deleted-user-${number}`
}
