import type { Repository } from '../tenancy/repository.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { Permission } from './permission.js'
import type { Principal } from './principal.js'

export interface AccessTarget {
  readonly repository?: Repository
  /** Canonical, without a leading slash; held against a grant's path prefix by whole segments. Absent: only grants without a prefix count. */
  readonly path?: string
}

/** One function answers "may it": role and grants of the owner now, cut to what the token names, whatever way it came in. Reads nothing. */
export interface AccessPolicy {
  permits(tenant: Tenant, principal: Principal, permission: Permission, target?: AccessTarget): boolean
  /** Could the principal read anything of the repository, by any path? Decides between 403 and 404, and what a list shows. */
  sees(tenant: Tenant, principal: Principal, repository: Repository): boolean
}
export const AccessPolicy = Symbol('AccessPolicy')
