import type { Principal } from '../auth/principal.js'
import { forbidden, invalid, type RegistryError } from '../errors/registry-error.js'
import type { CallerScope } from '../tenancy/caller-scope.js'

/** A caller with the means to show that it knows a member's password. */
export interface AccountCaller {
  readonly scope: CallerScope
  /** Throws `unauthenticated` where they do not fit. */
  readonly signIn: (login: string, password: string) => Promise<Principal>
}

/** Wrong, used, run out, of somebody else: one answer. */
export function refusedCode(): RegistryError {
  return invalid('This code is not valid, or not any more', { detail: { code: 'RESET_INVALID' } })
}

/** The caller's work goes on with every right: a code, or the caller's own account, stands for it. */
export function withEveryRight(scope: CallerScope, principal: Principal = scope.principal): CallerScope {
  return { ...scope, principal, require: () => {}, permits: () => true }
}

/** A member by a session of its own. Throws `forbidden`: a token changes nothing of its owner. */
export function sessionMember({ principal }: CallerScope): Principal & { readonly kind: 'member' | 'service' } {
  if (principal.kind === 'member' && principal.by === 'session') return principal
  throw forbidden('This needs a session: sign in as a member')
}

/** For the log: whoever holds the code acts as the member. */
export function memberPrincipal(id: string, name: string): Principal {
  return { kind: 'member', id, name, groups: [], by: 'session' }
}
