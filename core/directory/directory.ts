import type { Role } from '../auth/permission.js'
import type { JsonObject } from '../runtime/json.js'

export interface Member {
  readonly id: string
  /** Login name, unique in the organization without regard to case. */
  readonly name: string
  readonly kind: 'member' | 'service'
  readonly email?: string
  readonly displayName?: string
  readonly role?: Role
  readonly status: 'active' | 'inactive'
  readonly createdAt: Date
  readonly changedAt: Date
  readonly revision: string
  /** What a provisioner keeps with the member; SCIM's attributes. */
  readonly profile?: JsonObject
}

export interface NewMember {
  readonly name: string
  readonly kind?: 'member' | 'service'
  readonly email?: string
  readonly displayName?: string
  readonly role?: Role
  readonly password?: string
  readonly profile?: JsonObject
}
export interface MemberPatch {
  readonly name?: string
  readonly email?: string | null
  readonly displayName?: string | null
  readonly role?: Role | null
  readonly status?: 'active' | 'inactive'
  readonly profile?: JsonObject
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  readonly changedAt: Date
  readonly revision: string
  readonly memberCount: number
}

/** Members and groups of one organization. Writes need members.manage; touching an owner needs organization.manage. Every write acts on the next
 *  request, on every node. A name taken is `conflict`; the last active owner cannot go or be demoted (`conflict`). */
export interface Directory {
  findMember(id: string): Promise<Member | undefined>
  /** By name or e-mail, without regard to case. */
  findMemberByLogin(login: string): Promise<Member | undefined>
  listMembers(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Member>
  createMember(member: NewMember): Promise<Member>
  /** `revision`: throws `stale` where the member has changed since. */
  updateMember(id: string, patch: MemberPatch, revision?: string): Promise<Member>
  setPassword(id: string, password: string): Promise<void>
  deleteMember(id: string): Promise<void>

  findGroup(id: string): Promise<Group | undefined>
  findGroupByName(name: string): Promise<Group | undefined>
  listGroups(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Group>
  createGroup(name: string): Promise<Group>
  renameGroup(id: string, name: string, revision?: string): Promise<Group>
  deleteGroup(id: string): Promise<void>
  groupMembers(id: string): AsyncIterable<string>
  changeGroupMembers(
    id: string,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): Promise<Group>
}
