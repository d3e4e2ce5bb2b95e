import type { AuditNotes } from '../audit/audit-notes.js'
import { parseAuthorization } from '../auth/authorization-header.js'
import { counterHash } from '../auth/failure-counters.js'
import { tokenKind } from '../auth/token-format.js'
import { loginKey } from '../directory/member-rows.js'
import { RegistryError } from '../errors/registry-error.js'
import type { Tenant } from '../tenancy/tenancy.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Visit } from './visit.js'

/** Credentials that were shown and refused, in the log of the organization that they were shown to: of which kind, whence, and whose. Nobody waits for it:
 *  how long a refusal takes must not tell whether the organization or the member exists. Never throws. */
export async function noteRefusedCredentials(notes: AuditNotes, visit: Visit, thrown: unknown): Promise<void> {
  const { tenant, house } = visit
  if (tenant?.exists !== true || !(thrown instanceof RegistryError) || thrown.kind !== 'unauthenticated') return
  const method = methodOf(visit)
  if (method === undefined) return
  const target = await targetOf(tenant, visit).catch(() => undefined)
  const { code = thrown.cause } = thrown.detail
  await notes.refused(tenant.organization.id, {
    actor: { kind: 'anonymous', id: 'anonymous' },
    action: 'login.failed',
    methods: [method],
    ...(target === undefined ? {} : { target }),
    ...(typeof code === 'string' ? { reason: code } : {}),
    request: house.id,
    source: visit.source,
  })
}

function methodOf({ credentials, handled, house }: Visit): string | undefined {
  const { authorization } = credentials
  if (authorization !== undefined) {
    const offered = parseAuthorization(authorization)
    return offered === undefined ? 'unreadable' : 'token' in offered ? 'token' : 'password'
  }
  // In the body: a page that signs in, npm's login.
  return handled && (house.method === 'POST' || house.method === 'PUT') ? 'password' : undefined
}

/** A member by its id; a name that is nobody's under a hash, since it may be a password that was typed into the wrong field; of a token its last four
 *  characters, and of what is no token of ours nothing. */
async function targetOf(tenant: Tenant, { credentials: { authorization } }: Visit) {
  const offered = authorization === undefined ? undefined : parseAuthorization(authorization)
  if (offered === undefined) return undefined
  if ('token' in offered)
    return tokenKind(offered.token) === undefined ? undefined : { kind: 'token', id: `…${offered.token.slice(-4)}` }
  const key = loginKey(offered.login)
  const member = await TenantSnapshot.of(tenant).memberByLogin(key)
  return member === undefined
    ? { kind: 'login', id: counterHash('login', tenant.organization.id, key).slice(0, 16) }
    : { kind: 'member', id: member.id }
}
