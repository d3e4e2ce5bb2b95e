import { inject, injectable } from 'tsyringe'
import { AccessPolicy } from '../auth/access-policy.js'
import { DigestService } from '../digest/digest-service.js'
import { notFound } from '../errors/registry-error.js'
import { SingleFlight } from '../runtime/single-flight.js'
import type { FolderEntry } from '../storage/artifact.js'
import { BlobRecords } from '../storage/blob-records.js'
import { Catalog } from '../storage/catalog.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { SharedBytes } from '../storage/shared-bytes.js'
import { type ArtifactStores, StoredArtifactReader } from '../storage/stored-artifact-reader.js'
import type { CallerScope } from './caller-scope.js'
import { searchContents } from './content-search.js'
import type { ContentQuery, Contents, FileDetails, PackageDetails, SearchAnswer } from './contents.js'
import { InstalledFormats } from './installed-formats.js'
import type { Repository } from './repository.js'
import { Visibility } from './visibility.js'

/** Opens the contents of one organization for one caller. */
@injectable()
export class StoredContents {
  private readonly stores: ArtifactStores

  constructor(
    @inject(MetadataStore) metadata: MetadataStore,
    @inject(BlobRecords) blobs: BlobRecords,
    @inject(DigestService) digests: DigestService,
    @inject(Catalog) private readonly catalog: Catalog,
    @inject(SharedBytes) private readonly sharedBytes: SharedBytes,
    @inject(AccessPolicy) private readonly policy: AccessPolicy,
    @inject(InstalledFormats) private readonly formats: InstalledFormats,
  ) {
    this.stores = { metadata, blobs, digests, computing: new SingleFlight<string>() }
  }

  for(scope: CallerScope): Contents {
    const visibility = new Visibility(scope, this.policy, this.formats)
    return new CallerContents(this.stores, this.catalog, this.sharedBytes, this.formats, scope, visibility)
  }
}

class CallerContents implements Contents {
  private readonly org: string

  constructor(
    private readonly stores: ArtifactStores,
    private readonly catalog: Catalog,
    private readonly sharedBytes: SharedBytes,
    private readonly formats: InstalledFormats,
    private readonly scope: CallerScope,
    private readonly visibility: Visibility,
  ) {
    this.org = scope.tenant.organization.id
  }

  async folder(name: string, folder: string, query: { readonly after?: string } = {}): Promise<AsyncIterable<FolderEntry>> {
    const repository = this.repository(name)
    if (!this.visibility.folder(repository, folder)) throw notFound('folder', folder)
    return this.entries(repository, folder, query)
  }

  async file(name: string, path: string): Promise<FileDetails> {
    const repository = this.repository(name)
    if (!this.visibility.path(repository, path)) throw notFound('file', path)
    const reader = this.files(repository)
    const artifact = await reader.get(path)
    const digests = await reader.keptDigests(artifact)
    return { repository, artifact, digests, addressed: this.formats.serves(repository.format, path) }
  }

  async packages(name: string, query: { readonly after?: string } = {}): Promise<AsyncIterable<PackageDetails>> {
    return this.described(this.repository(name), query)
  }

  async findPackage(name: string, pkg: string): Promise<PackageDetails | undefined> {
    const repository = this.repository(name)
    const facts = await this.catalog.find(this.org, repository.id, pkg)
    if (facts !== undefined && this.visibility.path(repository, pkg)) return { repository, name: pkg, facts }
    for await (const one of this.described(repository, {})) if (one.facts.name === pkg) return one
    return undefined
  }

  async search(query: ContentQuery): Promise<SearchAnswer> {
    this.scope.require('repositories.read')
    const { org: organizationId, visibility, catalog, sharedBytes } = this
    return searchContents({ organizationId, visibility, catalog, sharedBytes, files: (one) => this.files(one) }, query)
  }

  async settings(name: string, url: URL): Promise<readonly { readonly client: string; readonly text: string }[]> {
    const { format } = this.repository(name)
    return this.formats.settings(format, { name, url })
  }

  private repository(name: string): Repository {
    this.scope.require('repositories.read')
    return this.visibility.repository(name)
  }

  private files(repository: Repository): StoredArtifactReader {
    return new StoredArtifactReader(this.stores, this.org, repository.id)
  }

  private async *entries(repository: Repository, folder: string, query: { readonly after?: string }): AsyncIterable<FolderEntry> {
    const below = (name: string) => (folder === '' ? name : `${folder}/${name}`)
    for await (const entry of this.files(repository).list(folder, query)) {
      const path = below(entry.name)
      const shown = entry.kind === 'file' ? this.visibility.path(repository, path) : this.visibility.folder(repository, path)
      if (shown) yield entry
    }
  }

  private async *described(repository: Repository, query: { readonly after?: string }): AsyncIterable<PackageDetails> {
    for await (const { name, facts } of this.catalog.list(this.org, repository.id, query))
      if (this.visibility.path(repository, name)) yield { repository, name, facts }
  }
}
