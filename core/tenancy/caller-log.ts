import type { LogEntry } from '../audit/log-row.js'
import { type Principal, principalId } from '../auth/principal.js'

/** What the log says of a change that a caller asked for: ids and names of what changed, never values (identity dossier 11). */
export function callerEntry(
  caller: { readonly principal: Principal; readonly requestId: string },
  at: Date,
  action: string,
  target: { readonly kind: string; readonly id: string },
  changes: readonly string[] = [],
): LogEntry {
  const { principal, requestId } = caller
  const credential = 'token' in principal ? principal.token?.id : undefined
  const actor = { kind: principal.kind, id: principalId(principal), ...(credential === undefined ? {} : { credential }) }
  return { at, actor, action, target, request: requestId, changes }
}
