import { type Level, type Role, roleCarries } from '../auth/permission.js'
import { readSession } from '../auth/session-rows.js'
import { readTokenListing } from '../auth/token-rows.js'
import type { Directory, Member } from '../directory/directory.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Tenant } from '../tenancy/tenancy.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'

/** One thing that somebody may do, and why. */
export interface Access {
  /** Its name, or '*' for every repository. */
  readonly repository: string
  readonly level: Level
  readonly through: { readonly kind: 'role' | 'grant' | 'group' | 'public'; readonly name: string }
  readonly path?: string
}
export interface Reviewed {
  readonly kind: 'anonymous' | 'member' | 'service'
  readonly id: string
  readonly name: string
  readonly role?: Role
  /** What is said of somebody inactive has no effect. */
  readonly status: 'active' | 'inactive'
  readonly access: readonly Access[]
  /** Of any of its tokens and sessions that are still there. A password on an artifact address leaves no time. */
  readonly lastUsedAt?: Date
}
export interface ReviewQuery {
  /** Name of the last one seen. */
  readonly after?: string
  /** Only what reaches this repository, and who. */
  readonly repository?: string
}

const levels: readonly (readonly [Level, Parameters<typeof roleCarries>[1]])[] = [
  ['administer', 'repository.administer'],
  ['delete', 'artifacts.delete'],
  ['write', 'artifacts.write'],
  ['read', 'artifacts.read'],
]

/** Who can do what, one member after the other in the order of their names; first what anybody may. */
export class AccessReview {
  private readonly groups = new Map<string, Promise<string>>()

  constructor(
    private readonly store: MetadataStore,
    private readonly tenant: Tenant,
    private readonly directory: Directory,
  ) {}

  async *list({ after, repository }: ReviewQuery): AsyncIterable<Reviewed> {
    const reaches = (access: Access) => repository === undefined || access.repository === '*' || access.repository === repository
    if (after === undefined) {
      const access = this.ofAnybody().filter(reaches)
      if (access.length > 0) yield { kind: 'anonymous', id: 'anonymous', name: '', status: 'active', access }
    }
    for await (const member of this.directory.listMembers(after === undefined ? {} : { after })) {
      const access = (await this.of(member)).filter(reaches)
      if (repository !== undefined && access.length === 0) continue
      const lastUsedAt = await this.lastUse(member.id)
      const { id, kind, name, role, status } = member
      yield {
        ...{ kind, id, name, status, access },
        ...(role === undefined ? {} : { role }),
        ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
      }
    }
  }

  private ofAnybody(): readonly Access[] {
    if (!this.tenant.organization.publicAllowed) return []
    return [...this.tenant.repositories()]
      .filter((one) => one.public)
      .map(({ name }) => ({ repository: name, level: 'read', through: { kind: 'public', name: '' } }))
  }

  private async of({ id, kind, name, role }: Member): Promise<readonly Access[]> {
    const access: Access[] = []
    const level = role === undefined ? undefined : levels.find(([, permission]) => roleCarries(role, permission))?.[0]
    if (role !== undefined && level !== undefined) access.push({ repository: '*', level, through: { kind: 'role', name: role } })
    const groups = TenantSnapshot.of(this.tenant).groupsOf(id)
    for (const grant of this.tenant.grantsOf({ kind, id, name, groups, by: 'session' })) {
      const repository = grant.repository === '*' ? '*' : this.tenant.findRepositoryById(grant.repository)?.name
      // Of a repository that is gone and may come back: it reaches nothing.
      if (repository === undefined) continue
      const { subject, path } = grant
      const through =
        subject.kind === 'group'
          ? ({ kind: 'group', name: await this.groupName(subject.id) } as const)
          : ({ kind: 'grant', name: '' } as const)
      access.push({ repository, level: grant.level, through, ...(path === undefined ? {} : { path }) })
    }
    return access
  }

  private groupName(id: string): Promise<string> {
    let name = this.groups.get(id)
    if (name === undefined) {
      name = this.directory.findGroup(id).then((group) => group?.name ?? id)
      this.groups.set(id, name)
    }
    return name
  }

  private async lastUse(member: string): Promise<Date | undefined> {
    const org = this.tenant.organization.id
    const rows = tenantKeys.memberRows(org, member)
    let last = 0
    for await (const entry of this.store.range(rows, { prefix: ['token'] }))
      last = Math.max(last, Date.parse(readTokenListing(entry).lastUsedAt ?? '') || 0)
    for await (const { key } of this.store.range(rows, { prefix: ['session'] })) {
      const session = await this.store.get(tenantKeys.secret(org, key.path.at(-1) ?? '', 'session'))
      const { lastSeen, pending } = session === undefined ? { lastSeen: 0 } : readSession(session)
      // One who lacks the second factor still has used nothing.
      if (pending === undefined) last = Math.max(last, lastSeen)
    }
    return last === 0 ? undefined : new Date(last)
  }
}
