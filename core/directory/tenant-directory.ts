import { inject, injectable } from 'tsyringe'
import { PasswordHash } from '../auth/password-hash.js'
import { MailPost } from '../mail/mail-post.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { MetadataStore } from '../storage/metadata-store.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import type { Directory, Group, GroupPatch, Member, MemberEntry, MemberPatch, NewGroup, NewMember } from './directory.js'
import { DirectoryParts } from './directory-parts.js'
import { GroupDirectory } from './group-directory.js'
import { MemberDirectory } from './member-directory.js'
import { MemberReader } from './member-reader.js'

/** Opens the directory of one organization for one caller. */
@injectable()
export class TenantDirectory {
  private readonly leaverCounts: DirectoryParts['leaverCounts'] = new BoundedMap(10_000)

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(PasswordHash) private readonly hashes: PasswordHash,
    @inject(MailPost) private readonly post: MailPost,
  ) {}

  for(scope: CallerScope): Directory {
    return new CallerDirectory(this.parts(scope))
  }

  /** For those who write more into the commit of a member. */
  parts(scope: CallerScope): DirectoryParts {
    return new DirectoryParts(this.store, this.clock, this.hashes, scope, this.post, this.leaverCounts)
  }
}

type Query = { readonly after?: string; readonly limit?: number }

/** Reads as the rows are at the moment, so that a caller meets its own writes. */
class CallerDirectory implements Directory {
  private readonly reader: MemberReader
  private readonly members: MemberDirectory
  private readonly groups: GroupDirectory

  constructor(private readonly parts: DirectoryParts) {
    this.reader = new MemberReader(parts)
    this.members = new MemberDirectory(parts)
    this.groups = new GroupDirectory(parts)
  }

  async findMember(id: string): Promise<Member | undefined> {
    this.parts.requireRead()
    return this.reader.find(id)
  }
  async findMemberByLogin(login: string): Promise<Member | undefined> {
    this.parts.requireRead()
    return this.reader.findByLogin(login)
  }
  async *listMembers(query?: Query): AsyncIterable<Member> {
    this.parts.requireRead()
    yield* this.reader.list(query)
  }
  async *readMembers(ids: readonly string[]): AsyncIterable<Member> {
    this.parts.requireRead()
    yield* this.reader.read(ids)
  }
  async *findMembers(lookup: string): AsyncIterable<Member> {
    this.parts.requireRead()
    yield* this.reader.findBy(lookup)
  }
  async membersByAge(): Promise<readonly MemberEntry[]> {
    this.parts.requireRead()
    return this.reader.byAge()
  }
  createMember(member: NewMember): Promise<Member> {
    return this.members.create(member)
  }
  updateMember(id: string, patch: MemberPatch, revision?: string): Promise<Member> {
    return this.members.update(id, patch, revision)
  }
  setPassword(id: string, password: string): Promise<void> {
    return this.members.setPassword(id, password)
  }
  async deleteMember(id: string, revision?: string): Promise<void> {
    await this.members.delete(id, revision)
    await this.groups.forget(id)
  }

  async findGroup(id: string): Promise<Group | undefined> {
    this.parts.requireRead()
    return this.groups.find(id)
  }
  async findGroupByName(name: string): Promise<Group | undefined> {
    this.parts.requireRead()
    return this.groups.findByName(name)
  }
  async *listGroups(query?: Query): AsyncIterable<Group> {
    this.parts.requireRead()
    yield* this.groups.list(query)
  }
  async *findGroups(lookup: string): AsyncIterable<Group> {
    this.parts.requireRead()
    yield* this.groups.findBy(lookup)
  }
  async groupsOf(member: string): Promise<readonly Group[]> {
    this.parts.requireRead()
    return this.groups.of(member)
  }
  createGroup(name: string, group?: NewGroup): Promise<Group> {
    return this.groups.create(name, group)
  }
  updateGroup(id: string, patch: GroupPatch, revision?: string): Promise<Group> {
    return this.groups.update(id, patch, revision)
  }
  renameGroup(id: string, name: string, revision?: string): Promise<Group> {
    return this.groups.rename(id, name, revision)
  }
  deleteGroup(id: string, revision?: string): Promise<void> {
    return this.groups.delete(id, revision)
  }
  async *groupMembers(id: string): AsyncIterable<string> {
    this.parts.requireRead()
    yield* this.groups.members(id)
  }
  changeGroupMembers(
    id: string,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): Promise<Group> {
    return this.groups.update(id, change)
  }
}
