import { injectable } from 'tsyringe'
import type { Grant } from '../tenancy/administration.js'
import type { Repository } from '../tenancy/repository.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { AccessPolicy, AccessTarget } from './access-policy.js'
import { levelCarries, type Permission, roleCarries } from './permission.js'
import type { Principal, Scope, TokenLimits } from './principal.js'

type Holder = Extract<Principal, { readonly kind: 'member' | 'service' }>

const ofArtifacts: ReadonlySet<Permission> = new Set(['artifacts.read', 'artifacts.write', 'artifacts.delete'])
/** Not of owners, whom `organization.manage` protects. */
const ofDirectory: ReadonlySet<Permission> = new Set(['members.read', 'members.manage'])

/** Role and grants together, then cut to what the token names. Denies by default; no rule takes away. */
@injectable()
export class RoleAccessPolicy implements AccessPolicy {
  permits(tenant: Tenant, principal: Principal, permission: Permission, target: AccessTarget = {}): boolean {
    switch (principal.kind) {
      case 'anonymous':
        return permission === 'artifacts.read' && isPublic(tenant, target.repository)
      case 'operator':
        return !ofArtifacts.has(permission) && permission !== 'account.manage'
      case 'plugin':
        return ofArtifacts.has(permission)
      case 'scim':
        return isServing(tenant) && ofDirectory.has(permission)
      default:
        if (permission === 'account.manage') return isServing(tenant) && principal.session !== undefined
        // A session that has not shown its second factor is nobody yet.
        if (principal.session?.pending !== undefined) return false
        if (permission === 'repositories.read') return this.looksIn(tenant, principal)
        return this.holds(tenant, principal, permission, target) && withinToken(principal, permission, target.repository)
    }
  }

  sees(tenant: Tenant, principal: Principal, repository: Repository): boolean {
    switch (principal.kind) {
      case 'anonymous':
        return isPublic(tenant, repository)
      case 'operator':
      case 'plugin':
        return true
      case 'scim':
        return false
      default: {
        if (
          !isServing(tenant) ||
          principal.session?.pending !== undefined ||
          !withinToken(principal, 'artifacts.read', repository)
        )
          return false
        if (isPublic(tenant, repository) || roleOf(principal, 'artifacts.read')) return true
        return tenant.grantsOf(principal).some((grant) => concerns(grant, repository))
      }
    }
  }

  /** Whoever may see a repository may ask what is in those that it sees; whoever may read the organization learns that it sees none. */
  private looksIn(tenant: Tenant, principal: Holder): boolean {
    if (this.permits(tenant, principal, 'organization.read')) return true
    for (const repository of tenant.repositories()) if (this.sees(tenant, principal, repository)) return true
    return false
  }

  private holds(tenant: Tenant, principal: Holder, permission: Permission, target: AccessTarget): boolean {
    if (!isServing(tenant)) return false
    if (roleOf(principal, permission)) return true
    // A service account without a role reads the log by its token's scope, which none but an administrator gives.
    if (permission === 'audit.read') return principal.kind === 'service' && hasAuditScope(principal.token)
    if (permission === 'artifacts.read' && isPublic(tenant, target.repository)) return true
    if (permission === 'packages.manage')
      return tenant.grantsOf(principal).some(({ level }) => levelCarries(level, 'artifacts.write'))
    return tenant.grantsOf(principal).some((grant) => levelCarries(grant.level, permission) && covers(grant, target))
  }
}

function isServing(tenant: Tenant): boolean {
  return tenant.exists && tenant.organization.status === 'active'
}
function isPublic(tenant: Tenant, repository: Repository | undefined): boolean {
  return isServing(tenant) && tenant.organization.publicAllowed && repository?.public === true
}
function roleOf({ role }: Holder, permission: Permission): boolean {
  return role !== undefined && roleCarries(role, permission)
}
function hasAuditScope(token: TokenLimits | undefined): boolean {
  return token?.scopes.some((scope) => scope.kind === 'audit') === true
}

/** Without a repository in question only a grant on all of them counts. */
function concerns(grant: Pick<Grant, 'repository'>, repository: Repository | undefined): boolean {
  return grant.repository === '*' || (repository !== undefined && grant.repository === repository.id)
}
function covers(grant: Grant, { repository, path }: AccessTarget): boolean {
  if (!concerns(grant, repository)) return false
  if (grant.path === undefined) return true
  return path !== undefined && (path === grant.path || path.startsWith(`${grant.path}/`))
}

/** Which package a request is about is not known here: a token that names packages opens nothing, rather than everything. */
function withinToken({ token }: Holder, permission: Permission, repository: Repository | undefined): boolean {
  if (token === undefined) return true
  return token.packages === undefined && token.scopes.some((scope) => names(scope, permission, repository))
}
function names(scope: Scope, permission: Permission, repository: Repository | undefined): boolean {
  switch (scope.kind) {
    case 'organization':
      return permission === 'organization.read'
    case 'audit':
      return permission === 'audit.read'
    case 'repository':
      if (permission === 'packages.manage') return levelCarries(scope.level, 'artifacts.write')
      return concerns(scope, repository) && levelCarries(scope.level, permission)
  }
}
