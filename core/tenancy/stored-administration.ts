import { inject, injectable } from 'tsyringe'
import { AccessPolicy } from '../auth/access-policy.js'
import { SecondFactors } from '../auth/mfa/second-factors.js'
import { principalId } from '../auth/principal.js'
import { type ScimTokens, StoredScimTokens } from '../auth/scim-tokens.js'
import type { SignInRulesPatch } from '../auth/sign-in-rules.js'
import { StoredTokens } from '../auth/stored-tokens.js'
import type { IssuedToken, TokenRecord, TokenRequest } from '../auth/token-desk.js'
import type { Member } from '../directory/directory.js'
import { readMember } from '../directory/member-rows.js'
import { forbidden, notFound } from '../errors/registry-error.js'
import { MailPost } from '../mail/mail-post.js'
import { Clock } from '../runtime/clock.js'
import { Limits } from '../runtime/limits.js'
import type { Rotation, SigningKey } from '../signing/signatures.js'
import { SigningKeys } from '../signing/signing-keys.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { DownloadCounts } from '../usage/download-counts.js'
import { readUsage } from '../usage/usage-reader.js'
import { nothing } from '../usage/usage-rows.js'
import type {
  Administration,
  DeletedRepository,
  FormatState,
  Grant,
  MemberSignIn,
  NewRepository,
  RepositoryPatch,
} from './administration.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import { DeletedRepositories } from './deleted-repositories.js'
import { GrantAdministration } from './grant-administration.js'
import { InstalledFormats } from './installed-formats.js'
import { type LeaverHolds, StoredLeaverHolds } from './leaver-holds.js'
import type { Organization } from './organization.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { organizationValue, readOrganization } from './organization-rows.js'
import { type Repository, unknownFormat } from './repository.js'
import { RepositoryAdministration } from './repository-administration.js'
import { SignInAdministration } from './sign-in-administration.js'
import { Tenancy } from './tenancy.js'

interface Parts {
  readonly store: MetadataStore
  readonly tenancy: Tenancy
  readonly formats: InstalledFormats
  readonly tokens: StoredTokens
  readonly clock: Clock
  readonly downloads: DownloadCounts
  readonly signing: SigningKeys
}

/** Opens the administration of one organization for one caller. */
@injectable()
export class StoredAdministration {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Tenancy) private readonly tenancy: Tenancy,
    @inject(AccessPolicy) private readonly policy: AccessPolicy,
    @inject(InstalledFormats) private readonly formats: InstalledFormats,
    @inject(StoredTokens) private readonly tokens: StoredTokens,
    @inject(Clock) private readonly clock: Clock,
    @inject(DownloadCounts) private readonly counts: DownloadCounts,
    @inject(SigningKeys) private readonly signing: SigningKeys,
    @inject(Limits) private readonly limits: Limits,
    @inject(SecondFactors) private readonly factors: SecondFactors,
    @inject(MailPost) private readonly post: MailPost,
  ) {}

  for(scope: CallerScope): Administration {
    const { store, tenancy, policy, formats, tokens, clock, counts: downloads, signing } = this
    const deleted = new DeletedRepositories(store, clock, scope)
    const { undoDays } = this.limits
    const repositories = new RepositoryAdministration(store, tenancy, policy, formats, clock, scope, deleted, undoDays)
    const grants = new GrantAdministration(store, tenancy, clock, scope)
    const parts = { store, tenancy, formats, tokens, clock, downloads, signing }
    const signIns = new SignInAdministration(store, this.factors, this.post, clock, scope)
    return new CallerAdministration(parts, scope, repositories, deleted, grants, signIns)
  }
}

class CallerAdministration implements Administration {
  private readonly org: string

  constructor(
    private readonly parts: Parts,
    private readonly scope: CallerScope,
    private readonly repositories: RepositoryAdministration,
    private readonly deleted: DeletedRepositories,
    private readonly grants: GrantAdministration,
    private readonly signIns: SignInAdministration,
  ) {
    this.org = scope.tenant.organization.id
  }

  get scimTokens(): ScimTokens {
    const { store, clock } = this.parts
    return new StoredScimTokens(store, clock, this.scope, principalId(this.scope.principal))
  }

  get leaverHolds(): LeaverHolds {
    return new StoredLeaverHolds(this.parts.store, this.parts.clock, this.scope)
  }

  async listSigningKeys(): Promise<readonly SigningKey[]> {
    this.scope.require('organization.read')
    return this.parts.signing.list(this.org)
  }
  async rotateSigningKeys(rotation: Rotation): Promise<readonly SigningKey[]> {
    this.scope.require('organization.manage')
    return this.parts.signing.rotate(this.org, rotation, (action, id) =>
      callerEntry(this.scope, this.parts.clock.now(), action, { kind: 'signing-key', id }),
    )
  }

  listRepositories(): AsyncIterable<Repository> {
    return this.repositories.list()
  }
  getRepository(name: string): Promise<Repository> {
    return this.repositories.get(name)
  }
  createRepository(repository: NewRepository): Promise<Repository> {
    return this.repositories.create(repository)
  }
  updateRepository(name: string, patch: RepositoryPatch): Promise<Repository> {
    return this.repositories.update(name, patch)
  }
  deleteRepository(name: string, reason?: string): Promise<void> {
    return this.repositories.delete(name, reason)
  }
  listDeletedRepositories(query?: { readonly after?: string }): AsyncIterable<DeletedRepository> {
    return this.deleted.list(query)
  }
  restoreRepository(which: string, name?: string): Promise<Repository> {
    return this.deleted.restore(which, name)
  }
  purgeRepository(which: string): Promise<void> {
    return this.deleted.purge(which)
  }

  listGrants(): AsyncIterable<Grant> {
    return this.grants.list()
  }
  setGrant(grant: Grant): Promise<void> {
    return this.grants.set(grant)
  }
  removeGrant(grant: Omit<Grant, 'level'>): Promise<void> {
    return this.grants.remove(grant)
  }

  async listFormats(): Promise<readonly FormatState[]> {
    const { disabledFormats } = await this.current()
    return this.parts.formats.formats().map(({ name, version }) => ({ name, version, enabled: !disabledFormats.includes(name) }))
  }

  async setFormat(name: string, enabled: boolean): Promise<void> {
    this.scope.require('organization.manage')
    const installed = this.parts.formats.formats()
    if (!installed.some((format) => format.name === name)) throw unknownFormat(name, installed)
    await untilSettled(async () => {
      const entry = await this.parts.store.get(tenantKeys.organization(this.org))
      if (entry === undefined) throw notFound('organization', this.scope.tenant.organization.name)
      const organization = readOrganization(entry)
      const others = organization.disabledFormats.filter((format) => format !== name)
      const disabledFormats = enabled ? others : [...others, name].sort()
      if (disabledFormats.length === organization.disabledFormats.length) return
      const log = callerEntry(this.scope, this.parts.clock.now(), enabled ? 'format.enable' : 'format.disable', {
        kind: 'format',
        id: name,
      })
      const value = organizationValue({ ...organization, disabledFormats })
      await new OrganizationChange(this.parts.store, this.org, log).put(entry.key, value, { revision: entry.revision }).commit()
    })
  }

  async issueToken(memberId: string, request: TokenRequest): Promise<IssuedToken> {
    const member = await this.supplied(memberId)
    const tenant = await this.parts.tenancy.openById(this.org)
    for (const scope of request.scopes) {
      if (scope.kind !== 'repository' || scope.repository === '*') continue
      if (tenant.findRepositoryById(scope.repository) === undefined) throw notFound('repository', scope.repository)
    }
    return this.parts.tokens.issue(this.org, member, this.issuer, request, (action, id) => this.entry(action, id))
  }

  async rotateToken(memberId: string, id: string, overlap: number): Promise<IssuedToken> {
    const member = await this.supplied(memberId)
    return this.parts.tokens.rotate(this.org, member, id, overlap, this.issuer, (action, token) => this.entry(action, token))
  }

  /** Somebody to whom the caller may give tokens. */
  private async supplied(memberId: string): Promise<Member> {
    const member = await this.managed(memberId, 'members.manage')
    const { principal } = this.scope
    if (principal.kind !== 'operator' && member.kind !== 'service') {
      throw forbidden('Members issue their own tokens; an administrator issues those of service accounts')
    }
    if (principal.kind !== 'operator' && 'by' in principal && principal.by === 'token') {
      throw forbidden('Tokens are managed by a member who signed in, never by a token')
    }
    return member
  }
  private get issuer(): string {
    const { principal } = this.scope
    return principal.kind === 'operator' || principal.kind === 'member' || principal.kind === 'service' ? principal.id : '-'
  }

  async *listTokens(memberId: string): AsyncIterable<TokenRecord> {
    const { id } = await this.managed(memberId, 'members.read')
    yield* this.parts.tokens.list(this.org, id)
  }

  async revokeToken(memberId: string, id: string): Promise<void> {
    const member = await this.managed(memberId, 'members.manage')
    await this.parts.tokens.revoke(this.org, member.id, id, (action, token) => this.entry(action, token))
  }

  async findTokenOwner(id: string): Promise<Member> {
    this.requireRead()
    const owner = await this.parts.tokens.owner(this.org, id)
    if (owner === undefined) throw notFound('token', id.slice(0, 80))
    return this.managed(owner, 'members.read')
  }

  async usage() {
    this.scope.require('organization.read')
    const organization = await readUsage(this.parts.store, this.org)
    if (organization === undefined) return undefined
    const repositories = []
    for await (const { id, name } of this.repositories.list())
      repositories.push({ name, stored: organization.repositories.get(id) ?? nothing })
    return { organization, repositories }
  }

  async downloads(repository: string, pkg: string, days: { readonly from?: string; readonly to?: string } = {}) {
    const { id } = await this.repositories.get(repository)
    const { downloads } = this.parts
    const since = await downloads.since()
    const versions = []
    for await (const one of downloads.versions(this.org, id, pkg)) versions.push(one)
    return { ...(since === undefined ? {} : { since }), ...(await downloads.of(this.org, id, pkg, days)), versions }
  }

  async organization(): Promise<Organization> {
    this.scope.require('organization.read')
    return this.current()
  }

  setSignInRules(patch: SignInRulesPatch): Promise<Organization> {
    return this.signIns.setRules(patch)
  }
  signInOf(memberId: string): Promise<MemberSignIn> {
    return this.signIns.of(memberId)
  }
  setBreakGlass(memberId: string, breakGlass: boolean): Promise<void> {
    return this.signIns.setBreakGlass(memberId, breakGlass)
  }
  resetSecondFactor(memberId: string): Promise<void> {
    return this.signIns.resetSecondFactor(memberId)
  }

  private async current(): Promise<Organization> {
    const { exists, organization } = await this.parts.tenancy.openById(this.org)
    if (!exists) throw notFound('organization', this.scope.tenant.organization.name)
    return organization
  }

  /** A member on whose tokens the caller may act: those of an owner are an owner's business. */
  private async managed(memberId: string, permission: 'members.read' | 'members.manage'): Promise<Member> {
    if (permission === 'members.read') this.requireRead()
    else this.scope.require(permission)
    const known = /^[ms]_[a-z0-9]{20}$/.test(memberId)
    const entry = known ? await this.parts.store.get(tenantKeys.member(this.org, memberId)) : undefined
    if (entry === undefined) throw notFound('member', memberId.slice(0, 80))
    const member = readMember(entry)
    if (permission === 'members.manage' && member.role === 'owner') this.scope.require('organization.manage')
    return member
  }

  private requireRead(): void {
    if (!this.scope.permits('members.manage')) this.scope.require('members.read')
  }

  private entry(action: string, id: string) {
    return callerEntry(this.scope, this.parts.clock.now(), action, { kind: 'token', id })
  }
}
