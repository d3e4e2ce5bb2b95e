import type { Readable } from 'node:stream'
import type { Digests } from '../digest/digests.js'
import type { Artifact } from './artifact.js'
import type { BlobRecords } from './blob-records.js'
import type { ByteRange } from './bytes.js'
import type { ArtifactRow } from './storage-rows.js'

/** An artifact as its row stood; its bytes stay readable whatever happens to the path. */
export class StoredArtifact implements Artifact {
  readonly contentType?: string

  constructor(
    private readonly blobs: BlobRecords,
    readonly organizationId: string,
    readonly path: string,
    readonly row: ArtifactRow,
  ) {
    if (row.type !== undefined) this.contentType = row.type
  }

  get size(): number {
    return this.row.size
  }
  get digests(): Digests {
    return this.row.digests
  }
  get modified(): Date {
    return new Date(this.row.at)
  }
  get sequence(): number {
    return this.row.seq
  }
  get publishedBy(): string {
    return this.row.by
  }

  isOf(organizationId: string): boolean {
    return organizationId === this.organizationId
  }

  open(range?: ByteRange): Promise<Readable> {
    return this.blobs.open(this.organizationId, this.row.blob, range)
  }
  small(limit?: number): Promise<Uint8Array | undefined> {
    return this.blobs.small(this.organizationId, this.row.blob, this.row.size, limit)
  }
}
