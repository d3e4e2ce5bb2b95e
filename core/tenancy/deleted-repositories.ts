import { type Principal, principalId } from '../auth/principal.js'
import { conflict, notFound } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { DeletedRepository } from './administration.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { deletedRepositoryValue, hostValue, readDeletedRepository, repositoryValue } from './organization-rows.js'
import { removalReminders } from './removal-reminders.js'
import { checkedRepositoryName, type Repository, repositoryNameTaken } from './repository.js'

const day = 86_400_000

/** Repositories of one organization that were deleted and are kept for an undo: everything in them lies where it lay, under an id that no address
 *  leads to. */
export class DeletedRepositories {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
  ) {
    this.org = scope.tenant.organization.id
  }

  /** repositories.manage. In the order of their ids. */
  async *list({ after }: { readonly after?: string } = {}): AsyncIterable<DeletedRepository> {
    this.scope.require('repositories.manage')
    const from = after === undefined ? {} : { after: ['gone', after] }
    const rows = tenantKeys.organizationRows(this.org)
    for await (const entry of this.store.range(rows, { prefix: ['gone'], ...from })) {
      const deleted = readDeletedRepository(entry)
      if (deleted.purgeAfter > this.clock.now()) yield deleted
    }
  }

  /** The rows of a commit that deletes it. Of an organization whose deletes cannot be undone nothing is kept. */
  keep(change: OrganizationChange, repository: Repository, undoDays: number, reason: string | undefined): void {
    const at = this.clock.now()
    const purgeAfter = new Date(at.getTime() + undoDays * day)
    if (undoDays > 0) {
      const by = whoIs(this.scope.principal)
      const deleted = { repository, deletedAt: at, by, purgeAfter, ...(reason === undefined ? {} : { reason }) }
      change.put(tenantKeys.deletedRepository(this.org, repository.id), deletedRepositoryValue(deleted), 'absent')
    }
    for (const { key, value } of removalReminders(this.org, repository.id, purgeAfter)) change.put(key, value)
  }

  /** repositories.manage. Back with its id, and so with everything in it, its grants and the tokens that name it; `name`: another name than it had.
   *  Throws `not-found`, `conflict` where the name is taken. Its host name comes back with it where nobody has taken it meanwhile. */
  async restore(which: string, name?: string): Promise<Repository> {
    this.scope.require('repositories.manage')
    if (name !== undefined) checkedRepositoryName(name)
    return untilSettled(async () => {
      const { entry, deleted } = await this.find(which)
      const { host, ...before } = deleted.repository
      const freeHost = host !== undefined && (await this.store.get(tenantKeys.host(host))) === undefined
      const repository: Repository = { ...before, name: name ?? before.name, ...(freeHost ? { host } : {}) }
      const change = this.change('repository.restore', repository.id, 'created')
      change.delete(entry.key, { revision: entry.revision })
      const place = tenantKeys.repository(this.org, repository.name)
      change.put(place, repositoryValue(repository), 'absent', repositoryNameTaken())
      if (freeHost) change.put(tenantKeys.host(host), hostValue(this.org, repository.id), 'absent')
      await change.commit()
      return repository
    })
  }

  /** repositories.manage. Nobody can bring it back from here on; what lies in it is cleaned up behind. */
  async purge(which: string): Promise<void> {
    this.scope.require('repositories.manage')
    await untilSettled(async () => {
      const { entry, deleted } = await this.find(which)
      const { id } = deleted.repository
      const change = this.change('repository.purge', id)
      change.delete(entry.key, { revision: entry.revision })
      for (const { key, value } of removalReminders(this.org, id, this.clock.now())) change.put(key, value)
      await change.commit()
    })
  }

  /** By id, or by the name that it had. */
  private async find(which: string): Promise<{ readonly entry: Entry; readonly deleted: DeletedRepository }> {
    const found: { readonly entry: Entry; readonly deleted: DeletedRepository }[] = []
    for await (const entry of this.store.range(tenantKeys.organizationRows(this.org), { prefix: ['gone'] })) {
      const deleted = readDeletedRepository(entry)
      const { id, name } = deleted.repository
      if (deleted.purgeAfter > this.clock.now() && (id === which || name === which)) found.push({ entry, deleted })
    }
    const [one, another] = found
    if (one === undefined) throw notFound('deleted repository', which.slice(0, 80))
    if (another !== undefined) {
      const ids = found.map(({ deleted }) => deleted.repository.id).join(', ')
      throw conflict(`More than one deleted repository had this name; give an id: ${ids}`, { detail: { field: 'deleted' } })
    }
    return one
  }

  private change(action: string, id: string, told?: 'created'): OrganizationChange {
    const entry = callerEntry(this.scope, this.clock.now(), action, { kind: 'repository', id })
    const change = new OrganizationChange(this.store, this.org, entry)
    return told === undefined ? change : change.tell('repository.changed', told)
  }
}

function whoIs(principal: Principal): DeletedRepository['by'] {
  return { kind: principal.kind, id: principalId(principal) }
}
