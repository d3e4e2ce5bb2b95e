import type { Directory, Member } from '#core'
import { groupEntry } from './group-resource.js'
import type { IndexHint } from './index-hint.js'
import { isObject, put, type ScimObject } from './resource.js'
import { fromScimId } from './scim-id.js'
import { schemaUrn } from './scim-urns.js'
import type { Reading, Shelf } from './shelf.js'
import { lookupText, memberFields, userResource } from './user-resource.js'
import { userType } from './user-schema.js'

/** Members of the organization; service accounts are no people, and none of SCIM's business. */
export class UserShelf implements Shelf<Member> {
  readonly type = userType
  readonly related = 'groups'

  constructor(
    private readonly directory: Directory,
    private readonly base: string,
  ) {}

  houseId(scimId: string): string | undefined {
    return fromScimId('member', scimId)
  }

  async find(id: string): Promise<Member | undefined> {
    return visible(await this.directory.findMember(id))
  }

  async places() {
    return (await this.directory.membersByAge()).filter(({ kind }) => kind === 'member')
  }

  async *read(ids: readonly string[]): AsyncIterable<Member> {
    for await (const member of this.directory.readMembers(ids)) if (visible(member)) yield member
  }

  hinted({ attribute, value }: IndexHint): AsyncIterable<Member> | undefined {
    switch (attribute) {
      case 'id':
        return this.one(this.find(this.houseId(value) ?? ''))
      case 'userName':
        return this.one(this.directory.findMemberByLogin(value))
      case 'externalId':
        return this.seen(this.directory.findMembers(lookupText.externalId(value)))
      case 'displayName':
        return this.seen(this.directory.findMembers(lookupText.displayName(value)))
      case 'emails':
        return this.byEmail(value)
      default:
        return undefined
    }
  }

  async resource(member: Member, { related, displays }: Reading): Promise<ScimObject> {
    const user = userResource(member, this.base)
    if (related) {
      const groups = (await this.directory.groupsOf(member.id)).filter(({ provisioned }) => provisioned === true)
      put(
        user,
        'groups',
        groups.map((group) => groupEntry(group, this.base)),
      )
    }
    if (displays) await this.nameManager(user)
    return user
  }

  create(user: ScimObject): Promise<Member> {
    const { displayName, ...fields } = memberFields(user)
    return this.directory.createMember({ ...fields, ...(displayName === null ? {} : { displayName }) })
  }

  write(member: Member, _before: ScimObject, after: ScimObject): Promise<Member> {
    return this.directory.updateMember(member.id, memberFields(after), member.revision)
  }

  remove(member: Member, revision?: string): Promise<void> {
    return this.directory.deleteMember(member.id, revision)
  }

  /** An address of the house's own is found by its login row, one that was provisioned by a row of its own. */
  private async *byEmail(value: string): AsyncIterable<Member> {
    const own = visible(await this.directory.findMemberByLogin(value))
    if (own !== undefined) yield own
    for await (const member of this.seen(this.directory.findMembers(lookupText.email(value)))) {
      if (member.id !== own?.id) yield member
    }
  }

  private async *one(found: Promise<Member | undefined>): AsyncIterable<Member> {
    const member = visible(await found)
    if (member !== undefined) yield member
  }

  private async *seen(members: AsyncIterable<Member>): AsyncIterable<Member> {
    for await (const member of members) if (visible(member)) yield member
  }

  private async nameManager(user: ScimObject): Promise<void> {
    const extension = user[schemaUrn.enterprise]
    const manager = isObject(extension) ? extension['manager'] : undefined
    if (!isObject(manager) || typeof manager['value'] !== 'string') return
    const found = await this.find(this.houseId(manager['value']) ?? '')
    if (found !== undefined) manager['displayName'] = found.displayName ?? found.name
  }
}

function visible(member: Member | undefined): Member | undefined {
  return member?.kind === 'member' ? member : undefined
}
