import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ByteRange } from './bytes.js'
import type { SealedBlobs, SealedWriter } from './encryption/sealed-blobs.js'
import type { StoredArtifact } from './stored-artifact.js'

/** Stands in for an upload of bytes that lie in the organization already. A commit gives them one more name; only where the blob that holds them is being
 *  collected does `finish` write them anew, and `begun` hears of it first. */
export class CopyingWriter implements SealedWriter {
  readonly sink = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error('These bytes lie in the store already'))
    },
  })
  private writer: SealedWriter | undefined

  constructor(
    private readonly blobs: SealedBlobs,
    private readonly organizationId: string,
    private readonly content: StoredArtifact,
    private readonly begun: (blobId: string) => Promise<void>,
  ) {}

  get blobId(): string {
    return this.writer?.blobId ?? this.content.row.blob
  }

  open(range?: ByteRange): Promise<Readable> {
    return this.content.open(range)
  }

  async finish(): ReturnType<SealedWriter['finish']> {
    this.writer = await this.blobs.create(this.organizationId)
    await this.begun(this.writer.blobId)
    await pipeline(await this.content.open(), this.writer.sink)
    return this.writer.finish()
  }

  async abort(): Promise<void> {
    await this.writer?.abort()
  }
}
