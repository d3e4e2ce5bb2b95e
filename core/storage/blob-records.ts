import type { Readable } from 'node:stream'
import { inject, injectable } from 'tsyringe'
import { ByteCache, type CacheCounts } from '../runtime/byte-cache.js'
import { Clock } from '../runtime/clock.js'
import { Limits } from '../runtime/limits.js'
import { Logger } from '../runtime/logger.js'
import type { ByteRange } from './bytes.js'
import { DamageMarks } from './damage-marks.js'
import { damaged, isDamage } from './encryption/damage.js'
import { type SealedBlob, SealedBlobs } from './encryption/sealed-blobs.js'
import { MetadataStore } from './metadata-store.js'
import { type BlobRow, row, sealedBlob } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'
import { appearing } from './whole-commits.js'

/** Content up to this many bytes is read in one go, and kept while there is room. */
export const smallBlob = 1024 * 1024
const kept = 256 * 1024
const descriptorBytes = 400

/** From blob ids to bytes. Blobs never change, so what is known of one is kept by its id; where its bytes turn out to be damaged, its row is asked again, and
 *  marked. Of a marked blob nothing is read: 503, until the same bytes are uploaded again or the sweeper finds them to be right. */
@injectable()
export class BlobRecords {
  private readonly descriptors = new ByteCache<SealedBlob>(16 * 1024 * 1024)
  private readonly contents: ByteCache<Uint8Array>
  private readonly marks: DamageMarks
  /** Reads that met damaged bytes, in this process. */
  damagedReads = 0

  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(SealedBlobs) private readonly blobs: SealedBlobs,
    @inject(Limits) limits: Limits,
    @inject(Clock) clock: Clock,
    @inject(Logger) log: Logger,
  ) {
    this.contents = new ByteCache(limits.contentCache)
    this.marks = new DamageMarks(metadata, clock, log)
  }

  async open(organizationId: string, blobId: string, range?: ByteRange): Promise<Readable> {
    return this.reading(organizationId, blobId, async (blob) => {
      const stream = await this.blobs.open(blob, range)
      // Its transfer breaks off here; whoever asks next reads 503.
      stream.on('error', (error) => {
        if (isDamage(error)) void this.mark(organizationId, blobId, blob)
      })
      return stream
    })
  }

  async small(organizationId: string, blobId: string, size: number, limit = smallBlob): Promise<Uint8Array | undefined> {
    if (size > Math.min(limit, smallBlob)) return undefined
    const id = `${organizationId}/${blobId}`
    const held = this.contents.get(id)
    if (held) return held
    const content = await this.reading(organizationId, blobId, (blob) => this.blobs.read(blob))
    if (content.length <= kept) this.contents.put(id, content, content.length + descriptorBytes)
    return content
  }

  get cached(): CacheCounts {
    return this.contents.counts
  }

  /** Marks that are under way; before the store closes. */
  settled(): Promise<void> {
    return this.marks.settled()
  }

  private async reading<T>(organizationId: string, blobId: string, read: (blob: SealedBlob) => Promise<T>): Promise<T> {
    const blob = await this.descriptor(organizationId, blobId)
    try {
      return await read(blob)
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown
      this.descriptors.delete(`${organizationId}/${blobId}`)
      const now = await this.descriptor(organizationId, blobId)
      // Another process had it healed since it was first met here.
      if (now.blobId !== blob.blobId) return read(now)
      await this.mark(organizationId, blobId, blob)
      throw thrown
    }
  }

  private mark(organizationId: string, blobId: string, blob: SealedBlob): Promise<void> {
    this.damagedReads += 1
    this.descriptors.delete(`${organizationId}/${blobId}`)
    return this.marks.mark(organizationId, blobId, blob.blobId)
  }

  private async descriptor(organizationId: string, blobId: string): Promise<SealedBlob> {
    const id = `${organizationId}/${blobId}`
    const held = this.descriptors.get(id)
    if (held) return held
    const entry = await appearing(this.metadata, tenantKeys.blob(organizationId, blobId))
    if (!entry) throw damaged('A file names a blob that has no row')
    const found = row<BlobRow>(entry.value)
    if (found.damaged !== undefined) throw damaged('The blob is marked as damaged')
    const blob = sealedBlob(organizationId, blobId, found)
    this.descriptors.put(id, blob, descriptorBytes * (blob.pieces?.length ?? 1))
    return blob
  }
}
