import { readGroup } from '../directory/group-rows.js'
import { readMember } from '../directory/member-rows.js'
import { invalid, notFound } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Grant, GrantSubject } from './administration.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { grantValue, readGrant, subjectKey } from './organization-rows.js'
import type { Tenancy, Tenant } from './tenancy.js'

const id = /^[a-z]+_[a-z0-9]{20}$/
const longestPath = 400

/** Grants of one organization, for one caller: of a repository for who administers it, of all of them for who manages repositories. */
export class GrantAdministration {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly tenancy: Tenancy,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
  ) {
    this.org = scope.tenant.organization.id
  }

  /** Those on repositories that are gone are left out. */
  async *list(): AsyncIterable<Grant> {
    const tenant = await this.tenancy.openById(this.org)
    const all = this.scope.permits('repositories.manage')
    for await (const entry of this.store.range(tenantKeys.organizationRows(this.org), { prefix: ['grant'] })) {
      const grant = readGrant(entry)
      const repository = tenant.findRepositoryById(grant.repository)
      if (grant.repository !== '*' && repository === undefined) continue
      if (all || (repository !== undefined && this.scope.permits('repository.administer', repository))) yield grant
    }
  }

  async set(grant: Grant): Promise<void> {
    const path = checkedPath(grant.path)
    const tenant = await this.tenancy.openById(this.org)
    this.requireRight(tenant, grant.repository)
    const subject = await this.subject(grant.subject)
    const key = tenantKeys.grant(this.org, subjectKey(grant.subject), grant.repository, path)
    const { level, repository } = grant
    const value = grantValue({ subject: grant.subject, repository, level, ...(path === '' ? {} : { path }) })
    await untilSettled(() =>
      this.change('grant.set', grant)
        .check(subject, 'present', notFound(grant.subject.kind, grant.subject.id))
        .put(key, value)
        .commit(),
    )
  }

  async remove(grant: Omit<Grant, 'level'>): Promise<void> {
    const path = checkedPath(grant.path)
    this.requireRight(await this.tenancy.openById(this.org), grant.repository)
    const missing = notFound('grant', grant.subject.id)
    if (!id.test(grant.subject.id)) throw missing
    const key = tenantKeys.grant(this.org, subjectKey(grant.subject), grant.repository, path)
    await untilSettled(() => this.change('grant.remove', grant).delete(key, 'present', missing).commit())
  }

  private requireRight(tenant: Tenant, repository: string): void {
    if (repository === '*') {
      this.scope.require('repositories.manage')
      return
    }
    const found = tenant.findRepositoryById(repository)
    if (found === undefined) throw notFound('repository', repository.slice(0, 80))
    this.scope.require('repository.administer', found)
  }

  /** Key of the row that has to be there: a grant names nobody who is not. */
  private async subject(subject: GrantSubject) {
    const missing = notFound(subject.kind, subject.id.slice(0, 80))
    if (!id.test(subject.id)) throw missing
    const group = subject.kind === 'group'
    const key = group ? tenantKeys.group(this.org, subject.id, 0) : tenantKeys.member(this.org, subject.id)
    const entry = await this.store.get(key)
    if (entry === undefined) throw missing
    if (group ? readGroup(entry).id !== subject.id : readMember(entry).kind !== subject.kind) throw missing
    return key
  }

  private change(action: string, { subject, repository }: Omit<Grant, 'level'>): OrganizationChange {
    const entry = callerEntry(this.scope, this.clock.now(), action, { kind: subject.kind, id: subject.id }, [
      repository === '*' ? 'all repositories' : repository,
    ])
    return new OrganizationChange(this.store, this.org, entry)
  }
}

/** Canonical, or refused: a prefix that can never match would look like a right and give none. */
function checkedPath(path = ''): string {
  if (path === '') return ''
  const segments = path.split('/')
  const odd = segments.some((segment) => segment === '' || segment === '.' || segment === '..' || /\p{Cc}/u.test(segment))
  if (odd || Buffer.byteLength(path) > longestPath) {
    throw invalid('A path prefix is made of whole segments, without slashes at its ends', { detail: { field: 'path' } })
  }
  return path
}
