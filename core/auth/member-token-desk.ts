import { inject, injectable } from 'tsyringe'
import { forbidden, notFound } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import type { Tenant } from '../tenancy/tenancy.js'
import { levelCarries, type Permission, roleCarries } from './permission.js'
import type { Principal, Scope } from './principal.js'
import { StoredTokens } from './stored-tokens.js'
import type { IssuedToken, TokenDesk, TokenRecord, TokenRequest } from './token-desk.js'
import { tokenKind } from './token-format.js'

type Holder = Extract<Principal, { readonly kind: 'member' | 'service' }>

/** Opens a desk for one caller. */
@injectable()
export class MemberTokenDesk {
  constructor(
    @inject(StoredTokens) private readonly tokens: StoredTokens,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  for(scope: CallerScope): TokenDesk {
    return new CallerTokenDesk(scope, this.tokens, this.clock)
  }
}

class CallerTokenDesk implements TokenDesk {
  constructor(
    private readonly scope: CallerScope,
    private readonly tokens: StoredTokens,
    private readonly clock: Clock,
  ) {}

  async issue(request: TokenRequest): Promise<IssuedToken> {
    const owner = this.holder()
    this.scope.require('tokens.issue')
    for (const scope of request.scopes) this.requireWithinRights(owner, scope)
    return this.tokens.issue(this.org, owner, owner.id, request, this.entry)
  }

  async rotate(id: string, overlap: number): Promise<IssuedToken> {
    const owner = this.holder()
    this.scope.require('tokens.issue')
    return this.tokens.rotate(this.org, owner, id, overlap, owner.id, this.entry)
  }

  async *list(): AsyncIterable<TokenRecord> {
    yield* this.tokens.list(this.org, this.holder().id)
  }

  async self(): Promise<TokenRecord | undefined> {
    const { principal } = this.scope
    if ((principal.kind !== 'member' && principal.kind !== 'service') || principal.token === undefined) return undefined
    for await (const record of this.tokens.list(this.org, principal.id)) if (record.id === principal.token.id) return record
    return undefined
  }

  async revoke(id: string): Promise<void> {
    const { principal } = this.scope
    const itself = 'token' in principal && principal.token?.id === id
    const owner = itself ? principal : this.holder()
    await this.tokens.revoke(this.org, owner.id, id, this.entry)
  }

  async revokeToken(token: string): Promise<void> {
    const { principal } = this.scope
    const found = tokenKind(token) === undefined ? undefined : await this.tokens.find(this.org, token)
    const own = (principal.kind === 'member' || principal.kind === 'service') && found?.member === principal.id
    // A token reaches itself alone, not its sisters.
    const reached = own && (principal.by !== 'token' || principal.token?.id === found?.id)
    if (found === undefined || !reached) throw notFound('token', `${token.slice(0, 6)}…`)
    await this.tokens.revoke(this.org, found.member, found.id, this.entry)
  }

  private get org(): string {
    return this.scope.tenant.organization.id
  }
  private readonly entry = (action: string, id: string) =>
    callerEntry(this.scope, this.clock.now(), action, { kind: 'token', id })

  /** Throws `forbidden` unless a person signed in: a token never makes, lists or changes tokens (identity dossier 5). */
  private holder(): Holder {
    const { principal } = this.scope
    if ((principal.kind === 'member' || principal.kind === 'service') && principal.by !== 'token') return principal
    throw forbidden('Tokens are managed by a member who signed in, never by a token')
  }

  private requireWithinRights(owner: Holder, scope: Scope): void {
    if (mayGive(this.scope.tenant, owner, scope)) return
    throw forbidden('A token cannot have more rights than its owner')
  }
}

/** A scope on '*' is good on whatever its owner reaches, so that one right anywhere is enough for it. */
function mayGive(tenant: Tenant, owner: Holder, scope: Scope): boolean {
  const byRole = (permission: Permission) => owner.role !== undefined && roleCarries(owner.role, permission)
  switch (scope.kind) {
    case 'organization':
      return byRole('organization.read')
    case 'audit':
      return byRole('audit.read')
    case 'repository': {
      const anywhere = scope.repository === '*'
      const repository = tenant.findRepositoryById(scope.repository)
      if (!anywhere && repository === undefined) return false
      const permission: Permission = `artifacts.${scope.level}`
      if (byRole(permission)) return true
      if (scope.level === 'read' && repository?.public === true && tenant.organization.publicAllowed) return true
      return tenant.grantsOf(owner).some((grant) => {
        return (
          levelCarries(grant.level, permission) && (anywhere || grant.repository === '*' || grant.repository === scope.repository)
        )
      })
    }
  }
}
