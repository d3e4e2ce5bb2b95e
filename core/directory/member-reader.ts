import { readException } from '../auth/session-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Member, MemberEntry } from './directory.js'
import type { DirectoryParts } from './directory-parts.js'
import { lookupHash } from './lookup-rows.js'
import { loginKey, readLogin, readMember, readOwners } from './member-rows.js'

const memberId = /^[ms]_[a-z0-9]{20}$/

/** Members and service accounts as one caller may find them. */
export class MemberReader {
  constructor(private readonly parts: DirectoryParts) {}

  async find(id: string): Promise<Member | undefined> {
    if (!memberId.test(id)) return undefined
    const entry = await this.parts.store.get(tenantKeys.member(this.parts.org, id))
    return entry === undefined ? undefined : this.shown(readMember(entry))
  }

  async findByLogin(login: string): Promise<Member | undefined> {
    const key = loginKey(login)
    if (key === '' || key.includes('\0') || Buffer.byteLength(key) > 254) return undefined
    const entry = await this.parts.store.get(tenantKeys.login(this.parts.org, key))
    return entry === undefined ? undefined : this.find(readLogin(entry).member)
  }

  /** By name; `after` is the id or the name of the last one seen. */
  async *list(query: { readonly after?: string; readonly limit?: number } = {}): AsyncIterable<Member> {
    const { org } = this.parts
    let left = query.limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    const last = query.after === undefined ? undefined : ((await this.find(query.after))?.name ?? query.after)
    const range = { prefix: ['login'], ...(last === undefined || last === '' ? {} : { after: ['login', loginKey(last)] }) }
    const named = this.parts.behind(range, (entry) => {
      const { kind, member } = readLogin(entry)
      return kind === 'name' ? tenantKeys.member(org, member) : undefined
    })
    for await (const entry of named) {
      const member = await this.shown(readMember(entry))
      if (member === undefined) continue
      yield member
      left -= 1
      if (left === 0) return
    }
  }

  async *read(ids: readonly string[]): AsyncIterable<Member> {
    const keys = ids.filter((id) => memberId.test(id)).map((id) => tenantKeys.member(this.parts.org, id))
    for await (const entry of this.parts.all(keys)) {
      const member = await this.shown(readMember(entry))
      if (member !== undefined) yield member
    }
  }

  async *findBy(lookup: string): AsyncIterable<Member> {
    const ids: string[] = []
    const rows = tenantKeys.lookups(this.parts.org, lookupHash('member', lookup))
    for await (const { key } of this.parts.store.range(rows, {})) ids.push(key.path[0] ?? '')
    yield* this.read(ids)
  }

  /** Kept for as long as no member changes: what is read meanwhile is at most newer. */
  async byAge(): Promise<readonly MemberEntry[]> {
    const kept = TenantSnapshot.of(this.parts.scope.tenant).derived<readonly MemberEntry[]>('members by age')
    const reader = this.parts.scope.principal.kind === 'scim' ? 'scim' : 'all'
    const known = kept.get(reader)
    if (known !== undefined) return known
    const entries: MemberEntry[] = []
    const hidden = reader === 'scim' ? await this.hiddenOwners() : new Set<string>()
    for await (const entry of this.parts.store.range(tenantKeys.organizationRows(this.parts.org), { prefix: ['login'] })) {
      const { kind, member: id, createdAt } = readLogin(entry)
      if (kind !== 'name' || hidden.has(id)) continue
      // Written by an earlier release: the member's own row says it.
      const member = createdAt === undefined ? await this.find(id) : undefined
      const made = createdAt === undefined ? member?.createdAt : new Date(createdAt)
      if (made !== undefined) entries.push({ id, kind: id.startsWith('s_') ? 'service' : 'member', createdAt: made })
    }
    entries.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
    kept.set(reader, entries)
    return entries
  }

  private async hiddenOwners(): Promise<ReadonlySet<string>> {
    const { store, org } = this.parts
    const row = await store.get(tenantKeys.owners(org))
    const hidden = new Set<string>()
    for (const id of row === undefined ? [] : readOwners(row)) if ((await this.find(id)) === undefined) hidden.add(id)
    return hidden
  }

  /** Owners who keep the door open when an identity provider fails are not for it to see. */
  private async shown(member: Member): Promise<Member | undefined> {
    const { store, org, scope } = this.parts
    if (scope.principal.kind !== 'scim' || member.role !== 'owner') return member
    const entry = await store.get(tenantKeys.signInException(org, member.id))
    return entry !== undefined && readException(entry).breakGlass ? undefined : member
  }
}
