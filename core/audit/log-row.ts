import { timeOrderedId } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { Mutation } from '../storage/metadata-store.js'
import { anyShard, tenantKeys } from '../storage/tenant-keys.js'

/** Whence a request came. Personal: it is kept beside the chained row, never in it. */
export interface LogSource {
  /** After trusted proxies. */
  readonly ip: string
  /** Of the client's program, as it calls itself. */
  readonly agent?: string
}

export interface LogEntry {
  readonly at: Date
  readonly actor: { readonly kind: string; readonly id: string; readonly credential?: string }
  /** 'artifacts.changed', 'member.created', … */
  readonly action: string
  readonly target?: { readonly kind: string; readonly id: string }
  readonly request?: string
  readonly source?: LogSource
  /** Absent: it was done. */
  readonly result?: 'refused'
  /** Why it was refused, or what was said of it; never a secret. */
  readonly reason?: string
  /** How somebody signed in: 'password', 'totp', … */
  readonly methods?: readonly string[]
  /** What followed from it, in numbers: sessions that ended, tokens that died. */
  readonly effects?: Readonly<Record<string, number>>
  /** So many alike in a minute, of which this is the one row. */
  readonly count?: number
  /** Names of what changed; never a value that is a secret. */
  readonly changes?: readonly string[]
  /** What the outbox tells: name and facts of each event. */
  readonly events?: readonly JsonObject[]
  /** Difference of stored bytes, readable files and kept versions, per repository; and the allowance that the bytes were taken from. */
  readonly usage?: {
    readonly repository: string
    readonly bytes: number
    readonly files: number
    readonly versions: number
    readonly allowance?: string
  }
}

/** The row that every commit carries: audit event, events for the outbox, usage. Written nowhere but inside a commit. */
export function logMutation(organizationId: string, entry: LogEntry): Mutation {
  const { at, ...rest } = entry
  return {
    op: 'put',
    key: tenantKeys.logRow(organizationId, anyShard(), timeOrderedId(at)),
    value: { v: 1, at: at.getTime(), ...(rest as unknown as JsonObject) },
    if: 'absent',
  }
}
