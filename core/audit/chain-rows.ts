import { z } from 'zod'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

const v = z.literal(1)
const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const place = z.strictObject({ seq: z.number().int().min(0), hash })

/** One audited act, as it is hashed. Strict: what the hash covers is all that it says. */
export const auditRecord = z.strictObject({
  seq: z.number().int().min(1),
  /** Of the log row, which its commit wrote. */
  id: z.string(),
  time: z.iso.datetime(),
  org: z.string(),
  actor: z.strictObject({ kind: z.string(), id: z.string(), credential: z.exactOptional(z.string()) }),
  action: z.string(),
  target: z.exactOptional(z.strictObject({ kind: z.string(), id: z.string() })),
  request: z.exactOptional(z.string()),
  result: z.enum(['ok', 'refused']),
  reason: z.exactOptional(z.string()),
  methods: z.exactOptional(z.array(z.string())),
  changes: z.exactOptional(z.array(z.string())),
  /** Names of changes that are left out here: there were too many. */
  omitted: z.exactOptional(z.number()),
  effects: z.exactOptional(z.record(z.string(), z.number())),
  count: z.exactOptional(z.number()),
  /** Hash of whence it came, which lies beside it and can be erased. */
  source: z.exactOptional(hash),
})
/** Whence it came: `source` is the SHA-256 of `salt` and the canonical JSON of the rest. */
export const auditOrigin = z.strictObject({ ip: z.string(), agent: z.exactOptional(z.string()), salt: z.string() })
const chainRow = z.object({ v, record: auditRecord, prev: hash, hash, origin: z.exactOptional(auditOrigin) })
/** `anchor`: the last row that retention took, or the beginning. `through`: all that was logged up to then has been looked at. */
const headRow = z.object({ v, ...place.shape, anchor: place, month: z.string(), through: z.number() })
/** First and last row of a month's partition, and the earliest and latest time in it. */
const monthRow = z.object({ v, first: z.number(), last: z.number(), from: z.number(), to: z.number() })

export type AuditRecord = z.infer<typeof auditRecord>
export type AuditOrigin = z.infer<typeof auditOrigin>
export type ChainPlace = z.infer<typeof place>
/** A record with its place in the chain. */
export type ChainedRecord = Omit<z.infer<typeof chainRow>, 'v'>
export type ChainHead = Omit<z.infer<typeof headRow>, 'v'>
export type ChainMonth = Omit<z.infer<typeof monthRow>, 'v'>

export const beginning: ChainPlace = { seq: 0, hash: `sha256:${'0'.repeat(64)}` }
export const placeShape = place

export function readChainRow(entry: Entry): ChainedRecord {
  const { v: _, ...rest } = readRow(chainRow, entry)
  return rest
}
export function readChainHead(entry: Entry): ChainHead {
  const { v: _, ...rest } = readRow(headRow, entry)
  return rest
}
export function readChainMonth(entry: Entry): ChainMonth {
  const { v: _, ...rest } = readRow(monthRow, entry)
  return rest
}
