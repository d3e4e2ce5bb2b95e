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
  /** Hashes of what a provisioner finds the member by. */
  readonly lookup?: readonly string[]
}

export interface NewMember {
  readonly name: string
  readonly kind?: 'member' | 'service'
  readonly email?: string
  readonly displayName?: string
  readonly role?: Role
  readonly password?: string
  /** Made elsewhere, in one of the forms that `importedHash` reads; in place of a password. */
  readonly passwordHash?: string
  /** The caller answers for the address being the member's: mail with codes goes there. */
  readonly emailVerified?: boolean
  /** Default 'active'. */
  readonly status?: 'active' | 'inactive'
  readonly profile?: JsonObject
  /** Texts that `findMembers` finds the member by: at most 24, kept as hashes. */
  readonly lookup?: readonly string[]
}
export interface MemberPatch {
  readonly name?: string
  readonly email?: string | null
  /** As with a new member; false: nobody answers for it any more. An address that is changed without it is not verified. */
  readonly emailVerified?: boolean
  readonly displayName?: string | null
  readonly role?: Role | null
  readonly status?: 'active' | 'inactive'
  readonly profile?: JsonObject
  readonly lookup?: readonly string[]
}
/** What a list of members is ordered by, without their rows. */
export interface MemberEntry {
  readonly id: string
  readonly kind: Member['kind']
  readonly createdAt: Date
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  readonly changedAt: Date
  readonly revision: string
  readonly memberCount: number
  /** Made by an identity provider, and changed by identity providers alone while one has a token that lives; whoever manages members may delete it. */
  readonly provisioned?: true
  /** As with a member. */
  readonly profile?: JsonObject
  readonly lookup?: readonly string[]
}
export interface NewGroup {
  readonly profile?: JsonObject
  readonly lookup?: readonly string[]
  readonly members?: readonly string[]
}
/** A member that is to come in and to go out comes in. */
export interface GroupPatch {
  readonly name?: string
  readonly profile?: JsonObject
  readonly lookup?: readonly string[]
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** Members and groups of one organization. Writes need members.manage; touching an owner needs organization.manage, or an identity provider, which
 *  gives no roles. Every write acts on the next request, on every node. A name taken is `conflict`; the last active owner cannot go or be demoted
 *  (`conflict`). Identity providers find groups of their own alone, and nobody else changes these while a token of theirs lives (`conflict`); owners
 *  who break the glass they do not find. */
export interface Directory {
  findMember(id: string): Promise<Member | undefined>
  /** By name or e-mail, without regard to case. */
  findMemberByLogin(login: string): Promise<Member | undefined>
  listMembers(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Member>
  /** Those that are there, in the order of the ids. */
  readMembers(ids: readonly string[]): AsyncIterable<Member>
  /** By a text of `lookup`; in no order. */
  findMembers(lookup: string): AsyncIterable<Member>
  /** Everybody, oldest first, worked out once for each state of the organization. */
  membersByAge(): Promise<readonly MemberEntry[]>
  createMember(member: NewMember): Promise<Member>
  /** `revision`: throws `stale` where the member has changed since. */
  updateMember(id: string, patch: MemberPatch, revision?: string): Promise<Member>
  setPassword(id: string, password: string): Promise<void>
  deleteMember(id: string, revision?: string): Promise<void>

  findGroup(id: string): Promise<Group | undefined>
  findGroupByName(name: string): Promise<Group | undefined>
  listGroups(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Group>
  /** By a text of `lookup`; in no order. */
  findGroups(lookup: string): AsyncIterable<Group>
  /** Of a member, as they stood when the request came in. */
  groupsOf(member: string): Promise<readonly Group[]>
  createGroup(name: string, group?: NewGroup): Promise<Group>
  /** One commit. `revision`: throws `stale` where the group has changed since, its members included. */
  updateGroup(id: string, patch: GroupPatch, revision?: string): Promise<Group>
  renameGroup(id: string, name: string, revision?: string): Promise<Group>
  deleteGroup(id: string, revision?: string): Promise<void>
  groupMembers(id: string): AsyncIterable<string>
  changeGroupMembers(
    id: string,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): Promise<Group>
}
