import { z } from 'zod'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

/** `{org} t {hash} session`; times in milliseconds. `until`: what nobody looks at any more is swept away after it. */
const sessionRow = z.object({
  v: z.literal(1),
  member: z.string(),
  epoch: z.string(),
  createdAt: z.number(),
  authenticatedAt: z.number(),
  lastSeen: z.number(),
  until: z.number(),
  methods: z.array(z.string()),
  pending: z.exactOptional(z.enum(['code', 'mailed-code', 'password'])),
})
/** `{org} m {member} session {hash}`. */
const listedRow = z.object({ v: z.literal(1), createdAt: z.number(), until: z.number() })
/** `{org} m {member} sign-in`. */
const exceptionRow = z.object({ v: z.literal(1), breakGlass: z.boolean(), graceSince: z.exactOptional(z.number()) })

export type SessionRow = z.infer<typeof sessionRow>
export type ListedSession = z.infer<typeof listedRow>

export function readSession(entry: Entry): SessionRow {
  return readRow(sessionRow, entry)
}
export function readListedSession(entry: Entry): ListedSession {
  return readRow(listedRow, entry)
}
export function readException(entry: Entry) {
  const { breakGlass, graceSince } = readRow(exceptionRow, entry)
  return { breakGlass, ...(graceSince === undefined ? {} : { graceSince: new Date(graceSince) }) }
}
