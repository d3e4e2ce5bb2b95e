import type { Principal } from '../auth/principal.js'
import type { Grant } from './administration.js'
import type { Organization } from './organization.js'
import type { Repository } from './repository.js'

/** One organization as it stood under one access epoch: whatever is asked of it is answered from the same moment. */
export interface Tenant {
  readonly organization: Organization
  /** False for an organization that does not exist: served as an empty one, by the same code. */
  readonly exists: boolean
  readonly epoch: string
  findRepository(name: string): Repository | undefined
  findRepositoryById(id: string): Repository | undefined
  repositories(): Iterable<Repository>
  /** Grants that name the principal itself or a group it is in. */
  grantsOf(principal: Principal): readonly Grant[]
}

/** From names to tenants, one strong read of the access epoch each time; rows come from this process's cache under exactly that epoch. */
export interface Tenancy {
  /** An organization without that name is an empty one; never throws for it. */
  open(name: string): Promise<Tenant>
  openById(id: string): Promise<Tenant>
  /** For a root mount: the repository behind a host name (lower case, without port), if there is one. */
  findHost(host: string): Promise<{ readonly tenant: Tenant; readonly repository: Repository } | undefined>
}
export const Tenancy = Symbol('Tenancy')
