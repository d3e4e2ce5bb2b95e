import { inject, injectable } from 'tsyringe'
import { unauthenticated } from '../errors/registry-error.js'
import type { MountScope } from '../plugin/route-record.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Key } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { Tenancy, type Tenant } from '../tenancy/tenancy.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Authenticator, Credentials } from './authenticator.js'
import { parseAuthorization } from './authorization-header.js'
import { type Network, parseNetwork, withinNetworks } from './client-address.js'
import { GuessThrottle } from './guess-throttle.js'
import { OperatorTokens } from './operator-tokens.js'
import { PasswordCheck } from './password-check.js'
import { anonymous, type Principal } from './principal.js'
import { parseScopes } from './scopes.js'
import { Sessions } from './sessions.js'
import { SignIn } from './sign-in.js'
import { tokenHash, tokenKind } from './token-format.js'
import { TokenUsage } from './token-usage.js'

/** The plugin at whose organization mount identity providers come in. */
const provisioning = 'scim'
/** The one at whose organization mount browsers come in. */
const management = 'api'

/** A token whose rows have been read under this snapshot's epoch: what is left to ask is the clock and the address. */
interface ReadyToken {
  readonly principal: Principal & { readonly kind: 'member' | 'service' | 'scim' }
  /** Where its last use is written. */
  readonly listing: Key
  readonly expires: number
  readonly networks: readonly Network[]
}

/** Who is asking, from rows alone; what is kept in memory is good under the epoch that the tenant was opened with. */
@injectable()
export class StoredAuthenticator implements Authenticator {
  constructor(
    @inject(Tenancy) private readonly tenancy: Tenancy,
    @inject(PasswordCheck) private readonly passwords: PasswordCheck,
    @inject(SignIn) private readonly signIns: SignIn,
    @inject(Sessions) private readonly sessions: Sessions,
    @inject(OperatorTokens) private readonly operators: OperatorTokens,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
    @inject(TokenUsage) private readonly usage: TokenUsage,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async authenticate(tenant: Tenant, credentials: Credentials, mount: MountScope, plugin?: string): Promise<Principal> {
    // On origin mounts the header carries a CI's identity token: the exchange reads it, and nobody is signed in by it.
    if (mount === 'origin') return anonymous
    if (credentials.authorization === undefined) {
      const { session } = credentials
      const browsed = session !== undefined && mount === 'organization' && plugin === management
      return (browsed && (await this.sessions.principal(TenantSnapshot.of(tenant), session))) || anonymous
    }
    if (mount === 'instance') return this.authenticateOperator(credentials)
    const offered = parseAuthorization(credentials.authorization)
    if (offered === undefined) throw unauthenticated()
    if (mount === 'organization' && offered.scheme !== 'bearer') throw unauthenticated()
    const snapshot = TenantSnapshot.of(tenant)
    if ('token' in offered) {
      const provisions = mount === 'organization' && plugin === provisioning
      return this.byToken(snapshot, offered.token, credentials.address, provisions ? provisioning : mount)
    }
    return this.passwords.principal(snapshot, offered.login, offered.password, { address: credentials.address })
  }

  async authenticateOperator({ authorization, address }: Credentials): Promise<Principal> {
    const offered = authorization === undefined ? undefined : parseAuthorization(authorization)
    if (offered?.scheme !== 'bearer') throw unauthenticated()
    return this.byOperatorToken(offered.token, address)
  }

  signIn(tenant: Tenant, login: string, password: string, credentials: Credentials, code?: string): Promise<Principal> {
    const { address, device } = credentials
    const by = `sign-in ${randomHex()}`
    return this.signIns.principal(TenantSnapshot.of(tenant), { login, password, code, place: { address, device }, by })
  }

  async refresh(tenant: Tenant, principal: Principal): Promise<Principal> {
    if (principal.kind === 'anonymous' || principal.kind === 'plugin') return principal
    if (principal.kind === 'operator') {
      if (await this.operators.stands(principal.id)) return principal
      throw unauthenticated()
    }
    const snapshot = TenantSnapshot.of(await this.tenancy.openById(tenant.organization.id))
    if (principal.kind === 'scim') {
      const row = await snapshot.scimTokenListing(principal.id)
      if (row !== undefined && this.stands(row) && isServing(snapshot)) return principal
      throw unauthenticated()
    }
    if (principal.session !== undefined) {
      const fresh = isServing(snapshot) ? await this.sessions.refreshed(snapshot, principal) : undefined
      if (fresh === undefined) throw unauthenticated()
      return fresh
    }
    const member = await snapshot.member(principal.id)
    if (member?.status !== 'active' || !isServing(snapshot)) throw unauthenticated()
    const { id, kind, name, role } = member
    const fresh = { kind, id, name, groups: snapshot.groupsOf(id), by: principal.by, ...(role === undefined ? {} : { role }) }
    if (principal.token === undefined) return fresh
    const row = await snapshot.tokenListing(id, principal.token.id)
    if (row === undefined || !this.stands(row) || (row.epoch ?? '') !== (await snapshot.memberEpoch(id, 'tokens')))
      throw unauthenticated()
    return { ...fresh, token: principal.token }
  }

  private stands({ expiresAt }: { readonly expiresAt: string }): boolean {
    return this.clock.now().getTime() < Date.parse(expiresAt)
  }

  private async byToken(
    snapshot: TenantSnapshot,
    token: string,
    address: string,
    place: MountScope | typeof provisioning,
  ): Promise<Principal> {
    const kind = tokenKind(token)
    // No kind of ours: no row is worth a look.
    if (kind === undefined) throw unauthenticated()
    if (kind === 'o' && place === 'organization') return this.byOperatorToken(token, address)
    if (kind === 'o' || (kind === 'x') !== (place === provisioning)) throw unauthenticated()
    const hash = tokenHash(token)
    const known = snapshot.derived<ReadyToken>('ready-token')
    let ready = known.get(hash)
    if (ready === undefined) {
      ready = await this.readyToken(snapshot, hash, kind)
      if (ready !== undefined) known.set(hash, ready)
    }
    const fault = this.faultOf(ready, address)
    if (ready === undefined || fault !== undefined) {
      await this.throttle.failedToken(address)
      // One answer for all of them; the log alone says why.
      throw unauthenticated(undefined, { cause: fault })
    }
    const { principal, listing } = ready
    this.usage.note(listing)
    return principal
  }

  private faultOf(ready: ReadyToken | undefined, address: string): string | undefined {
    if (ready === undefined) return 'unknown'
    if (this.clock.now().getTime() >= ready.expires) return 'expired'
    return admits(ready, address) ? undefined : 'address'
  }

  private async readyToken(snapshot: TenantSnapshot, hash: string, kind: string): Promise<ReadyToken | undefined> {
    const row = await snapshot.token(hash)
    if (row?.kind !== kind || !isServing(snapshot)) return undefined
    const limits = { expires: Date.parse(row.expiresAt), networks: row.cidr.map(parseNetwork) }
    const org = snapshot.organization.id
    if (row.kind === 'x') {
      const principal = { kind: 'scim', id: row.id, connection: row.connection } as const
      return { principal, listing: tenantKeys.scimToken(org, row.id), ...limits }
    }
    const member = await snapshot.member(row.member)
    if (member?.status !== 'active' || (row.epoch ?? '') !== (await snapshot.memberEpoch(member.id, 'tokens'))) return undefined
    const token = {
      id: row.id,
      scopes: parseScopes(row.scopes),
      ...(row.packages === undefined ? {} : { packages: row.packages }),
    }
    const principal = {
      kind: member.kind,
      id: member.id,
      name: member.name,
      ...(member.role === undefined ? {} : { role: member.role }),
      groups: snapshot.groupsOf(member.id),
      by: 'token',
      token,
    } as const
    return { principal, listing: tenantKeys.memberToken(org, member.id, row.id), ...limits }
  }

  private async byOperatorToken(token: string, address: string): Promise<Principal> {
    if (tokenKind(token) !== 'o') throw unauthenticated()
    const operator = await this.operators.verify(token)
    if (operator !== undefined) return operator
    await this.throttle.failedToken(address)
    throw unauthenticated()
  }
}

function isServing({ exists, organization }: Tenant): boolean {
  return exists && organization.status === 'active'
}
function admits({ networks }: ReadyToken, address: string): boolean {
  return networks.length === 0 || withinNetworks(address, networks)
}
