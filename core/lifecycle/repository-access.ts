import { logMutation } from '../audit/log-row.js'
import type { AccessPolicy } from '../auth/access-policy.js'
import type { Permission } from '../auth/permission.js'
import { principalId } from '../auth/principal.js'
import { conflict, forbidden, notFound, unavailable } from '../errors/registry-error.js'
import type { PackageKeeping } from '../plugin/package-keeping.js'
import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Key, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { ContextRequest, RepositoryContextRequest } from '../tenancy/context-factory.js'
import type { Repository } from '../tenancy/repository.js'
import type { RepositoryContext } from '../tenancy/repository-context.js'

/** One repository as its own plugin would have it, for a caller of the management interface. */
export interface Opened {
  readonly context: RepositoryContext
  readonly plugin: ProtocolPlugin
  readonly keeping: PackageKeeping
}

interface Found {
  readonly repository: Repository
  readonly plugin: ProtocolPlugin
  /** Checked, and the ceiling of what is done. */
  readonly asked: Permission
}

export interface AccessParts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly policy: AccessPolicy
  plugin(format: string): ProtocolPlugin | undefined
  /** Does a read of this path below a repository's address lead to what lies there? */
  serves(format: string, path: string): boolean
}

/** Opens repositories of one organization under the rights of one caller. */
export class RepositoryAccess {
  constructor(
    private readonly parts: AccessParts,
    private readonly request: ContextRequest,
    private readonly cut: (request: RepositoryContextRequest) => RepositoryContext,
  ) {}

  get organizationId(): string {
    return this.request.tenant.organization.id
  }

  get callerId(): string {
    return principalId(this.request.principal)
  }

  /** A row of the house's own about a repository, with its log row. */
  async write(repositoryId: string, action: string, mutation: (key: Key) => Mutation): Promise<void> {
    const key = tenantKeys.cleanup(this.organizationId, repositoryId)
    await this.parts.metadata.commit([mutation(key), this.logged(repositoryId, action)], randomHex())
  }

  /** The log row that goes with what the caller does to a repository. */
  logged(repositoryId: string, action: string): Mutation {
    const target = { kind: 'repository', id: repositoryId }
    return logMutation(this.organizationId, callerEntry(this.request, this.parts.clock.now(), action, target))
  }

  /** Throws `not-found` for what the caller may not see, `forbidden` where the right is missing, `unavailable` where its format is not installed. */
  find(name: string, permission: Permission): Found {
    const { tenant, principal } = this.request
    const repository = tenant.findRepository(name)
    if (!repository || !this.parts.policy.sees(tenant, principal, repository)) throw notFound('repository', name.slice(0, 80))
    // The operator manages every organization, and is a stranger on artifact addresses alone.
    const asked = principal.kind === 'operator' ? 'repository.administer' : permission
    if (!this.parts.policy.permits(tenant, principal, asked, { repository }))
      throw forbidden(`This needs the permission ${permission} on ${name}`, { detail: { permission } })
    if (tenant.organization.disabledFormats.includes(repository.format))
      throw forbidden(`The format ${repository.format} is disabled here`)
    const plugin = this.parts.plugin(repository.format)
    if (!plugin) throw unavailable(`The format ${repository.format} is not installed`, 300)
    return { repository, plugin, asked }
  }

  /** For what is told of one package; undefined where the caller may not read it, or nothing is kept here. A grant on a path is held against addresses, so
   *  it counts where the name is one. Throws `not-found` for a repository that the caller may not see. */
  look(name: string, pkg: (keeping: PackageKeeping) => string): Opened | undefined {
    const { tenant, principal } = this.request
    const { policy, plugin: installed, serves } = this.parts
    const repository = tenant.findRepository(name)
    if (!repository || !policy.sees(tenant, principal, repository)) throw notFound('repository', name.slice(0, 80))
    const plugin = tenant.organization.disabledFormats.includes(repository.format) ? undefined : installed(repository.format)
    if (!plugin?.keeping || repository.kind !== 'hosted') return undefined
    const path = pkg(plugin.keeping)
    const whole = principal.kind === 'operator' || policy.permits(tenant, principal, 'artifacts.read', { repository })
    const part = () =>
      policy.permits(tenant, principal, 'artifacts.read', { repository, path }) && serves(repository.format, path)
    if (!whole && !part()) return undefined
    const ceiling = principal.kind === 'operator' ? 'repository.administer' : 'artifacts.read'
    const context = this.cut({ ...this.request, plugin, repository, ceiling })
    return { context, plugin, keeping: plugin.keeping }
  }

  /** The same, for what is done to its versions. Throws `conflict` where its kind or format cannot do this. */
  open(name: string, permission: Permission): Opened {
    const { repository, plugin, asked } = this.find(name, permission)
    if (!plugin.keeping || repository.kind !== 'hosted')
      throw conflict(
        `${name} is a repository of kind ${repository.kind} and format ${repository.format}: its versions cannot be moved`,
      )
    const context = this.cut({ ...this.request, plugin, repository, ceiling: asked })
    return { context, plugin, keeping: plugin.keeping }
  }
}
