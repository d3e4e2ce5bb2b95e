import type { Readable } from 'node:stream'
import { isWrite, type Permission } from '../auth/permission.js'
import type { Principal } from '../auth/principal.js'
import type { Digests } from '../digest/digests.js'
import { forbidden, hidden, methodNotAllowed, tooLarge, unavailable } from '../errors/registry-error.js'
import type { ServedIndex } from '../plugin/package-index.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Reply } from '../request/reply.js'
import type { Limits } from '../runtime/limits.js'
import type { Artifact } from '../storage/artifact.js'
import type { ArtifactReader } from '../storage/artifact-reader.js'
import type { Catalog } from '../storage/catalog.js'
import type { ChangeSet } from '../storage/change-set.js'
import type { CommitScope } from '../storage/commit-scope.js'
import { findContent } from '../storage/content-search.js'
import { OwnChangeSet } from '../storage/own-changes.js'
import type { PackageFacts } from '../storage/package-facts.js'
import type { ResumableUploads, SessionPlace } from '../storage/resumable-uploads.js'
import { type StagedUpload, type UploadPlace, type Uploads, uploadOf } from '../storage/staged-upload.js'
import type { Stage, StagedBlob, StageOptions } from '../storage/staging.js'
import { StoredArtifact } from '../storage/stored-artifact.js'
import { type ArtifactStores, StoredArtifactReader } from '../storage/stored-artifact-reader.js'
import type { DocumentPlace } from '../storage/stored-document-reader.js'
import type { UploadRoom } from '../storage/upload-room.js'
import type { UploadSessions } from '../storage/upload-session.js'
import type { DerivedDocuments, OwnDocument } from '../upstream/derived-documents.js'
import type { Allowances } from '../usage/allowances.js'
import { actorOf } from './caller-log.js'
import type { ContextRequest, RepositoryContextRequest } from './context-factory.js'
import { type ContextParts, HouseOrganizationContext } from './house-organization-context.js'
import { type Repository, repositorySwitches } from './repository.js'
import type { Collaborator, PackageEntry, RepositoryContext } from './repository-context.js'
import { RepositoryUploads } from './repository-uploads.js'
import { TenantSnapshot } from './tenant-snapshot.js'

/** What decides whether and how a file is taken. */
const rules = ['kind', 'policy', 'writePolicy', 'layoutPolicy', 'maxSize', ...repositorySwitches] as const

export interface RepositoryContextParts extends ContextParts {
  readonly stores: ArtifactStores
  readonly uploads: Uploads
  readonly resumable: ResumableUploads
  readonly catalog: Catalog
  readonly derived: DerivedDocuments
  readonly limits: Limits
  readonly allowances: Allowances
}

/** The same, cut to one repository. */
export class HouseRepositoryContext extends HouseOrganizationContext<RepositoryContextRequest> implements RepositoryContext {
  declare protected readonly parts: RepositoryContextParts
  private files: StoredArtifactReader | undefined
  private stager: Stage | undefined
  private sessions: UploadSessions | undefined
  private readonly parsed = new WeakMap<StagedBlob, Promise<PackageFacts>>()

  get repository(): Repository {
    return this.request.repository
  }

  get artifacts(): ArtifactReader {
    this.session.use()
    this.files ??= new StoredArtifactReader(this.parts.stores, this.organization.id, this.repository.id)
    return this.files
  }

  packages(query: { readonly after?: string; readonly text?: string } = {}): AsyncIterable<PackageEntry> {
    this.session.use()
    return this.parts.catalog.list(this.organization.id, this.repository.id, query)
  }

  index(name: string, pkg: string): Promise<ServedIndex | undefined> {
    this.session.use()
    const index = this.request.plugin.indexes?.find((one) => one.name === name)
    if (!index) throw new Error(`plugin ${this.request.plugin.name} has no index ${name}`)
    const { signatures, documents, mountUrl: base } = this
    const { signingEpoch } = this.organization
    return this.parts.derived.find({ index, pkg, place: this.place(), documents, base, signatures, signingEpoch })
  }

  derived(document: OwnDocument, request: ProtocolRequest): Promise<Reply> {
    this.session.use()
    return this.parts.derived.serve(document, this.place(), this.mountUrl, request)
  }

  get stage(): Stage {
    this.stager ??= Object.assign(
      (upload: Readable, expected?: Partial<Digests>, options?: StageOptions) => this.stageUpload(upload, expected, options),
      {
        limit: this.uploadLimit,
      },
    )
    return this.stager
  }

  get uploads(): UploadSessions {
    this.sessions ??= new RepositoryUploads(
      this.parts.resumable,
      this.sessionPlace(),
      () => {
        this.session.use()
        this.requireCeiling('artifacts.write')
      },
      (stage, uploads) => this.staging(stage, uploads),
    )
    return this.sessions
  }

  async findContent(sha256: string): Promise<Artifact | undefined> {
    this.session.use()
    const { tenant, principal } = this.request
    return findContent(this.parts.stores, this.organization.id, sha256, (repositoryId, path) => {
      const repository = tenant.findRepositoryById(repositoryId)
      if (repository === undefined || tenant.organization.disabledFormats.includes(repository.format)) return false
      return this.parts.policy.permits(tenant, principal, 'artifacts.read', { repository, path })
    })
  }

  async reuse(artifact: Artifact): Promise<StagedBlob> {
    this.session.use()
    this.requireCeiling('artifacts.write')
    if (!(artifact instanceof StoredArtifact) || !artifact.isOf(this.organization.id))
      throw new Error('a file can be named again in its own organization alone')
    const limit = this.uploadLimit
    if (artifact.size > limit) throw tooLarge(`The file is larger than the limit of ${limit} bytes`, { detail: { limit } })
    return this.session.keep(this.parts.uploads.known(artifact, this.uploadPlace()))
  }

  async reaching(path: string): Promise<this> {
    const { tenant, principal, ceiling, reach = [] } = this.request
    const permitted =
      ceiling === 'none' || this.parts.policy.permits(tenant, principal, ceiling, { repository: this.repository, path })
    if (!permitted) throw forbidden(`This needs the permission ${ceiling} there too`, { detail: { permission: ceiling } })
    return this.with({ ...this.request, reach: [...reach, path] })
  }

  async *collaborators(): AsyncIterable<Collaborator> {
    this.session.use()
    const { tenant, principal } = this.request
    const caller = 'id' in principal ? principal.id : undefined
    const members = this.rights('members.read')
      ? (await this.widen('members.read')).directory.listMembers()
      : [await this.own.member()]
    for await (const member of members) {
      if (member === undefined || member.status !== 'active') continue
      const { id, name, kind, role } = member
      const groups = TenantSnapshot.of(tenant).groupsOf(id)
      // Its own token may do less than a member can.
      const asked: Principal =
        id === caller ? principal : { kind, id, name, groups, by: 'session', ...(role === undefined ? {} : { role }) }
      const may = (permission: Permission) =>
        this.parts.policy.permits(tenant, asked, permission, { repository: this.repository })
      if (may('artifacts.read')) yield { name, id, groups, writes: may('artifacts.write') }
    }
  }

  parse(blob: StagedBlob, path: string): Promise<PackageFacts> {
    this.session.use()
    const already = this.parsed.get(blob)
    if (already) return already
    const parser = this.request.plugin.parsers?.find((one) => one.claims(path))
    const facts = parser ? parser.parse(uploadOf(blob), path) : Promise.resolve({})
    this.parsed.set(blob, facts)
    return facts
  }

  changeOwn(): ChangeSet {
    this.session.use()
    const { principal } = this
    if (principal.kind !== 'member' && principal.kind !== 'service') throw forbidden('Only members have documents of their own')
    if (this.repository.kind !== 'hosted') throw methodNotAllowed(['GET', 'HEAD'])
    const readable = () => this.requireCeiling('artifacts.read')
    const nothing = () => this.requireCeiling('artifacts.delete')
    return new OwnChangeSet(this.changesUnder({ write: readable, delete: nothing }), principal.id)
  }

  override async widen(permission: Permission): Promise<this> {
    if (isWrite(permission) && this.repository.kind !== 'hosted') throw methodNotAllowed(['GET', 'HEAD'])
    return super.widen(permission)
  }

  private get uploadLimit(): number {
    return this.repository.maxSize ?? this.parts.limits.maxArtifactSize
  }

  private async stageUpload(
    upload: Readable,
    expected: Partial<Digests> = {},
    { digests = [], settled = false }: StageOptions = {},
  ): Promise<StagedUpload> {
    return this.staging(async (place) => {
      const staged = await this.parts.uploads.stage(upload, { ...place, digests: [...place.digests, ...digests] }, expected)
      return settled ? this.parts.uploads.settle(staged) : staged
    })
  }

  private async staging(
    stage: (place: UploadPlace) => Promise<StagedUpload>,
    uploads: readonly string[] = [],
  ): Promise<StagedUpload> {
    this.session.use()
    this.requireCeiling('artifacts.write')
    const { id, name, quota } = this.organization
    const hold = quota === undefined ? {} : { hold: await this.parts.allowances.adopt(id, name, uploads) }
    return this.session.keep(await stage({ ...this.uploadPlace(), ...hold }))
  }

  private sessionPlace(): SessionPlace {
    const { id: org, name, quota } = this.organization
    const { uploads } = this.parts.allowances
    const room: UploadRoom = {
      of: (upload, expires, exact) => uploads.of(org, name, upload, expires, exact),
      release: (upload) => uploads.release(org, upload),
    }
    return { ...this.uploadPlace(), plugin: this.request.plugin.name, ...(quota === undefined ? {} : { room }) }
  }

  private uploadPlace(): UploadPlace {
    const { contentLength, plugin, principal } = this.request
    return {
      organizationId: this.organization.id,
      repositoryId: this.repository.id,
      actor: actorOf(principal).id,
      limit: this.uploadLimit,
      digests: plugin.digests ?? [],
      declared: contentLength,
    }
  }

  protected override maySignIn(principal: Principal): boolean {
    const { tenant, repository } = this.request
    return tenant.exists && this.parts.policy.sees(tenant, principal, repository)
  }

  protected override place(): DocumentPlace {
    return { ...super.place(), repositoryId: this.repository.id }
  }

  protected override rights(permission: Permission, repository: Repository = this.repository): boolean {
    return this.permitted(this.request.tenant, this.principal, permission, repository)
  }

  /** On the request's own path, and on every other that it reaches. */
  private permitted(tenant: ContextRequest['tenant'], principal: Principal, permission: Permission, repository: Repository) {
    const { path, reach = [] } = this.request
    const own = path === undefined ? [{ repository }] : [{ repository, path }]
    const places = [...own, ...reach.map((other) => ({ repository, path: other }))]
    return places.every((place) => this.parts.policy.permits(tenant, principal, permission, place))
  }

  protected override commitScope(): CommitScope {
    const { id, name, quota } = this.organization
    return {
      ...super.commitScope(),
      ...(quota === undefined ? {} : { cover: (bytes, holds) => this.parts.allowances.cover(id, name, bytes, holds) }),
      repositoryId: this.repository.id,
      writePolicy: this.repository.writePolicy,
      parse: (blob, path) => this.parse(blob, path),
    }
  }

  protected override stillPermitted(tenant: ContextRequest['tenant'], principal: Principal, ceiling: Permission): boolean {
    const repository = tenant.findRepositoryById(this.repository.id)
    if (!repository) throw hidden()
    if (tenant.organization.disabledFormats.includes(repository.format))
      throw forbidden(`The format ${repository.format} is disabled here`)
    // What was judged by the old rules is judged again by the new ones.
    if (rules.some((rule) => repository[rule] !== this.repository[rule]))
      throw unavailable('The rules of this repository have changed; send the request again', 1)
    return this.permitted(tenant, principal, ceiling, repository)
  }
}
