import { Readable } from 'node:stream'
import { NodeDigestService } from '../../core/digest/node-digest-service.js'
import type { JsonObject } from '../../core/runtime/json.js'
import { defaultLimits, type Limits } from '../../core/runtime/limits.js'
import { silentLogger } from '../../core/runtime/logger.js'
import { SingleFlight } from '../../core/runtime/single-flight.js'
import { BlobRecords } from '../../core/storage/blob-records.js'
import { ChangeCommit } from '../../core/storage/change-commit.js'
import type { RepositoryChangeSet } from '../../core/storage/change-set.js'
import type { CommitScope } from '../../core/storage/commit-scope.js'
import { MemoryBlobStore } from '../../core/storage/drivers/memory-blob-store.js'
import { SealedBlobStore } from '../../core/storage/encryption/sealed-blob-store.js'
import type { Entry, MetadataStore } from '../../core/storage/metadata-store.js'
import { RecordingChangeSet } from '../../core/storage/recorded-changes.js'
import { type StagedUpload, Uploads } from '../../core/storage/staged-upload.js'
import { StoredArtifactReader } from '../../core/storage/stored-artifact-reader.js'
import { StoredDocumentReader } from '../../core/storage/stored-document-reader.js'
import { FixedClock } from './fixed-clock.js'
import { emptyMetadataStore } from './metadata-under-test.js'

/** The storage kernel alone, over stores in memory: one organization, one repository, one plugin. */
export class StorageWorld {
  readonly clock = new FixedClock()
  readonly blobs = new MemoryBlobStore(Number.POSITIVE_INFINITY, () => this.clock.now())
  readonly sealed: SealedBlobStore
  readonly uploads: Uploads
  readonly commit: ChangeCommit
  readonly artifacts: StoredArtifactReader
  readonly documents: StoredDocumentReader
  rechecked = 0
  /** What was told of commits. */
  readonly events: JsonObject[] = []

  private constructor(
    readonly digests: NodeDigestService,
    readonly metadata: MetadataStore,
    readonly limits: Limits,
  ) {
    // Sealing has suites of its own; here bytes lie in clear.
    this.sealed = new SealedBlobStore(this.blobs, undefined as never, 'off')
    this.uploads = new Uploads(metadata, this.sealed, digests, this.clock)
    this.commit = new ChangeCommit(metadata, this.clock, limits)
    const records = new BlobRecords(metadata, this.sealed, limits, this.clock, silentLogger)
    this.artifacts = new StoredArtifactReader({ metadata, blobs: records, digests, computing: new SingleFlight() }, 'o_1', 'r_1')
    this.documents = new StoredDocumentReader(metadata, { organizationId: 'o_1', repositoryId: 'r_1', plugin: 'raw' })
  }

  static async open(metadata?: MetadataStore, limits: Partial<Limits> = {}): Promise<StorageWorld> {
    const store = metadata ?? (await emptyMetadataStore())
    return new StorageWorld(await NodeDigestService.open(), store, { ...defaultLimits, ...limits })
  }

  stage(content: string | Uint8Array | Readable, expected = {}): Promise<StagedUpload> {
    const source = content instanceof Readable ? content : Readable.from([Buffer.from(content)])
    const place = { organizationId: 'o_1', repositoryId: 'r_1', actor: 'u_1', limit: 1_000_000, digests: [], declared: undefined }
    return this.uploads.stage(source, place, expected)
  }

  change(scope: Partial<CommitScope> = {}): RepositoryChangeSet {
    const whole: CommitScope = {
      organizationId: 'o_1',
      repositoryId: 'r_1',
      writePolicy: 'replace',
      plugin: 'raw',
      documentVersion: 1,
      actor: { kind: 'member', id: 'u_1' },
      requestId: 'q_1',
      recheck: async () => {
        this.rechecked++
      },
      parse: async () => ({}),
      ...scope,
    }
    return new RecordingChangeSet(
      { write() {}, delete() {} },
      {
        apply: (changes) => this.commit.apply(changes, whole, (events) => void this.events.push(...events)),
        ahead: (changes) => this.commit.ahead(changes, whole),
        abandon: (changes) => this.commit.abandon(changes),
      },
    )
  }

  async entries(): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for await (const { entry } of this.metadata.scan()) entries.push(entry)
    return entries
  }

  /** Every row as `partition | path`, random parts as `*`, counted: the exact list of what lies in the store. */
  async rows(): Promise<readonly string[]> {
    const names = (await this.entries()).map(({ key }) => {
      const [org = '', kind = '', ...rest] = key.partition.split('\0')
      const random = kind === 'b' || kind === 'h' || kind === 'i' || kind === 'l' || kind === 'n' || org === '.'
      const partition = [org, kind, ...(random ? ['*'] : rest)].join(' ')
      const path = kind === 'b' || kind === 'out' ? key.path.slice(0, 1) : kind === 'i' || kind === 'l' ? ['*'] : key.path
      return `${partition} | ${path.join(' ')}`
    })
    return names.sort()
  }

  async keys(): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const key of this.blobs.list('')) keys.push(key)
    return keys
  }
}
