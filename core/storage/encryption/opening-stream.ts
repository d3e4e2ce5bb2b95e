import { Transform, type TransformCallback } from 'node:stream'
import type { ByteRange } from '../bytes.js'
import { type BlobCipher, type ChunkSpan, chunkBytes, chunkCount, chunkSpan, DamagedBlob, tagBytes } from './crb1-format.js'

/** The stored bytes of whole chunks in, the plain bytes of a range out. Nothing of a chunk is released before its tag verified. */
export class OpeningStream extends Transform {
  private readonly span: ChunkSpan
  private readonly chunks: number
  private pending: Buffer[] = []
  private held = 0
  private number: number
  private left: number
  private skip: number

  constructor(
    private readonly cipher: BlobCipher,
    private readonly size: number,
    range: ByteRange,
    private readonly damaged: (reason: DamagedBlob) => void,
  ) {
    super({ highWaterMark: chunkBytes, readableHighWaterMark: 2 * chunkBytes })
    this.span = chunkSpan(size, range)
    this.chunks = chunkCount(size)
    this.number = this.span.first
    this.left = range.end - range.start
    this.skip = this.span.skip
  }

  override _transform(data: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pending.push(data)
    this.held += data.length
    try {
      while (this.number <= this.span.last && this.held >= this.wanted) this.release()
      done()
    } catch (thrown) {
      this.fail(thrown, done)
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.left === 0 && this.number > this.span.last && this.held === 0) done()
    else this.fail(new DamagedBlob(`the stored bytes end in chunk ${this.number}`), done)
  }

  /** Stored bytes of the chunk that comes next. */
  private get wanted(): number {
    return Math.min(chunkBytes, Math.max(0, this.size - this.number * chunkBytes)) + tagBytes
  }

  private release(): void {
    const { wanted } = this
    const joined = this.pending.length === 1 && this.pending[0] ? this.pending[0] : Buffer.concat(this.pending)
    const plain = this.cipher.open(this.number, this.number === this.chunks - 1, joined.subarray(0, wanted))
    this.pending = joined.length > wanted ? [joined.subarray(wanted)] : []
    this.held = joined.length - wanted
    this.number++
    const part = plain.subarray(this.skip, this.skip + this.left)
    this.skip = 0
    this.left -= part.length
    if (part.length > 0) this.push(part)
  }

  private fail(thrown: unknown, done: TransformCallback): void {
    if (thrown instanceof DamagedBlob) this.damaged(thrown)
    done(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
}
