import { inject, injectable } from 'tsyringe'
import { unauthenticated } from '../errors/registry-error.js'
import type { MountScope } from '../plugin/route-record.js'
import { Clock } from '../runtime/clock.js'
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
import { tokenHash, tokenKind } from './token-format.js'
import { TokenUsage } from './token-usage.js'

/** A token whose rows have been read under this snapshot's epoch: what is left to ask is the clock and the address. */
interface ReadyToken {
  readonly principal: Principal & { readonly kind: 'member' | 'service' }
  readonly expires: number
  readonly networks: readonly Network[]
}

/** Who is asking, from rows alone; what is kept in memory is good under the epoch that the tenant was opened with. */
@injectable()
export class StoredAuthenticator implements Authenticator {
  constructor(
    @inject(Tenancy) private readonly tenancy: Tenancy,
    @inject(PasswordCheck) private readonly passwords: PasswordCheck,
    @inject(OperatorTokens) private readonly operators: OperatorTokens,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
    @inject(TokenUsage) private readonly usage: TokenUsage,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async authenticate(tenant: Tenant, credentials: Credentials, mount: MountScope): Promise<Principal> {
    // On origin mounts the header carries a CI's identity token: the exchange reads it, and nobody is signed in by it.
    if (credentials.authorization === undefined || mount === 'origin') return anonymous
    if (mount === 'instance') return this.authenticateOperator(credentials)
    const offered = parseAuthorization(credentials.authorization)
    if (offered === undefined) throw unauthenticated()
    if (mount === 'organization' && offered.scheme !== 'bearer') throw unauthenticated()
    const snapshot = TenantSnapshot.of(tenant)
    if ('token' in offered) return this.byToken(snapshot, offered.token, credentials.address, mount)
    return this.passwords.principal(snapshot, offered.login, offered.password, credentials.address)
  }

  async authenticateOperator({ authorization, address }: Credentials): Promise<Principal> {
    const offered = authorization === undefined ? undefined : parseAuthorization(authorization)
    if (offered?.scheme !== 'bearer') throw unauthenticated()
    return this.byOperatorToken(offered.token, address)
  }

  signIn(tenant: Tenant, login: string, password: string, { address }: Credentials): Promise<Principal> {
    return this.passwords.principal(TenantSnapshot.of(tenant), login, password, address)
  }

  async refresh(tenant: Tenant, principal: Principal): Promise<Principal> {
    if (principal.kind === 'anonymous' || principal.kind === 'plugin') return principal
    if (principal.kind === 'operator') {
      if (await this.operators.stands(principal.id)) return principal
      throw unauthenticated()
    }
    const snapshot = TenantSnapshot.of(await this.tenancy.openById(tenant.organization.id))
    const member = await snapshot.member(principal.id)
    if (member?.status !== 'active' || !isServing(snapshot)) throw unauthenticated()
    const { id, kind, name, role } = member
    const fresh = { kind, id, name, groups: snapshot.groupsOf(id), by: principal.by, ...(role === undefined ? {} : { role }) }
    if (principal.token === undefined) return fresh
    const row = await snapshot.tokenListing(id, principal.token.id)
    if (row === undefined || Date.parse(row.expiresAt) <= this.clock.now().getTime()) throw unauthenticated()
    return { ...fresh, token: principal.token }
  }

  private async byToken(snapshot: TenantSnapshot, token: string, address: string, mount: MountScope): Promise<Principal> {
    const kind = tokenKind(token)
    // Never issued by this house: no row is worth a look.
    if (kind === undefined || kind === 'x') throw unauthenticated()
    if (kind === 'o') {
      if (mount !== 'organization') throw unauthenticated()
      return this.byOperatorToken(token, address)
    }
    const hash = tokenHash(token)
    const known = snapshot.derived<ReadyToken>('ready-token')
    let ready = known.get(hash)
    if (ready === undefined) {
      ready = await this.readyToken(snapshot, hash, kind)
      if (ready !== undefined) known.set(hash, ready)
    }
    if (ready === undefined || this.clock.now().getTime() >= ready.expires || !admits(ready, address)) {
      await this.throttle.failedToken(address)
      throw unauthenticated()
    }
    const { principal } = ready
    if (principal.token !== undefined) this.usage.note(snapshot.organization.id, principal.id, principal.token.id)
    return principal
  }

  private async readyToken(snapshot: TenantSnapshot, hash: string, kind: string): Promise<ReadyToken | undefined> {
    const row = await snapshot.token(hash)
    const member = row === undefined ? undefined : await snapshot.member(row.member)
    if (row?.kind !== kind || member?.status !== 'active' || !isServing(snapshot)) return undefined
    const limits = {
      id: row.id,
      scopes: parseScopes(row.scopes),
      ...(row.packages === undefined ? {} : { packages: row.packages }),
    }
    return {
      principal: {
        kind: member.kind,
        id: member.id,
        name: member.name,
        ...(member.role === undefined ? {} : { role: member.role }),
        groups: snapshot.groupsOf(member.id),
        by: 'token',
        token: limits,
      },
      expires: Date.parse(row.expiresAt),
      networks: row.cidr.map(parseNetwork),
    }
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
