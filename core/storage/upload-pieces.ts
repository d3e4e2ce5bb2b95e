import { unavailable } from '../errors/registry-error.js'
import { randomHex } from '../runtime/identifiers.js'
import type { SealedBlob, SealedBlobs } from './encryption/sealed-blobs.js'
import type { Entry, MetadataStore } from './metadata-store.js'
import { row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'
import type { PieceRow } from './upload-rows.js'
import type { UploadSession } from './upload-session.js'

/** What became durable of resumable uploads: a row and a sealed object each. */
export class UploadPieces {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly blobs: SealedBlobs,
  ) {}

  /** The pieces of these uploads in order. Fails where one is missing. */
  async *of(organizationId: string, sessions: readonly UploadSession[]): AsyncGenerator<SealedBlob> {
    for (const session of sessions) {
      let at = 0
      for await (const { value } of this.list(organizationId, session.id)) {
        const { blob: blobId, offset, size, stored: storedSize, key } = row<PieceRow>(value)
        if (offset !== at) break
        yield { organizationId, blobId, size, storedSize, ...(key ? { key } : {}) }
        at += size
      }
      if (at !== session.offset) throw unavailable('The upload was changed meanwhile; send the request again', 1)
    }
  }

  /** The plain bytes of these uploads in order. */
  async *read(organizationId: string, sessions: readonly UploadSession[]): AsyncGenerator<Buffer> {
    for await (const piece of this.of(organizationId, sessions)) yield* (await this.blobs.open(piece)) as AsyncIterable<Buffer>
  }

  /** Rows before bytes: what is left by a crash in between is named by nobody, and collected. */
  async drop(org: string, id: string): Promise<void> {
    const pieces: Entry[] = []
    for await (const entry of this.list(org, id)) pieces.push(entry)
    for (const { key, value } of pieces) {
      await this.metadata.commit([{ op: 'delete', key }], randomHex())
      await this.blobs.delete(org, row<PieceRow>(value).blob)
    }
  }

  async *list(org: string, id: string): AsyncIterable<Entry> {
    const { partition } = tenantKeys.intent(org, id)
    for await (const entry of this.metadata.range(partition, { prefix: [id] })) if (entry.key.path.length === 2) yield entry
  }
}
