import { z } from 'zod'
import type { JsonObject } from '../runtime/json.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

/** `{org} o leaver-hold {connection}`: that an identity provider took the access of unusually many; times in milliseconds. */
const holdRow = z.object({
  v: z.literal(1),
  at: z.number(),
  leavers: z.number(),
  users: z.number(),
  held: z.boolean(),
  confirmedAt: z.exactOptional(z.number()),
})

export interface LeaverHold {
  /** The identity provider. */
  readonly connection: string
  readonly at: Date
  /** So many of so many active users within an hour, the one included by which it became too many. */
  readonly leavers: number
  readonly users: number
  /** Was it stopped? Else owners were told, and it went on. */
  readonly held: boolean
  /** When an owner let it go on. */
  readonly confirmedAt?: Date
}

export function readLeaverHold(entry: Entry): LeaverHold {
  const { v: _, at, confirmedAt, ...rest } = readRow(holdRow, entry)
  const confirmed = confirmedAt === undefined ? {} : { confirmedAt: new Date(confirmedAt) }
  return { connection: entry.key.path[1] ?? '', ...rest, at: new Date(at), ...confirmed }
}
export function leaverHoldValue({ connection: _, at, confirmedAt, ...rest }: LeaverHold): JsonObject {
  return { v: 1, ...rest, at: at.getTime(), ...(confirmedAt === undefined ? {} : { confirmedAt: confirmedAt.getTime() }) }
}
/** Is it stopped until an owner says so? */
export function isWaiting({ held, confirmedAt }: LeaverHold): boolean {
  return held && confirmedAt === undefined
}
