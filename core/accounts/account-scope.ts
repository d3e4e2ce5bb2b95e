import type { Principal } from '../auth/principal.js'
import { forbidden, invalid, type RegistryError } from '../errors/registry-error.js'
import type { CallerScope } from '../tenancy/caller-scope.js'

/** Wrong, used, run out, of somebody else: one answer. */
export function refusedCode(): RegistryError {
  return invalid('This code is not valid, or not any more', { detail: { code: 'RESET_INVALID' } })
}

/** The caller's work goes on with every right: a code, or the caller's own account, stands for it. */
export function withEveryRight(scope: CallerScope, principal: Principal = scope.principal): CallerScope {
  return { ...scope, principal, require: () => {}, permits: () => true }
}

/** A member by a session of its own. Throws `forbidden`: a token changes nothing of its owner. */
export function sessionMember(scope: CallerScope): SessionMember {
  const { principal } = scope
  scope.require('account.manage')
  if (principal.kind === 'member' && principal.by === 'session') return principal
  throw forbidden('This needs a session: sign in as a member')
}
export type SessionMember = Principal & { readonly kind: 'member' | 'service' }

/** For the log: whoever holds the code acts as the member. */
export function memberPrincipal(id: string, name: string): Principal {
  return { kind: 'member', id, name, groups: [], by: 'session' }
}
