import { conflict, invalid, notFound, stale } from '../errors/registry-error.js'
import { newId } from '../runtime/identifiers.js'
import type { Entry } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { untilSettled } from '../tenancy/organization-change.js'
import type { Group } from './directory.js'
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
import { loginKey, readMember } from './member-rows.js'

const groupId = /^g_[a-z0-9]{20}$/

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

  async create(wanted: string): Promise<Group> {
    const { clock, org, scope } = this.parts
    scope.require('members.manage')
    const name = checkedGroupName(wanted)
    const id = newId('g')
    const now = clock.now()
    const value = groupValue({ id, name, createdAt: now, changedAt: now, memberCount: 0 })
    await untilSettled(() =>
      this.parts
        .change('group.create', 'group', id)
        .put(tenantKeys.groupName(org, loginKey(name)), { v: 1, group: id }, 'absent', taken())
        .put(tenantKeys.group(org, id, headChunk), value, 'absent')
        .commit(),
    )
    return this.get(id)
  }

  async rename(id: string, wanted: string, revision?: string): Promise<Group> {
    const { clock, org, scope } = this.parts
    scope.require('members.manage')
    const name = checkedGroupName(wanted)
    return untilSettled(async () => {
      const before = await this.get(id)
      const moved = stale('The group has changed since', { detail: { group: id } })
      if (revision !== undefined && revision !== before.revision) throw moved
      if (before.name === name) return before
      const change = this.parts.change('group.update', 'group', id, ['name'])
      const value = groupValue({ ...before, name, changedAt: clock.now() })
      const condition = { revision: before.revision }
      change.put(tenantKeys.group(org, id, headChunk), value, condition, revision === undefined ? undefined : moved)
      const [from, to] = [loginKey(before.name), loginKey(name)]
      if (from !== to) {
        change
          .put(tenantKeys.groupName(org, to), { v: 1, group: id }, 'absent', taken())
          .delete(tenantKeys.groupName(org, from), 'present')
      }
      await change.commit()
      return this.get(id)
    })
  }

  async delete(id: string): Promise<void> {
    const { org, scope } = this.parts
    scope.require('members.manage')
    await untilSettled(async () => {
      const before = await this.get(id)
      const change = this.parts
        .change('group.delete', 'group', id)
        .delete(tenantKeys.group(org, id, headChunk), { revision: before.revision })
        .delete(tenantKeys.groupName(org, loginKey(before.name)), 'present')
      for (const { key } of await this.chunks(id)) change.delete(key)
      await change.commit()
    })
    // Grants of a group that is gone reach nobody.
    await this.parts.clear(await this.parts.grantKeys(`group:${id}`), 'group.delete', 'group', id, 'grants')
  }

  async *members(id: string): AsyncIterable<string> {
    await this.get(id)
    for (const chunk of await this.chunks(id)) yield* readChunk(chunk)
  }

  async change(
    id: string,
    { add = [], remove = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): Promise<Group> {
    this.parts.scope.require('members.manage')
    await this.requireMembers(add)
    return untilSettled(async () => {
      const { org, clock } = this.parts
      const before = await this.get(id)
      const chunks = (await this.chunks(id)).map((entry) => ({
        number: chunkOf(entry).chunk,
        ids: [...readChunk(entry)],
        old: entry,
      }))
      const gone = new Set(remove)
      const coming = new Set(add)
      const touched = new Set<number>()
      for (const chunk of chunks) {
        const kept = chunk.ids.filter((member) => !gone.has(member) || coming.has(member))
        for (const member of kept) coming.delete(member)
        if (kept.length === chunk.ids.length) continue
        chunk.ids = kept
        touched.add(chunk.number)
      }
      const all = new Map(chunks.map(({ number, ids }) => [number, ids]))
      let number = 1
      for (const member of coming) {
        while ((all.get(number)?.length ?? 0) >= idsPerChunk) number += 1
        if (number > chunksPerGroup) throw invalid(`A group has at most ${chunksPerGroup * idsPerChunk} members`)
        const ids = all.get(number) ?? []
        ids.push(member)
        all.set(number, ids)
        touched.add(number)
      }
      if (touched.size === 0) return before
      const memberCount = [...all.values()].reduce((sum, ids) => sum + ids.length, 0)
      const change = this.parts.change('group.update', 'group', id, ['members'])
      const value = groupValue({ ...before, memberCount, changedAt: clock.now() })
      change.put(tenantKeys.group(org, id, headChunk), value, { revision: before.revision })
      for (const each of touched) {
        const ids = all.get(each) ?? []
        const key = tenantKeys.group(org, id, each)
        if (ids.length === 0) change.delete(key)
        else change.put(key, { v: 1, members: ids })
      }
      await change.commit()
      return this.get(id)
    })
  }

  /** A member who is gone leaves every group. */
  async forget(member: string): Promise<void> {
    const groups = new Set<string>()
    const rows = tenantKeys.organizationRows(this.parts.org)
    for await (const entry of this.parts.store.range(rows, { prefix: ['group'] })) {
      const { group, chunk } = chunkOf(entry)
      if (chunk !== headChunk && readChunk(entry).includes(member)) groups.add(group)
    }
    for (const group of groups) {
      if ((await this.find(group)) !== undefined) await this.change(group, { remove: [member] })
    }
  }

  private async get(id: string): Promise<Group> {
    const group = await this.find(id)
    if (group === undefined) throw notFound('group', id)
    return group
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
    for (const id of wanted) throw invalid(`Not a member of this organization: ${id}`)
  }
}

function taken() {
  return conflict('A group of this name exists already', { detail: { field: 'name' } })
}
