import type { Readable, Writable } from 'node:stream'
import type { ByteRange } from './bytes.js'
import type { SealedBlob, SealedBlobs, SealedWriter } from './encryption/sealed-blobs.js'

/** Bytes that are durable already, and wait for a commit with many others: nothing of their writing is held any more. */
export class SettledWriter implements SealedWriter {
  constructor(
    private readonly blobs: SealedBlobs,
    private readonly blob: SealedBlob,
  ) {}

  get blobId(): string {
    return this.blob.blobId
  }
  get sink(): Writable {
    throw new Error('These bytes have been written')
  }
  open(range?: ByteRange): Promise<Readable> {
    return this.blobs.open(this.blob, range)
  }
  async finish(): ReturnType<SealedWriter['finish']> {
    const { storedSize, key, pieces } = this.blob
    return { storedSize, ...(key === undefined ? {} : { key }), ...(pieces === undefined ? {} : { pieces }) }
  }
  abort(): Promise<void> {
    return this.blobs.delete(this.blob.organizationId, this.blob.blobId)
  }
}
