import { createHash } from 'node:crypto'
import { randomHex } from '../runtime/identifiers.js'
import type { Json } from '../runtime/json.js'
import { canonicalJson } from './canonical-json.js'
import type { AuditOrigin, AuditRecord, ChainedRecord, ChainPlace } from './chain-rows.js'
import type { LogEntry } from './log-row.js'

const mostChanges = 500
const longestChange = 300

/** A log row as it lies in the store. */
export type LogValue = Omit<LogEntry, 'at'> & { readonly at: number; readonly seq?: number }

/** The next of the chain. What a log row says to others (events, usage) is left behind. */
export function chained(org: string, id: string, row: LogValue, last: ChainPlace): ChainedRecord {
  const { at, actor, action, target, request, result = 'ok', reason, methods, changes = [], effects, count, source } = row
  const origin: AuditOrigin | undefined = source && { ...source, salt: randomHex() }
  const kept = changes.slice(0, mostChanges).map((change) => change.slice(0, longestChange))
  const record: AuditRecord = {
    seq: last.seq + 1,
    id,
    time: new Date(at).toISOString(),
    org,
    actor,
    action,
    ...(target === undefined ? {} : { target }),
    ...(request === undefined ? {} : { request }),
    result,
    ...(reason === undefined ? {} : { reason }),
    ...(methods === undefined ? {} : { methods: [...methods] }),
    ...(kept.length === 0 ? {} : { changes: kept }),
    ...(changes.length > kept.length ? { omitted: changes.length - kept.length } : {}),
    ...(effects === undefined ? {} : { effects }),
    ...(count === undefined ? {} : { count }),
    ...(origin === undefined ? {} : { source: originHash(origin) }),
  }
  return { record, prev: last.hash, hash: recordHash(last.hash, record), ...(origin === undefined ? {} : { origin }) }
}

/** SHA-256 over the 32 bytes of the hash before and the canonical JSON of the record. */
export function recordHash(before: string, record: AuditRecord): string {
  const sha256 = createHash('sha256').update(Buffer.from(before.slice('sha256:'.length), 'hex'))
  return `sha256:${sha256.update(canonicalJson(record as unknown as Json)).digest('hex')}`
}

/** Salted, so that an address that was erased cannot be found again by trying all of them. */
export function originHash({ salt, ...rest }: AuditOrigin): string {
  return `sha256:${createHash('sha256').update(salt).update(canonicalJson(rest)).digest('hex')}`
}
