import { notFound, unavailable } from '../errors/registry-error.js'
import type { Json } from '../runtime/json.js'
import { inTurns } from '../runtime/turns.js'
import { documentContent, headRow } from './batch-rows.js'
import type { Document, DocumentKey, DocumentReader, PackageHead } from './document-reader.js'
import type { Entry, MetadataStore } from './metadata-store.js'
import { tenantKeys } from './tenant-keys.js'
import { wholeHead } from './whole-commits.js'

/** How a plugin's older documents are brought up to date. */
export interface DocumentVersions {
  readonly v: number
  upgrade(value: Json, from: number): Json
}

/** Where the documents of one plugin lie: a repository's id, or '-' for the organization's own. */
export interface DocumentPlace {
  readonly organizationId: string
  readonly repositoryId: string
  readonly plugin: string
  readonly versions?: DocumentVersions
}

export class StoredDocumentReader implements DocumentReader {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly place: DocumentPlace,
  ) {}

  async head(pkg: string): Promise<PackageHead | undefined> {
    const { organizationId, repositoryId, plugin } = this.place
    const entry = await wholeHead(this.metadata, tenantKeys.head(organizationId, repositoryId, plugin, pkg))
    if (!entry) return undefined
    const head = await headRow(this.metadata, organizationId, entry.value)
    return head.state === 'present' ? { sequence: head.seq, modified: new Date(head.at) } : undefined
  }

  async find(key: DocumentKey): Promise<Document | undefined> {
    const { organizationId, repositoryId, plugin } = this.place
    const [pkg, ...rest] = key
    const entry = await this.metadata.get(tenantKeys.document(organizationId, repositoryId, plugin, pkg, rest))
    return entry && this.document(pkg, entry)
  }

  async get(key: DocumentKey): Promise<Document> {
    const found = await this.find(key)
    if (!found) throw notFound('document', key.join('/'))
    return found
  }

  async *list(
    prefix: DocumentKey,
    query: { readonly after?: DocumentKey; readonly limit?: number; readonly descending?: boolean } = {},
  ): AsyncIterable<Document> {
    const { organizationId, repositoryId, plugin } = this.place
    const [pkg, ...rest] = prefix
    const range = this.metadata.range(tenantKeys.package(organizationId, repositoryId, plugin, pkg), {
      prefix: ['doc', ...rest],
      ...(query.after ? { after: ['doc', ...query.after.slice(1)] } : {}),
      ...(query.descending ? { descending: true } : {}),
    })
    let left = query.limit ?? Number.POSITIVE_INFINITY
    if (left < 1) return
    for await (const entry of inTurns(range)) {
      const document = await this.document(pkg, entry)
      if (!document) continue
      yield document
      if (--left < 1) return
    }
  }

  private async document(pkg: string, entry: Entry): Promise<Document | undefined> {
    const stored = await documentContent(this.metadata, this.place.organizationId, entry.value)
    if (!stored) return undefined
    const current = this.place.versions?.v ?? 1
    if (stored.dv > current) throw unavailable('This was written by a newer version of the software', 300)
    const value = stored.dv < current && this.place.versions ? this.place.versions.upgrade(stored.d, stored.dv) : stored.d
    return { key: [pkg, ...entry.key.path.slice(1)], value, revision: entry.revision }
  }
}
