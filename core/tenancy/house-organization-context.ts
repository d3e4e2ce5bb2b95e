import type { Accounts } from '../accounts/accounts.js'
import type { Advisories } from '../advisories/advisory.js'
import type { StoredAdvisories } from '../advisories/stored-advisories.js'
import type { AccessPolicy } from '../auth/access-policy.js'
import type { AccountDesk } from '../auth/account-desk.js'
import type { Authenticator } from '../auth/authenticator.js'
import { ceilingReaches, isWrite, type Permission, permissionIncludes } from '../auth/permission.js'
import type { Principal } from '../auth/principal.js'
import type { TokenDesk } from '../auth/token-desk.js'
import type { Directory } from '../directory/directory.js'
import { forbidden, RegistryError, unauthenticated } from '../errors/registry-error.js'
import type { Lifecycle } from '../lifecycle/lifecycle.js'
import type { AuditTrail } from '../oversight/audit-trail.js'
import type { Privacy } from '../oversight/privacy.js'
import type { Logger } from '../runtime/logger.js'
import type { Signatures } from '../signing/signatures.js'
import type { ChangeCommit } from '../storage/change-commit.js'
import type { RepositoryChangeSet } from '../storage/change-set.js'
import type { CommitScope } from '../storage/commit-scope.js'
import type { DocumentReader } from '../storage/document-reader.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { type ChangeGuard, RecordingChangeSet } from '../storage/recorded-changes.js'
import { type DocumentPlace, StoredDocumentReader } from '../storage/stored-document-reader.js'
import type { Administration } from './administration.js'
import { actorOf } from './caller-log.js'
import type { CallerHandles, CallerScope } from './caller-scope.js'
import type { Contents } from './contents.js'
import type { ContextRequest } from './context-factory.js'
import type { ContextSession } from './context-session.js'
import type { Organization } from './organization.js'
import type { OrganizationContext } from './organization-context.js'
import { type OwnEntry, ownEntry } from './own-entry.js'
import type { ReadOnly } from './read-only.js'
import type { Repository } from './repository.js'
import type { Tenancy } from './tenancy.js'

/** What contexts are made with; the same for every request. */
export interface ContextParts {
  readonly metadata: MetadataStore
  readonly tenancy: Tenancy
  readonly authenticator: Authenticator
  readonly policy: AccessPolicy
  readonly handles: CallerHandles
  readonly commit: ChangeCommit
  readonly readOnly: ReadOnly
  readonly advisories: StoredAdvisories
  readonly log: Logger
  lifecycle(request: ContextRequest, session: ContextSession): Lifecycle
  /** Events of a commit, for the bus; and when it asks for its plugin to be woken. */
  committed(organizationId: string, events: readonly object[], reminders: readonly Date[]): void
}

/** One organization, one caller, one ceiling: there is no argument through which another tenant could be named. */
export class HouseOrganizationContext<Request extends ContextRequest = ContextRequest> implements OrganizationContext {
  readonly organization: Organization
  readonly principal: Principal
  readonly mountUrl: URL
  private logger: Logger | undefined
  private reader: StoredDocumentReader | undefined

  constructor(
    protected readonly parts: ContextParts,
    protected readonly request: Request,
    protected readonly session: ContextSession,
  ) {
    this.organization = request.tenant.organization
    this.principal = request.principal
    this.mountUrl = request.mountUrl
  }

  get log(): Logger {
    this.logger ??= this.parts.log.with({ plugin: this.request.plugin.name, requestId: this.request.requestId })
    return this.logger
  }

  get documents(): DocumentReader {
    this.session.use()
    this.reader ??= new StoredDocumentReader(this.parts.metadata, this.place())
    return this.reader
  }

  get directory(): Directory {
    this.session.use()
    return this.parts.handles.directory(this.scope())
  }

  get own(): OwnEntry {
    this.session.use()
    const { principal } = this
    const everything = { ...this.scope(), require: () => {}, permits: () => true }
    return ownEntry({
      principal,
      directory: () => this.parts.handles.directory(everything),
      signIn: async (login, password) => (await this.signIn(login, password)).principal,
    })
  }

  get tokens(): TokenDesk {
    this.session.use()
    return this.parts.handles.tokens(this.scope())
  }

  get ownAccount(): AccountDesk {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('accounts are for the management interface alone')
    return this.parts.handles.account(this.scope(), this.request.credentials)
  }

  confirmWrite(code: string | undefined): Promise<void> {
    this.session.use()
    return this.parts.handles.confirmWrite(this.scope(), this.request.credentials, code)
  }

  get administration(): Administration {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('administration is for the management interface alone')
    return this.parts.handles.administration(this.scope())
  }

  get audit(): AuditTrail {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('the audit log is for the management interface alone')
    return this.parts.handles.audit(this.scope())
  }

  get accounts(): Accounts {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('accounts are for the management interface alone')
    return this.parts.handles.accounts(this.scope())
  }

  get privacy(): Privacy {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('privacy is for the management interface alone')
    return this.parts.handles.privacy(this.scope())
  }

  get lifecycle(): Lifecycle {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('the lifecycle is for the management interface alone')
    return this.parts.lifecycle(this.request, this.session)
  }

  get contents(): Contents {
    this.session.use()
    if (this.request.plugin.name !== 'api') throw new Error('contents are for the management interface alone')
    return this.parts.handles.contents(this.scope())
  }

  get advisories(): Advisories {
    return this.parts.advisories
  }

  get signatures(): Signatures {
    this.session.use()
    return this.parts.handles.signatures(this.scope(), this.covers('artifacts.write'))
  }

  change(): RepositoryChangeSet {
    this.session.use()
    this.requireCeiling('artifacts.write')
    return this.changesUnder({
      write: () => this.requireCeiling('artifacts.write'),
      delete: () => this.requireCeiling('artifacts.delete'),
    })
  }

  protected changesUnder(guard: ChangeGuard): RecordingChangeSet {
    const { commit, committed } = this.parts
    return new RecordingChangeSet(guard, {
      apply: (changes) => {
        this.session.use()
        const reminders = changes.reminders.map(({ at }) => at)
        return commit.apply(changes, this.commitScope(), (events) => committed(this.organization.id, events, reminders))
      },
      ahead: (changes) => {
        this.session.use()
        this.session.atEnd(() => commit.abandon(changes))
        return commit.ahead(changes, this.commitScope())
      },
      abandon: (changes) => commit.abandon(changes),
    })
  }

  async signIn(login: string, password: string, code?: string): Promise<this> {
    this.session.use()
    const { tenant, credentials } = this.request
    const principal = await this.parts.authenticator.signIn(tenant, login, password, credentials, code)
    if (!this.maySignIn(principal)) throw unauthenticated()
    return this.with({ ...this.request, principal, ceiling: 'tokens.issue' })
  }

  async widen(permission: Permission): Promise<this> {
    this.session.use()
    if (this.covers(permission)) return this
    if (!this.rights(permission)) throw forbidden(`This needs the permission ${permission}`, { detail: { permission } })
    return this.with({ ...this.request, ceiling: permission })
  }

  /** Whom a mount may tell that the credentials were right: in a repository, only somebody who may read it. */
  protected maySignIn(_principal: Principal): boolean {
    return this.request.tenant.exists
  }

  protected place(): DocumentPlace {
    const { plugin, tenant } = this.request
    return {
      organizationId: tenant.organization.id,
      repositoryId: '-',
      plugin: plugin.name,
      ...(plugin.documents ? { versions: plugin.documents } : {}),
    }
  }

  protected rights(permission: Permission, repository?: Repository): boolean {
    const { tenant, principal } = this.request
    return this.parts.policy.permits(tenant, principal, permission, repository ? { repository } : {})
  }

  protected commitScope(): CommitScope {
    const { tenant, principal, plugin, requestId, source } = this.request
    const { id, undoDays } = tenant.organization
    return {
      organizationId: id,
      repositoryId: '-',
      writePolicy: 'replace',
      plugin: plugin.name,
      documentVersion: plugin.documents?.v ?? 1,
      actor: actorOf(principal),
      requestId,
      ...(source === undefined ? {} : { source }),
      ...(undoDays === undefined ? {} : { undoDays }),
      recheck: () => this.recheck(),
      parse: async () => ({}),
    }
  }

  /** The caller, and the right to do this, as they stand now (security guide 1.4). */
  protected async recheck(): Promise<void> {
    const { tenant, principal, ceiling } = this.request
    const now = await this.parts.tenancy.openById(tenant.organization.id)
    await this.parts.readOnly.hold(now.organization)
    if (now.epoch === tenant.epoch) return
    const refreshed = principal.kind === 'plugin' ? principal : await this.parts.authenticator.refresh(now, principal)
    if (principal.kind !== 'plugin' && ceiling !== 'none' && !this.stillPermitted(now, refreshed, ceiling))
      throw forbidden('The right to do this was withdrawn meanwhile')
  }

  protected stillPermitted(tenant: ContextRequest['tenant'], principal: Principal, ceiling: Permission): boolean {
    return this.parts.policy.permits(tenant, principal, ceiling)
  }

  protected requireCeiling(permission: Permission): void {
    if (!this.covers(permission))
      throw forbidden(`This address was declared for ${this.request.ceiling}; it cannot do what needs ${permission}`, {
        detail: { permission },
      })
  }

  protected with(request: Request): this {
    const Same = this.constructor as new (parts: ContextParts, request: Request, session: ContextSession) => this
    return new Same(this.parts, request, this.session)
  }

  private covers(permission: Permission): boolean {
    const { ceiling } = this.request
    if (ceiling === 'none') return false
    if (permissionIncludes(ceiling, permission)) return true
    // On an organization mount any write permission may write the plugin's own documents; a repository's files need one of artifacts.*.
    return permission === 'artifacts.write' && !('repository' in this.request) && isWrite(ceiling)
  }

  private scope(): CallerScope {
    const { tenant, principal, requestId, source, ceiling } = this.request
    const permits = (permission: Permission, repository?: Repository) =>
      ceiling !== 'none' && ceilingReaches(ceiling, permission) && this.rights(permission, repository)
    return {
      tenant,
      principal,
      requestId,
      ...(source === undefined ? {} : { source }),
      permits,
      require(permission, repository) {
        if (!permits(permission, repository))
          throw new RegistryError('forbidden', `This needs the permission ${permission}`, { detail: { permission } })
      },
    }
  }
}
