import type { AccessPolicy } from '../auth/access-policy.js'
import { forbidden, notFound } from '../errors/registry-error.js'
import type { CallerScope } from './caller-scope.js'
import type { InstalledFormats } from './installed-formats.js'
import type { Repository } from './repository.js'

/** What one caller may know of: the same as a read of its address would tell, and for the operator, who reads no bytes, every name. */
export class Visibility {
  constructor(
    private readonly scope: CallerScope,
    private readonly policy: AccessPolicy,
    private readonly formats: InstalledFormats,
  ) {}

  /** By name; those of a format that is switched off are left out. */
  repositories(): readonly Repository[] {
    const { tenant, principal } = this.scope
    const { disabledFormats } = tenant.organization
    return [...tenant.repositories()]
      .filter((one) => !disabledFormats.includes(one.format) && this.policy.sees(tenant, principal, one))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws `not-found` for one the caller may not see, `forbidden` for one of a format that is switched off. */
  repository(name: string): Repository {
    const { tenant, principal } = this.scope
    const repository = tenant.findRepository(name)
    if (repository === undefined || !this.policy.sees(tenant, principal, repository))
      throw notFound('repository', name.slice(0, 80))
    if (tenant.organization.disabledFormats.includes(repository.format)) {
      throw forbidden(`The format ${repository.format} is switched off in this organization`, {
        detail: { code: 'format-disabled', format: repository.format },
      })
    }
    return repository
  }

  whole(repository: Repository): boolean {
    const { tenant, principal } = this.scope
    return principal.kind === 'operator' || this.policy.permits(tenant, principal, 'artifacts.read', { repository })
  }

  /** A file, or a package by its name. A grant on a path is held against addresses, so it counts where the name is one. */
  path(repository: Repository, path: string): boolean {
    const { tenant, principal } = this.scope
    if (this.whole(repository)) return true
    if (!this.policy.permits(tenant, principal, 'artifacts.read', { repository, path })) return false
    return this.formats.serves(repository.format, path)
  }

  /** A folder in which the caller may read something, or which leads to one. */
  folder(repository: Repository, folder: string): boolean {
    if (folder === '' || this.path(repository, folder)) return true
    const grants = this.scope.tenant.grantsOf(this.scope.principal)
    return grants.some(
      (grant) =>
        (grant.repository === '*' || grant.repository === repository.id) && grant.path?.startsWith(`${folder}/`) === true,
    )
  }
}
