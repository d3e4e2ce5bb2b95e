import type { Readable } from 'node:stream'
import { inject, injectable } from 'tsyringe'
import { RegistryError } from '../errors/registry-error.js'
import { ByteCache } from '../runtime/byte-cache.js'
import { Limits } from '../runtime/limits.js'
import type { ByteRange } from './bytes.js'
import { type SealedBlob, SealedBlobs } from './encryption/sealed-blobs.js'
import { MetadataStore } from './metadata-store.js'
import { type BlobRow, row, sealedBlob } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

/** Content up to this many bytes is read in one go, and kept while there is room. */
export const smallBlob = 1024 * 1024
const kept = 256 * 1024
const descriptorBytes = 400

/** From blob ids to bytes. Blobs never change, so what is known of one is kept by its id. */
@injectable()
export class BlobRecords {
  private readonly descriptors = new ByteCache<SealedBlob>(16 * 1024 * 1024)
  private readonly contents: ByteCache<Uint8Array>

  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(SealedBlobs) private readonly blobs: SealedBlobs,
    @inject(Limits) limits: Limits,
  ) {
    this.contents = new ByteCache(limits.contentCache)
  }

  async open(organizationId: string, blobId: string, range?: ByteRange): Promise<Readable> {
    return this.blobs.open(await this.descriptor(organizationId, blobId), range)
  }

  async small(organizationId: string, blobId: string, size: number, limit = smallBlob): Promise<Uint8Array | undefined> {
    if (size > Math.min(limit, smallBlob)) return undefined
    const id = `${organizationId}/${blobId}`
    const held = this.contents.get(id)
    if (held) return held
    const content = await this.blobs.read(await this.descriptor(organizationId, blobId))
    if (content.length <= kept) this.contents.put(id, content, content.length + descriptorBytes)
    return content
  }

  private async descriptor(organizationId: string, blobId: string): Promise<SealedBlob> {
    const id = `${organizationId}/${blobId}`
    const held = this.descriptors.get(id)
    if (held) return held
    const entry = await this.metadata.get(tenantKeys.blob(organizationId, blobId))
    if (!entry)
      throw new RegistryError('unavailable', 'The stored content is damaged', { detail: { code: 'damaged' }, retryAfter: 300 })
    const blob = sealedBlob(organizationId, blobId, row<BlobRow>(entry.value))
    this.descriptors.put(id, blob, descriptorBytes)
    return blob
  }
}
