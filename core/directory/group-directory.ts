import { scimTokenListings } from '../auth/token-rows.js'
import { conflict, invalid, notFound, type RegistryError, stale } from '../errors/registry-error.js'
import { newId } from '../runtime/identifiers.js'
import type { Entry, Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { untilSettled } from '../tenancy/organization-change.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Group, GroupPatch, NewGroup } from './directory.js'
import type { DirectoryParts } from './directory-parts.js'
import {
  checkedGroupName,
  chunkOf,
  chunksPerGroup,
  groupValue,
  headChunk,
  idsPerChunk,
  readChunk,
  readGroup,
  readGroupName,
} from './group-rows.js'
import { lookupHash, lookupHashes, moveLookups } from './lookup-rows.js'
import { checkedProfile, loginKey, readMember } from './member-rows.js'

const groupId = /^g_[a-z0-9]{20}$/
const namedInLog = 400

/** Groups: a row of their own each, one for the name, and their members' ids in chunks. Each change meets the others in the group's own row. */
export class GroupDirectory {
  constructor(private readonly parts: DirectoryParts) {}

  async find(id: string): Promise<Group | undefined> {
    if (!groupId.test(id)) return undefined
    const entry = await this.parts.store.get(tenantKeys.group(this.parts.org, id, headChunk))
    return entry === undefined ? undefined : readGroup(entry)
  }

  async findByName(name: string): Promise<Group | undefined> {
    const key = loginKey(name)
    if (key === '' || key.includes('\0') || Buffer.byteLength(key) > 500) return undefined
    const entry = await this.parts.store.get(tenantKeys.groupName(this.parts.org, key))
    return entry === undefined ? undefined : this.find(readGroupName(entry))
  }

  async *findBy(lookup: string): AsyncIterable<Group> {
    for await (const { key } of this.parts.store.range(tenantKeys.lookups(this.parts.org, lookupHash('group', lookup)), {})) {
      const group = await this.find(key.path[0] ?? '')
      if (group !== undefined) yield group
    }
  }

  async of(member: string): Promise<readonly Group[]> {
    const groups = await Promise.all(
      TenantSnapshot.of(this.parts.scope.tenant)
        .groupsOf(member)
        .map((id) => this.find(id)),
    )
    return groups.filter((group) => group !== undefined)
  }

  /** By name; `after` is the id or the name of the last one seen. */
  async *list(query: { readonly after?: string; readonly limit?: number } = {}): AsyncIterable<Group> {
    let left = query.limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    const last = query.after === undefined ? undefined : ((await this.find(query.after))?.name ?? query.after)
    const after = last === undefined || last === '' ? {} : { after: ['group-name', loginKey(last)] }
    const named = this.parts.behind({ prefix: ['group-name'], ...after }, (entry) =>
      tenantKeys.group(this.parts.org, readGroupName(entry), headChunk),
    )
    for await (const entry of named) {
      yield readGroup(entry)
      left -= 1
      if (left === 0) return
    }
  }

  async create(wanted: string, { profile, lookup = [], members = [] }: NewGroup = {}): Promise<Group> {
    const { clock, org, scope } = this.parts
    scope.require('members.manage')
    const id = newId('g')
    const now = clock.now()
    const inside = [...new Set(members)]
    await this.requireMembers(inside)
    const chunks = withMembers([], inside, [])
    const group = {
      id,
      name: checkedGroupName(wanted),
      createdAt: now,
      changedAt: now,
      memberCount: inside.length,
      ...(scope.principal.kind === 'scim' ? { provisioned: true as const } : {}),
      ...(profile === undefined ? {} : { profile: checkedProfile(profile) }),
      lookup: lookupHashes('group', lookup),
    }
    await untilSettled(async () => {
      const change = this.parts
        .change('group.create', 'group', id, membership(inside, []))
        .effects(inside.length === 0 ? {} : { added: inside.length })
        .put(tenantKeys.groupName(org, loginKey(group.name)), { v: 1, group: id }, 'absent', taken())
        .put(tenantKeys.group(org, id, headChunk), groupValue(group), 'absent')
      for (const [number, ids] of chunks) change.put(tenantKeys.group(org, id, number), { v: 1, members: [...ids] })
      moveLookups(change, org, id, [], group.lookup)
      await change.commit()
    })
    return this.get(id)
  }

  /** Name, profile and members in one commit. What is as it was is not written. */
  async update(id: string, patch: GroupPatch, revision?: string): Promise<Group> {
    this.parts.scope.require('members.manage')
    const { add = [], remove = [] } = patch
    await this.requireMembers(add)
    return untilSettled(async () => {
      const before = await this.ownGet(id)
      const moved = stale('The group has changed since', { detail: { group: id } })
      if (revision !== undefined && revision !== before.revision) throw moved
      return this.write(
        before,
        patch,
        withMembers(await this.chunks(id), add, remove),
        revision === undefined ? undefined : moved,
      )
    })
  }

  rename(id: string, name: string, revision?: string): Promise<Group> {
    return this.update(id, { name }, revision)
  }

  async delete(id: string, revision?: string): Promise<void> {
    const { org, scope } = this.parts
    scope.require('members.manage')
    await untilSettled(async () => {
      const before = await this.get(id)
      if (scope.principal.kind === 'scim' && before.provisioned === undefined) throw notFound('group', id)
      if (revision !== undefined && revision !== before.revision)
        throw stale('The group has changed since', { detail: { group: id } })
      const change = this.parts
        .change('group.delete', 'group', id)
        .delete(tenantKeys.group(org, id, headChunk), { revision: before.revision })
        .delete(tenantKeys.groupName(org, loginKey(before.name)), 'present')
      for (const { key } of await this.chunks(id)) change.delete(key)
      moveLookups(change, org, id, before.lookup)
      await change.commit()
    })
    // Grants of a group that is gone reach nobody.
    await this.parts.clear(await this.parts.grantKeys(`group:${id}`), 'group.delete', 'group', id, 'grants')
  }

  async *members(id: string): AsyncIterable<string> {
    await this.get(id)
    for (const chunk of await this.chunks(id)) yield* readChunk(chunk)
  }

  /** A member who is gone leaves every group. */
  async forget(member: string): Promise<void> {
    for (const id of await this.parts.groupsOf(member)) {
      await untilSettled(async () => {
        const before = await this.find(id)
        if (before !== undefined) await this.write(before, {}, withMembers(await this.chunks(id), [], [member]))
      })
    }
  }

  /** `touched`: chunks that are other than they were. */
  private async write(before: Group, patch: GroupPatch, touched: ReadonlyMap<number, readonly string[]>, moved?: RegistryError) {
    const { org, clock } = this.parts
    const { id } = before
    const name = patch.name === undefined ? before.name : checkedGroupName(patch.name)
    const profile = patch.profile === undefined ? before.profile : checkedProfile(patch.profile)
    const lookup = patch.lookup === undefined ? before.lookup : lookupHashes('group', patch.lookup)
    const changes = [
      ...(name === before.name ? [] : ['name']),
      ...(JSON.stringify(profile) === JSON.stringify(before.profile) ? [] : ['profile']),
      ...(touched.size === 0 ? [] : ['members']),
    ]
    if (changes.length === 0 && JSON.stringify(lookup ?? []) === JSON.stringify(before.lookup ?? [])) return before
    const [added, removed]: [string[], string[]] = [[], []]
    const rows: Mutation[] = []
    for (const [number, ids] of touched) {
      const key = tenantKeys.group(org, id, number)
      const entry = await this.parts.store.get(key)
      const [old, now] = [new Set(entry === undefined ? [] : readChunk(entry)), new Set(ids)]
      added.push(...ids.filter((member) => !old.has(member)))
      removed.push(...[...old].filter((member) => !now.has(member)))
      rows.push(ids.length === 0 ? { op: 'delete', key } : { op: 'put', key, value: { v: 1, members: [...ids] } })
    }
    const change = this.parts
      .change('group.update', 'group', id, [...changes, ...membership(added, removed)])
      .effects(touched.size === 0 ? {} : { added: added.length, removed: removed.length })
    for (const row of rows)
      if (row.op === 'put') change.put(row.key, row.value)
      else change.delete(row.key)
    const memberCount = before.memberCount + added.length - removed.length
    const common = { ...before, name, changedAt: clock.now(), memberCount }
    const after = {
      ...common,
      ...(profile === undefined ? {} : { profile }),
      ...(lookup === undefined ? {} : { lookup }),
    }
    change.put(tenantKeys.group(org, id, headChunk), groupValue(after), { revision: before.revision }, moved)
    const [from, to] = [loginKey(before.name), loginKey(name)]
    if (from !== to) {
      change
        .put(tenantKeys.groupName(org, to), { v: 1, group: id }, 'absent', taken())
        .delete(tenantKeys.groupName(org, from), 'present')
    }
    moveLookups(change, org, id, before.lookup, lookup)
    await change.commit()
    return this.get(id)
  }

  private async get(id: string): Promise<Group> {
    const group = await this.find(id)
    if (group === undefined) throw notFound('group', id)
    return group
  }

  /** Of an identity provider: its own kind alone; of others: those that no identity provider keeps any more. */
  private async ownGet(id: string): Promise<Group> {
    const group = await this.get(id)
    const provisions = this.parts.scope.principal.kind === 'scim'
    if (provisions && group.provisioned === undefined) throw notFound('group', id)
    if (!provisions && group.provisioned === true && (await this.isProvidedFor()))
      throw conflict('An identity provider keeps this group: change it there, or delete it', { detail: { code: 'provisioned' } })
    return group
  }

  /** Where every token of every identity provider is dead nobody else could change what they kept. */
  private async isProvidedFor(): Promise<boolean> {
    const now = this.parts.clock.now().getTime()
    for await (const { expiresAt } of scimTokenListings(this.parts.store, this.parts.org))
      if (Date.parse(expiresAt) > now) return true
    return false
  }

  private async chunks(id: string): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    const rows = tenantKeys.organizationRows(this.parts.org)
    for await (const entry of this.parts.store.range(rows, { prefix: ['group', id] })) {
      if (chunkOf(entry).chunk !== headChunk) entries.push(entry)
    }
    return entries
  }

  private async requireMembers(ids: readonly string[]): Promise<void> {
    const { org } = this.parts
    const wanted = new Set(ids)
    const malformed = ids.find((id) => !/^[ms]_[a-z0-9]{20}$/.test(id))
    if (malformed !== undefined) throw invalid(`Not a member of this organization: ${malformed.slice(0, 64)}`)
    const keys = [...wanted].map((id) => tenantKeys.member(org, id))
    for await (const entry of this.parts.all(keys)) wanted.delete(readMember(entry).id)
    for (const id of wanted) throw invalid(`Not a member of this organization: ${id}`, { detail: { member: id } })
  }
}

/** Numbers of the chunks that change, with all that is in them then. Throws `invalid` for too many members. */
function withMembers(
  entries: readonly Entry[],
  add: readonly string[],
  remove: readonly string[],
): ReadonlyMap<number, readonly string[]> {
  const gone = new Set(remove)
  const coming = new Set(add)
  const all = new Map<number, string[]>()
  const touched = new Set<number>()
  for (const entry of entries) {
    const { chunk } = chunkOf(entry)
    const ids = readChunk(entry)
    const kept = ids.filter((member) => !gone.has(member) || coming.has(member))
    for (const member of kept) coming.delete(member)
    all.set(chunk, kept)
    if (kept.length !== ids.length) touched.add(chunk)
  }
  let number = 1
  for (const member of coming) {
    while ((all.get(number)?.length ?? 0) >= idsPerChunk) number += 1
    if (number > chunksPerGroup) throw invalid(`A group has at most ${chunksPerGroup * idsPerChunk} members`)
    const ids = all.get(number) ?? []
    ids.push(member)
    all.set(number, ids)
    touched.add(number)
  }
  return new Map([...touched].map((one) => [one, all.get(one) ?? []]))
}

/** Who came in and who went out, for the log: so many by id, all of them in its numbers. */
function membership(added: readonly string[], removed: readonly string[]): readonly string[] {
  return [...added.map((id) => `+${id}`), ...removed.map((id) => `-${id}`)].slice(0, namedInLog)
}

function taken() {
  return conflict('A group of this name exists already', { detail: { field: 'name' } })
}
