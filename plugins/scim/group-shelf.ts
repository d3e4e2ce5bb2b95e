import type { Directory, Group } from '#core'
import { groupFields, groupResource, membersOf } from './group-resource.js'
import { groupType } from './group-schema.js'
import type { IndexHint } from './index-hint.js'
import { isObject, type ScimObject } from './resource.js'
import { fromScimId } from './scim-id.js'
import type { Reading, Shelf } from './shelf.js'
import { lookupText } from './user-resource.js'

/** Groups that identity providers keep; those of people are theirs alone. */
export class GroupShelf implements Shelf<Group> {
  readonly type = groupType
  readonly related = 'members'

  constructor(
    private readonly directory: Directory,
    private readonly base: string,
  ) {}

  houseId(scimId: string): string | undefined {
    return fromScimId('group', scimId)
  }

  async find(id: string): Promise<Group | undefined> {
    return visible(await this.directory.findGroup(id))
  }

  async places() {
    const groups: Group[] = []
    for await (const group of this.directory.listGroups()) if (visible(group)) groups.push(group)
    return groups.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
  }

  async *read(ids: readonly string[]): AsyncIterable<Group> {
    for (const id of ids) {
      const group = await this.find(id)
      if (group !== undefined) yield group
    }
  }

  hinted({ attribute, value }: IndexHint): AsyncIterable<Group> | undefined {
    switch (attribute) {
      case 'id':
        return this.some([this.find(this.houseId(value) ?? '')])
      case 'displayName':
        return this.some([this.directory.findGroupByName(value)])
      case 'externalId':
        return this.seen(this.directory.findGroups(lookupText.externalId(value)))
      case 'members':
        return this.ofMember(value)
      default:
        return undefined
    }
  }

  async resource(group: Group, { related, displays }: Reading): Promise<ScimObject> {
    if (!related) return groupResource(group, this.base, undefined)
    const members: string[] = []
    for await (const id of this.directory.groupMembers(group.id)) if (id.startsWith('m_')) members.push(id)
    const resource = groupResource(group, this.base, members)
    if (displays) await this.nameMembers(resource, members)
    return resource
  }

  create(resource: ScimObject): Promise<Group> {
    const { name, profile, lookup } = groupFields(resource)
    return this.directory.createGroup(name, { profile, lookup, members: membersOf(resource) })
  }

  write(group: Group, before: ScimObject, after: ScimObject): Promise<Group> {
    const [old, wanted] = [new Set(membersOf(before)), new Set(membersOf(after))]
    const add = [...wanted].filter((id) => !old.has(id))
    const remove = [...old].filter((id) => !wanted.has(id))
    return this.directory.updateGroup(group.id, { ...groupFields(after), add, remove }, group.revision)
  }

  remove(group: Group, revision?: string): Promise<void> {
    return this.directory.deleteGroup(group.id, revision)
  }

  private async *ofMember(value: string): AsyncIterable<Group> {
    const member = fromScimId('member', value)
    if (member === undefined) return
    for (const group of await this.directory.groupsOf(member)) if (visible(group)) yield group
  }

  private async *some(found: readonly Promise<Group | undefined>[]): AsyncIterable<Group> {
    for (const one of found) {
      const group = visible(await one)
      if (group !== undefined) yield group
    }
  }

  private async *seen(groups: AsyncIterable<Group>): AsyncIterable<Group> {
    for await (const group of groups) if (visible(group)) yield group
  }

  private async nameMembers(resource: ScimObject, ids: readonly string[]): Promise<void> {
    const names = new Map<string, string>()
    for await (const { id, name, displayName } of this.directory.readMembers(ids)) names.set(id, displayName ?? name)
    const entries = resource['members']
    if (!Array.isArray(entries)) return
    for (const [at, entry] of entries.entries()) {
      const name = names.get(ids[at] ?? '')
      if (isObject(entry) && name !== undefined) entry['display'] = name
    }
  }
}

function visible(group: Group | undefined): Group | undefined {
  return group?.provisioned === true ? group : undefined
}
