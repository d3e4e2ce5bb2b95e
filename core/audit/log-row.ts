import { timeOrderedId } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { Mutation } from '../storage/metadata-store.js'
import { anyShard, tenantKeys } from '../storage/tenant-keys.js'

export interface LogEntry {
  readonly at: Date
  readonly actor: { readonly kind: string; readonly id: string; readonly credential?: string }
  /** 'artifacts.changed', 'member.created', … */
  readonly action: string
  readonly target?: { readonly kind: string; readonly id: string }
  readonly request?: string
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
