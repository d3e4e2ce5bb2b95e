import { readVerified, type VerifiedRow, verifiedValue } from '../accounts/account-rows.js'
import { passwordContext, passwordValue } from '../accounts/new-password.js'
import { newMemberEpoch } from '../auth/member-epoch.js'
import { importedHash } from '../auth/pbkdf2-hash.js'
import { conflict, invalid, notFound, stale } from '../errors/registry-error.js'
import { newId } from '../runtime/identifiers.js'
import type { Key } from '../storage/metadata-store.js'
import { seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { type OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import type { Member, MemberPatch, NewMember } from './directory.js'
import type { DirectoryParts } from './directory-parts.js'
import { LeaverBrake } from './leaver-brake.js'
import { Leaving, secretKeys } from './leaving.js'
import { lookupHashes, memberLookups, moveLookups } from './lookup-rows.js'
import { changedFields, checkedMember, patched } from './member-checks.js'
import { MemberReader } from './member-reader.js'
import { loginKey, memberValue, readOwners, readPassword } from './member-rows.js'

type Unrevised = Omit<Member, 'revision'>

/** What else goes into the commit of a member, also where the member stays as it is; and who answers for its address, where that is no administrator. */
interface InOneCommit {
  readonly write?: (change: OrganizationChange, id: string) => void
  readonly verifiedBy?: VerifiedRow['by']
}

/** Members and service accounts: a row of their own each, a row for each login, and one that names the active owners. */
export class MemberDirectory {
  private readonly reader: MemberReader
  private readonly brake: LeaverBrake

  constructor(private readonly parts: DirectoryParts) {
    this.reader = new MemberReader(parts)
    this.brake = new LeaverBrake(parts, this.reader)
  }

  async create(wanted: NewMember, more: InOneCommit = {}): Promise<Member> {
    const { clock, org, hashes, scope } = this.parts
    scope.require('members.manage')
    if (wanted.role === 'owner') scope.require('organization.manage')
    const kind = wanted.kind ?? 'member'
    const { password, passwordHash, emailVerified, ...fields } = wanted
    if (kind === 'service' && (password ?? passwordHash) !== undefined)
      throw invalid('A service account has no password; give it a token')
    if (password !== undefined && passwordHash !== undefined)
      throw invalid('A member has a password or the hash of one, not both')
    const now = clock.now()
    const id = newId(kind === 'service' ? 's' : 'm')
    const { lookup = [], status = 'active', ...rest } = fields
    const dates = { createdAt: now, changedAt: now }
    const member = checkedMember({
      ...rest,
      ...dates,
      id,
      kind,
      status,
      lookup: memberLookups(lookupHashes('member', lookup), rest.displayName),
    })
    const imported = passwordHash === undefined ? undefined : importedHash(passwordHash)
    const phc = password === undefined ? imported : await hashes.hashNew(password, this.context(member))
    await untilSettled(async () => {
      const change = this.parts.change('member.create', 'member', id, Object.keys(wanted)).tell('member.changed', 'created')
      more.write?.(change, id)
      change.put(tenantKeys.member(org, id), memberValue(member), 'absent')
      this.moveLogins(change, undefined, member)
      moveLookups(change, org, id, [], member.lookup)
      const norm = imported === undefined ? 'opaque' : 'raw'
      if (phc !== undefined) change.put(tenantKeys.password(org, id), passwordValue(phc, 1, now, norm), 'absent')
      if (emailVerified === true) (await this.verification(member, true, more.verifiedBy))?.(change)
      await this.keepOwners(change, undefined, member)
      await change.commit()
    })
    return this.get(id)
  }

  async update(id: string, patch: MemberPatch, revision?: string, more: InOneCommit = {}): Promise<Member> {
    const { clock, scope } = this.parts
    scope.require('members.manage')
    const begun = clock.monotonic()
    let leaving: Leaving | undefined
    const settled = await untilSettled(async () => {
      const before = await this.get(id)
      this.requireOver(before)
      if (patch.role === 'owner') scope.require('organization.manage')
      const moved = stale('The member has changed since', { detail: { member: id } })
      if (revision !== undefined && revision !== before.revision) throw moved
      const after = checkedMember(patched(before, patch, clock.now()))
      const changes = [...changedFields(before, after)]
      const mark = await this.verification(after, patch.emailVerified, more.verifiedBy)
      if (changes.length === 0 && mark === undefined && more.write === undefined) return before
      if (mark !== undefined) changes.push('emailVerified')
      const turned = before.status === after.status ? 'update' : after.status === 'active' ? 'activate' : 'deactivate'
      if (turned === 'deactivate') await this.brake.pass(id)
      // Of a leaving that was cut off.
      if (turned === 'activate') await this.clearSecrets(id, 'member.activate')
      const change = this.parts.change(`member.${turned}`, 'member', id, changes).tell('member.changed', 'updated')
      const condition = { revision: before.revision }
      change.put(tenantKeys.member(this.parts.org, id), memberValue(after), condition, revision === undefined ? undefined : moved)
      this.moveLogins(change, before, after)
      moveLookups(change, this.parts.org, id, before.lookup, after.lookup)
      await this.keepOwners(change, before, after)
      leaving = turned === 'deactivate' ? new Leaving(this.parts, before, 'deactivated', begun) : undefined
      await leaving?.into(change)
      mark?.(change)
      more.write?.(change, id)
      await change.commit()
      return this.get(id)
    })
    await leaving?.finish(() => this.clearSecrets(id, 'member.deactivate'))
    return settled
  }

  async setPassword(id: string, password: string): Promise<void> {
    const { store, org, hashes, scope, clock, post } = this.parts
    scope.require('members.manage')
    const member = await this.get(id)
    if (member.role === 'owner') scope.require('organization.manage')
    if (member.kind === 'service') throw invalid('A service account has no password; give it a token')
    const phc = await hashes.hashNew(password, this.context(member))
    const key = tenantKeys.password(org, id)
    await untilSettled(async () => {
      const entry = await store.get(key)
      const version = entry === undefined ? 1 : readPassword(entry).version + 1
      // Under the role that was looked at: somebody made an owner meanwhile is looked at again.
      const now = await this.get(id)
      if (now.role === 'owner') scope.require('organization.manage')
      const change = this.parts
        .change('password.set', 'member', id)
        .check(tenantKeys.member(org, id), { revision: now.revision })
        .put(key, passwordValue(phc, version, clock.now()), entry === undefined ? 'absent' : { revision: entry.revision })
        .tell('member.changed', 'updated')
      // Whoever sets it may do so because somebody else knew it.
      const ended = newMemberEpoch(org, id, 'sessions')
      change.put(ended.key, ended.value)
      const by = scope.principal.kind === 'member' && scope.principal.id === id ? 'self' : 'administrator'
      const letters = post.letters(org, { kind: 'password-changed', member: id, by }, clock.now())
      for (const { key, value } of letters) change.put(key, value, 'absent')
      await change.commit()
    })
  }

  /** The member, what they sign in by and their place among the owners go in one commit; the rest of their rows, which give no right, behind it. */
  async delete(id: string, revision?: string): Promise<void> {
    const { clock, org, scope, store } = this.parts
    scope.require('members.manage')
    const begun = clock.monotonic()
    const { kind, leaving } = await untilSettled(async () => {
      const before = await this.get(id)
      this.requireOver(before)
      if (revision !== undefined && revision !== before.revision)
        throw stale('The member has changed since', { detail: { member: id } })
      if (before.status === 'active') await this.brake.pass(id)
      const change = this.parts.change('member.delete', 'member', id).tell('member.changed', 'deleted')
      change.delete(tenantKeys.member(org, id), { revision: before.revision }).delete(tenantKeys.password(org, id))
      this.moveLogins(change, before, undefined)
      moveLookups(change, org, id, before.lookup)
      await this.keepOwners(change, before, undefined)
      const leaving = new Leaving(this.parts, before, 'deleted', begun)
      await leaving.into(change)
      await change.commit()
      return { kind: before.kind, leaving }
    })
    await leaving.finish(async () => {
      await this.clearSecrets(id, 'member.delete')
      const rows: Key[] = []
      for await (const { key } of store.range(tenantKeys.memberRows(org, id), {})) rows.push(key)
      await this.parts.clear(rows, 'member.delete', 'member', id, 'rows')
      await this.parts.clear(await this.parts.grantKeys(`${kind}:${id}`), 'member.delete', 'member', id, 'grants')
    })
  }

  private async clearSecrets(id: string, action: string): Promise<void> {
    await this.parts.clear(await secretKeys(this.parts, id), action, 'member', id, 'credentials')
  }

  private async get(id: string): Promise<Member> {
    const member = await this.reader.find(id)
    if (member === undefined) throw notFound('member', id)
    return member
  }

  /** An identity provider looks after owners as well, since leaving is its business; roles it has none to give. */
  private requireOver(member: Member): void {
    if (member.role === 'owner' && this.parts.scope.principal.kind !== 'scim') this.parts.scope.require('organization.manage')
  }

  private moveLogins(change: OrganizationChange, before: Unrevised | undefined, after: Unrevised | undefined): void {
    const { org } = this.parts
    const old = loginsOf(before)
    const wanted = loginsOf(after)
    for (const key of old.keys()) if (!wanted.has(key)) change.delete(tenantKeys.login(org, key), 'present')
    for (const [key, kind] of wanted) {
      if (old.get(key) === kind) continue
      const taken = conflict(`This ${kind} belongs to a member already`, { detail: { field: kind } })
      change.put(
        tenantKeys.login(org, key),
        {
          v: 1,
          member: after?.id ?? '',
          kind,
          ...(kind === 'name' && after ? { createdAt: after.createdAt.toISOString() } : {}),
        },
        old.has(key) ? 'present' : 'absent',
        old.has(key) ? undefined : taken,
      )
    }
  }

  /** Two owners who remove each other meet in one row: the second looks again and finds itself the last. */
  private async keepOwners(
    change: OrganizationChange,
    before: Unrevised | undefined,
    after: Unrevised | undefined,
  ): Promise<void> {
    const was = isActiveOwner(before)
    const is = isActiveOwner(after)
    const id = after?.id ?? before?.id
    if (was === is || id === undefined) return
    const key = tenantKeys.owners(this.parts.org)
    const entry = await this.parts.store.get(key)
    const others = entry === undefined ? [] : readOwners(entry).filter((owner) => owner !== id)
    if (!is && others.length === 0) throw conflict('The last active owner stays an owner', { detail: { code: 'LAST_OWNER' } })
    const owners = is ? [...others, id].sort() : others
    change.put(key, { v: 1, owners }, entry === undefined ? 'absent' : { revision: entry.revision })
  }

  /** What the commit writes of the verified address, if anything. An address that was changed without a word is not verified. */
  private async verification(
    { id, email }: Unrevised,
    wanted: boolean | undefined,
    by: VerifiedRow['by'] = 'administrator',
  ): Promise<((change: OrganizationChange) => void) | undefined> {
    const key = tenantKeys.verifiedEmail(this.parts.org, id)
    const entry = await this.parts.store.get(key)
    const stands = entry !== undefined && email !== undefined && readVerified(entry).address === loginKey(email)
    if (wanted === true) {
      if (email === undefined) throw invalid('There is no e-mail address that could be verified')
      const value = verifiedValue(loginKey(email), this.parts.clock.now(), by)
      return stands ? undefined : (change) => change.put(key, value, seen(entry))
    }
    if (entry === undefined || (wanted === undefined && stands)) return undefined
    return (change) => change.delete(key, seen(entry))
  }
  private context(member: Unrevised) {
    return passwordContext(this.parts.scope.tenant.organization, member)
  }
}

function loginsOf(member: Unrevised | undefined): ReadonlyMap<string, 'name' | 'email'> {
  const logins = new Map<string, 'name' | 'email'>()
  if (member?.email !== undefined) logins.set(loginKey(member.email), 'email')
  if (member !== undefined) logins.set(loginKey(member.name), 'name')
  return logins
}
function isActiveOwner(member: Unrevised | undefined): boolean {
  return member?.role === 'owner' && member.status === 'active'
}
