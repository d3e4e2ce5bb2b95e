import { type Begun, readMemberEpoch } from '../auth/member-epoch.js'
import type { Principal } from '../auth/principal.js'
import { readException } from '../auth/session-rows.js'
import { noException, type SignInException, type SignInRules, usualSignInRules } from '../auth/sign-in-rules.js'
import {
  readScimTokenListing,
  readToken,
  readTokenListing,
  type ScimTokenListing,
  type ScimTokenRow,
  type TokenListing,
  type TokenRow,
} from '../auth/token-rows.js'
import type { Member } from '../directory/directory.js'
import { chunkOf, headChunk, readChunk } from '../directory/group-rows.js'
import { type PasswordRow, readLogin, readMember, readPassword } from '../directory/member-rows.js'
import { internal } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import type { Entry, Key, MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Grant } from './administration.js'
import type { Organization } from './organization.js'
import { readGrant, readOrganization, readRepository, subjectKey } from './organization-rows.js'
import type { Repository } from './repository.js'
import type { Tenant } from './tenancy.js'

/** One organization under one access epoch. Small rows are read at once; members, passwords and tokens when first asked for, and kept:
 *  whatever changes them raises the epoch, and with it comes another snapshot. What was not found is not kept. */
export class TenantSnapshot implements Tenant {
  private readonly byName = new Map<string, Repository>()
  private readonly byId = new Map<string, Repository>()
  private readonly grants = new Map<string, Grant[]>()
  private readonly groups = new Map<string, string[]>()
  private readonly rows = new Map<string, BoundedMap<string, unknown>>()

  private constructor(
    readonly organization: Organization,
    readonly exists: boolean,
    readonly epoch: string,
    private readonly store: MetadataStore,
  ) {}

  /** Undefined where the organization's row is gone. */
  static async load(store: MetadataStore, org: string, epoch: string): Promise<TenantSnapshot | undefined> {
    const row = await store.get(tenantKeys.organization(org))
    if (row === undefined) return undefined
    const snapshot = new TenantSnapshot(readOrganization(row), true, epoch, store)
    const rows = tenantKeys.organizationRows(org)
    for await (const entry of store.range(rows, { prefix: ['repository'] })) snapshot.addRepository(readRepository(entry))
    for await (const entry of store.range(rows, { prefix: ['grant'] })) snapshot.addGrant(readGrant(entry))
    for await (const entry of store.range(rows, { prefix: ['group'] })) snapshot.addChunk(entry)
    return snapshot
  }

  /** What stands for an organization that does not exist: nothing is found in it, by the same code and the same reads. */
  static empty(store: MetadataStore, id: string, name: string): TenantSnapshot {
    const organization: Organization = {
      id,
      name,
      status: 'active',
      createdAt: new Date(0),
      publicAllowed: false,
      disabledFormats: [],
    }
    return new TenantSnapshot(organization, false, '', store)
  }

  /** Tenants come from this house's Tenancy alone; anything else is a bug. */
  static of(tenant: Tenant): TenantSnapshot {
    if (tenant instanceof TenantSnapshot) return tenant
    throw internal(new TypeError('A tenant that no tenancy opened'))
  }

  findRepository(name: string): Repository | undefined {
    return this.byName.get(name)
  }
  findRepositoryById(id: string): Repository | undefined {
    return this.byId.get(id)
  }
  repositories(): Iterable<Repository> {
    return this.byName.values()
  }
  grantsOf(principal: Principal): readonly Grant[] {
    if (principal.kind !== 'member' && principal.kind !== 'service') return []
    if (this.grants.size === 0) return []
    const named = [subjectKey(principal), ...principal.groups.map((id) => subjectKey({ kind: 'group', id }))]
    return named.flatMap((subject) => this.grants.get(subject) ?? [])
  }
  allGrants(): Iterable<Grant> {
    return [...this.grants.values()].flat()
  }
  groupsOf(member: string): readonly string[] {
    return this.groups.get(member) ?? []
  }

  member(id: string): Promise<Member | undefined> {
    return this.kept('member', id, tenantKeys.member(this.organization.id, id), readMember)
  }
  async memberByLogin(key: string): Promise<Member | undefined> {
    // What no row can be named after is nobody's login.
    if (key === '' || key.includes('\0') || Buffer.byteLength(key) > 254) return undefined
    const login = await this.kept('login', key, tenantKeys.login(this.organization.id, key), readLogin)
    return login === undefined ? undefined : this.member(login.member)
  }
  password(member: string): Promise<PasswordRow | undefined> {
    return this.kept('password', member, tenantKeys.password(this.organization.id, member), readPassword)
  }
  /** Of a member, service account or identity provider of this organization, by SHA-256 of the token. */
  token(hash: string): Promise<TokenRow | ScimTokenRow | undefined> {
    return this.kept('token', hash, tenantKeys.secret(this.organization.id, hash, 'token'), readToken)
  }
  tokenListing(member: string, id: string): Promise<TokenListing | undefined> {
    return this.kept('listing', id, tenantKeys.memberToken(this.organization.id, member, id), readTokenListing)
  }
  scimTokenListing(id: string): Promise<ScimTokenListing | undefined> {
    return this.kept('scim-listing', id, tenantKeys.scimToken(this.organization.id, id), readScimTokenListing)
  }
  async memberEpoch(member: string, of: Begun): Promise<string> {
    const key = tenantKeys.memberEpoch(this.organization.id, member, of)
    return this.keptOr(`epoch of ${of}`, member, key, readMemberEpoch)
  }
  /** What the organization asks of those who sign in. */
  get signIn(): SignInRules {
    return { ...usualSignInRules, ...this.organization.signIn }
  }
  hasSecondFactor(member: string): Promise<boolean> {
    return this.keptOr(
      'second-factor',
      member,
      tenantKeys.secondFactor(this.organization.id, member),
      (entry) => entry !== undefined,
    )
  }
  signInException(member: string): Promise<SignInException> {
    const key = tenantKeys.signInException(this.organization.id, member)
    return this.keptOr('sign-in', member, key, (entry) => (entry === undefined ? noException : readException(entry)))
  }
  /** A place for what is worked out from these rows alone. */
  derived<V>(kind: string): BoundedMap<string, V> {
    let rows = this.rows.get(kind)
    if (rows === undefined) {
      rows = new BoundedMap<string, unknown>(20_000)
      this.rows.set(kind, rows)
    }
    return rows as BoundedMap<string, V>
  }

  private async kept<T>(kind: string, id: string, key: Key, read: (entry: Entry) => T): Promise<T | undefined> {
    const rows = this.derived<T>(kind)
    const known = rows.get(id)
    if (known !== undefined) return known
    const entry = await this.store.get(key)
    if (entry === undefined) return undefined
    const row = read(entry)
    rows.set(id, row)
    return row
  }
  /** Of somebody known: that there is no row is kept too, since making it raises the epoch. */
  private async keptOr<T>(kind: string, id: string, key: Key, read: (entry: Entry | undefined) => T): Promise<T> {
    const rows = this.derived<{ readonly row: T }>(kind)
    let known = rows.get(id)
    if (known === undefined) {
      known = { row: read(await this.store.get(key)) }
      rows.set(id, known)
    }
    return known.row
  }
  private addRepository(repository: Repository): void {
    this.byName.set(repository.name, repository)
    this.byId.set(repository.id, repository)
  }
  private addGrant(grant: Grant): void {
    const key = subjectKey(grant.subject)
    const grants = this.grants.get(key)
    if (grants === undefined) this.grants.set(key, [grant])
    else grants.push(grant)
  }
  private addChunk(entry: Entry): void {
    const { group, chunk } = chunkOf(entry)
    if (chunk === headChunk) return
    for (const member of readChunk(entry)) {
      const groups = this.groups.get(member)
      if (groups === undefined) this.groups.set(member, [group])
      else groups.push(group)
    }
  }
}
