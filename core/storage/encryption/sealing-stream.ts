import { Transform, type TransformCallback } from 'node:stream'
import { type BlobCipher, chunkBytes } from './crb1-format.js'

/** Plain bytes in, CRB1 out: sequential, used once. Which chunk is the last is known only at the end, so a full one waits for the next byte. */
export class SealingStream extends Transform {
  /** Plain bytes so far. */
  size = 0
  private readonly chunk = Buffer.allocUnsafe(chunkBytes)
  private filled = 0
  private number = 0

  constructor(private readonly cipher: BlobCipher) {
    super({ highWaterMark: chunkBytes })
    this.push(cipher.header)
  }

  override _transform(data: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let offset = 0
    while (offset < data.length) {
      if (this.filled === chunkBytes) this.seal(false)
      const taken = data.copy(this.chunk, this.filled, offset, offset + chunkBytes - this.filled)
      this.filled += taken
      offset += taken
    }
    this.size += data.length
    done()
  }

  override _flush(done: TransformCallback): void {
    this.seal(true)
    done()
  }

  private seal(last: boolean): void {
    const [sealed, tag] = this.cipher.seal(this.number++, last, this.chunk.subarray(0, this.filled))
    this.push(sealed)
    this.push(tag)
    this.filled = 0
  }
}
