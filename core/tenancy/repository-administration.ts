import type { AccessPolicy } from '../auth/access-policy.js'
import { conflict, forbidden, invalid, notFound } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import { newId } from '../runtime/identifiers.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { NewRepository, RepositoryPatch } from './administration.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import type { DeletedRepositories } from './deleted-repositories.js'
import type { InstalledFormats } from './installed-formats.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { hostValue, readOrganization, readRepository, repositoryValue } from './organization-rows.js'
import {
  checkedRepositoryName,
  type Repository,
  repositoryName,
  repositoryNameTaken,
  switchesOf,
  unknownFormat,
} from './repository.js'
import type { Tenancy } from './tenancy.js'

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

/** The repositories of one organization, for one caller. */
export class RepositoryAdministration {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly tenancy: Tenancy,
    private readonly policy: AccessPolicy,
    private readonly formats: InstalledFormats,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
    private readonly deleted: DeletedRepositories,
    /** Of an organization that has no number of its own. */
    private readonly undoDays: number,
  ) {
    this.org = scope.tenant.organization.id
  }

  async *list(): AsyncIterable<Repository> {
    const tenant = await this.tenancy.openById(this.org)
    for (const repository of tenant.repositories()) {
      if (this.policy.sees(tenant, this.scope.principal, repository)) yield repository
    }
  }

  async get(name: string): Promise<Repository> {
    return (await this.read(name)).repository
  }

  async create(wanted: NewRepository): Promise<Repository> {
    this.scope.require('repositories.manage')
    const repository = this.checked(wanted)
    await untilSettled(async () => {
      const change = this.change('repository.create', repository.id, 'created', Object.keys(wanted))
      change.put(tenantKeys.repository(this.org, repository.name), repositoryValue(repository), 'absent', repositoryNameTaken())
      await this.requireEnabled(change, repository.format)
      this.moveHost(change, repository.id, undefined, repository.host)
      await change.commit()
    })
    return repository
  }

  async update(name: string, patch: RepositoryPatch): Promise<Repository> {
    return untilSettled(async () => {
      const { entry, repository: before } = await this.read(name)
      this.scope.require('repository.administer', before)
      if (patch.host !== undefined) this.requireOperator()
      if (patch.name !== undefined) this.scope.require('repositories.manage')
      const after = patched(before, patch)
      const changes = Object.keys(patch)
      const change = this.change('repository.update', before.id, 'updated', changes)
      if (after.name === before.name) change.put(entry.key, repositoryValue(after), { revision: entry.revision })
      else {
        change.delete(entry.key, { revision: entry.revision })
        change.put(tenantKeys.repository(this.org, after.name), repositoryValue(after), 'absent', repositoryNameTaken())
      }
      this.moveHost(change, before.id, before.host, after.host)
      await change.commit()
      return after
    })
  }

  /** Its row, its host name and its address go at once; its id, and what lies under it, comes back with an undo or never. */
  async delete(name: string, reason?: string): Promise<void> {
    await untilSettled(async () => {
      const { entry, repository } = await this.read(name)
      this.scope.require('repositories.manage')
      const change = this.change('repository.delete', repository.id, 'deleted')
      change.delete(entry.key, { revision: entry.revision })
      this.moveHost(change, repository.id, repository.host, undefined)
      const { undoDays = this.undoDays } = this.scope.tenant.organization
      this.deleted.keep(change, repository, undoDays, reason)
      await change.commit()
    })
  }

  private checked(wanted: NewRepository): Repository {
    const { name, format, kind = 'hosted', host, maxSize } = wanted
    checkedRepositoryName(name)
    const installed = this.formats.formats()
    if (!installed.some((one) => one.name === format)) throw unknownFormat(format, installed)
    if (kind !== 'hosted') {
      throw invalid(`Repositories of kind ${kind} are not part of this version; hosted ones are`, { detail: { field: 'kind' } })
    }
    if (host !== undefined) this.requireOperator()
    return {
      id: newId('r'),
      name,
      format,
      kind,
      public: wanted.public ?? false,
      policy: wanted.policy ?? 'mixed',
      writePolicy: wanted.writePolicy ?? 'replace',
      layoutPolicy: wanted.layoutPolicy ?? 'strict',
      ...switchesOf(wanted),
      ...(maxSize === undefined ? {} : { maxSize: checkedSize(maxSize) }),
      ...(host === undefined ? {} : { host: checkedHost(host) }),
      createdAt: this.clock.now(),
    }
  }

  /** Held in the commit: a format that is switched off in the same moment takes no new repository. */
  private async requireEnabled(change: OrganizationChange, format: string): Promise<void> {
    const entry = await this.store.get(tenantKeys.organization(this.org))
    if (entry === undefined) throw notFound('organization', this.scope.tenant.organization.name)
    if (readOrganization(entry).disabledFormats.includes(format)) {
      throw forbidden(`The format ${format} is switched off in this organization`, {
        detail: { code: 'format-disabled', format },
      })
    }
    change.check(entry.key, { revision: entry.revision })
  }

  /** Throws `not-found` for what the caller may not see, as for what is not there. */
  private async read(name: string): Promise<{ readonly entry: Entry; readonly repository: Repository }> {
    const entry = repositoryName.test(name) ? await this.store.get(tenantKeys.repository(this.org, name)) : undefined
    const repository = entry === undefined ? undefined : readRepository(entry)
    if (
      entry === undefined ||
      repository === undefined ||
      !this.policy.sees(this.scope.tenant, this.scope.principal, repository)
    ) {
      throw notFound('repository', name.slice(0, 80))
    }
    return { entry, repository }
  }

  private moveHost(change: OrganizationChange, repository: string, from: string | undefined, to: string | undefined): void {
    if (from === to) return
    if (from !== undefined) change.delete(tenantKeys.host(from))
    if (to === undefined) return
    const taken = conflict('This host name belongs to a repository already', { detail: { field: 'host' } })
    change.put(tenantKeys.host(to), hostValue(this.org, repository), 'absent', taken)
  }

  private requireOperator(): void {
    if (this.scope.principal.kind !== 'operator') throw forbidden('Host names are given by the operator of the instance')
  }

  private change(
    action: string,
    id: string,
    told: 'created' | 'updated' | 'deleted',
    changes: readonly string[] = [],
  ): OrganizationChange {
    const entry = callerEntry(this.scope, this.clock.now(), action, { kind: 'repository', id }, changes)
    return new OrganizationChange(this.store, this.org, entry).tell('repository.changed', told)
  }
}

function patched(before: Repository, patch: RepositoryPatch): Repository {
  const { maxSize: oldSize, host: oldHost, webdav, portableNames, indexPages, verifySidecars, ...rest } = before
  const said = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
  const maxSize = patch.maxSize === undefined ? oldSize : patch.maxSize
  const host = patch.host === undefined ? oldHost : patch.host
  return {
    ...rest,
    name: patch.name === undefined ? before.name : checkedRepositoryName(patch.name),
    policy: patch.policy ?? before.policy,
    public: patch.public ?? before.public,
    writePolicy: patch.writePolicy ?? before.writePolicy,
    layoutPolicy: patch.layoutPolicy ?? before.layoutPolicy,
    ...switchesOf({ ...before, ...said }),
    ...(maxSize === undefined || maxSize === null ? {} : { maxSize: checkedSize(maxSize) }),
    ...(host === undefined || host === null ? {} : { host: checkedHost(host) }),
  }
}

function checkedSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw invalid('A size is a whole number of bytes above zero', { detail: { field: 'maxSize' } })
}
/** A repository at the root of an address would hide everything else that is served there; `localhost` may be given away, 127.0.0.1 stays. */
function checkedHost(host: string): string {
  if (!hostName.test(host)) throw invalid('A host name is lower case, without port', { detail: { field: 'host' } })
  if (/^(?:0x[0-9a-f]*|\d+)$/.test(host.split('.').at(-1) ?? '')) {
    throw invalid('A repository has a host name of its own, not an address', { detail: { field: 'host' } })
  }
  return host
}
