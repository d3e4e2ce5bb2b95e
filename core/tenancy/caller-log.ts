import type { LogEntry, LogSource } from '../audit/log-row.js'
import { type Principal, principalId } from '../auth/principal.js'

/** Who asked for a change, by which request, and whence. */
export interface Caller {
  readonly principal: Principal
  readonly requestId: string
  readonly source?: LogSource
}

/** What the log says of a change that a caller asked for: ids and names of what changed, never values. */
export function callerEntry(
  caller: Caller,
  at: Date,
  action: string,
  target: { readonly kind: string; readonly id: string },
  changes: readonly string[] = [],
): LogEntry {
  const { principal, requestId, source } = caller
  return {
    at,
    actor: actorOf(principal),
    action,
    target,
    request: requestId,
    changes,
    ...(source === undefined ? {} : { source }),
  }
}

/** By ids alone; `credential` is the id of the token that it came with. An identity provider is known by its own name: its tokens come and go. */
export function actorOf(principal: Principal): LogEntry['actor'] {
  if (principal.kind === 'scim') return { kind: 'scim', id: principal.connection, credential: principal.id }
  const credential = 'token' in principal ? principal.token?.id : undefined
  return { kind: principal.kind, id: principalId(principal), ...(credential === undefined ? {} : { credential }) }
}
