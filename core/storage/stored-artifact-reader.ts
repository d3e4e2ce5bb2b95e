import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DigestService } from '../digest/digest-service.js'
import type { DigestName, Digests } from '../digest/digests.js'
import { notFound, RegistryError } from '../errors/registry-error.js'
import { randomHex } from '../runtime/identifiers.js'
import type { SingleFlight } from '../runtime/single-flight.js'
import type { FolderEntry } from './artifact.js'
import type { ArtifactReader } from './artifact-reader.js'
import { artifactRow } from './batch-rows.js'
import type { BlobRecords } from './blob-records.js'
import { holdsFile } from './folder-contents.js'
import type { Entry, Key, MetadataStore } from './metadata-store.js'
import { compareNames } from './name-order.js'
import { seen } from './optimistic.js'
import { asJson, type LateDigestsRow, row } from './storage-rows.js'
import { StoredArtifact } from './stored-artifact.js'
import { tenantKeys } from './tenant-keys.js'

export interface ArtifactStores {
  readonly metadata: MetadataStore
  readonly blobs: BlobRecords
  readonly digests: DigestService
  /** Digests being computed: of many who ask at once, one reads the file. */
  readonly computing: SingleFlight<string>
}

/** Files of one hosted repository, each found from its path by one strong read. */
export class StoredArtifactReader implements ArtifactReader {
  constructor(
    private readonly stores: ArtifactStores,
    private readonly organizationId: string,
    private readonly repositoryId: string,
  ) {}

  async find(path: string): Promise<StoredArtifact | undefined> {
    const entry = await this.stores.metadata.get(tenantKeys.artifact(this.organizationId, this.repositoryId, path))
    return entry && this.artifact(path, entry)
  }

  async get(path: string): Promise<StoredArtifact> {
    const found = await this.find(path)
    if (!found) throw notFound('file', path)
    return found
  }

  async *list(folder: string, query: { readonly after?: string; readonly limit?: number } = {}): AsyncIterable<FolderEntry> {
    const prefix = folder === '' ? '' : `${folder}/`
    const partition = tenantKeys.folder(this.organizationId, this.repositoryId, folder)
    const from = (kind: 'a' | 'd') =>
      this.stores.metadata
        .range(partition, { prefix: [kind], ...(query.after === undefined ? {} : { after: [kind, query.after] }) })
        [Symbol.asyncIterator]()
    const files = from('a')
    const folders = from('d')
    let left = query.limit ?? Number.POSITIVE_INFINITY
    try {
      let file = await files.next()
      let child = await folders.next()
      while (left > 0 && (!file.done || !child.done)) {
        const fileName = file.done ? undefined : (file.value.key.path[1] ?? '')
        const childName = child.done ? undefined : (child.value.key.path[1] ?? '')
        if (!file.done && fileName !== undefined && (childName === undefined || compareNames(fileName, childName) <= 0)) {
          const artifact = await this.artifact(prefix + fileName, file.value)
          file = await files.next()
          if (!artifact) continue
          left--
          yield { kind: 'file', name: fileName, artifact }
        } else if (childName !== undefined) {
          child = await folders.next()
          if (!(await this.holdsFile(prefix + childName))) continue
          left--
          yield { kind: 'folder', name: childName }
        }
      }
    } finally {
      await files.return?.()
      await folders.return?.()
    }
  }

  async digest(path: string, name: DigestName): Promise<string> {
    const artifact = await this.get(path)
    const known = artifact.digests[name]
    if (known) return known
    const key = tenantKeys.blobDigests(this.organizationId, artifact.row.blob)
    const entry = await this.stores.metadata.get(key)
    const late = entry && row<LateDigestsRow>(entry.value).digests[name]
    return late ?? this.stores.computing.run(`${key.partition}\0${name}`, () => this.computeAndKeep(artifact, name, key))
  }

  /** Those of its row, and those that were first asked for later. */
  async keptDigests(artifact: StoredArtifact): Promise<Digests> {
    const entry = await this.stores.metadata.get(tenantKeys.blobDigests(this.organizationId, artifact.row.blob))
    return { ...(entry && row<LateDigestsRow>(entry.value).digests), ...artifact.digests }
  }

  private async computeAndKeep(artifact: StoredArtifact, name: DigestName, key: Key): Promise<string> {
    const found = await this.compute(artifact, name)
    const entry = await this.stores.metadata.get(key)
    const digests = { ...(entry && row<LateDigestsRow>(entry.value).digests), [name]: found }
    const next: LateDigestsRow = { v: 1, digests }
    try {
      await this.stores.metadata.commit([{ op: 'put', key, value: asJson(next), if: seen(entry) }], randomHex())
    } catch (thrown) {
      // Who only reads is answered also by a store that takes no writes now; the next who asks computes it again.
      if (!(thrown instanceof RegistryError)) throw thrown
    }
    return found
  }

  /** Does anything lie in the folder, or below it? One that takes long to look through is shown as it stands: the sweeper will see to it. */
  async holdsFile(folder: string): Promise<boolean> {
    const { organizationId, repositoryId } = this
    return (await holdsFile(this.stores.metadata, { organizationId, repositoryId, folder })) !== false
  }

  private async artifact(path: string, entry: Entry): Promise<StoredArtifact | undefined> {
    const found = await artifactRow(this.stores.metadata, this.organizationId, entry.value)
    return found.state === 'present' ? new StoredArtifact(this.stores.blobs, this.organizationId, path, found) : undefined
  }

  private async compute(artifact: StoredArtifact, name: DigestName): Promise<string> {
    const meter = this.stores.digests.meter([name])
    await pipeline(
      await artifact.open(),
      meter,
      new Writable({
        write(_chunk, _encoding, done) {
          done()
        },
      }),
    )
    const digests: Digests = meter.digests()
    return digests[name] ?? ''
  }
}
