import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { type BlobCipher, blobCipher, chunkBytes, sealChunk, storedSizeOf } from './crb1-format.js'

const mostChunks = 2 ** 32

/** Takes plain bytes and writes the sealed blob into `target`. Its data key is made here and seals this one blob, once, in order:
 *  there is no way to give it another key, to rewind it or to use it again (security guide 2.2). */
export class SealingStream extends Writable {
  /** Plain bytes taken so far. */
  size = 0
  readonly #dataKey: Buffer
  readonly #cipher: BlobCipher
  #pending = Buffer.alloc(0)
  #filled = 0
  #chunk = 0

  constructor(
    private readonly target: Writable,
    blobId: string,
  ) {
    super({ highWaterMark: chunkBytes })
    this.#dataKey = this.newDataKey()
    this.#cipher = blobCipher(this.#dataKey, blobId)
    target.on('error', (error) => this.destroy(error))
    target.on('close', () => {
      if (!target.writableFinished) this.destroy(new Error('The sealed blob was abandoned'))
    })
  }

  /** To be wrapped, and to read back what was written. */
  get dataKey(): Uint8Array {
    return this.#dataKey
  }
  get cipher(): BlobCipher {
    return this.#cipher
  }
  get storedSize(): number {
    return storedSizeOf(this.size)
  }

  protected newDataKey(): Buffer {
    return randomBytes(32)
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.size += piece.length
    let rest = piece
    while (rest.length > 0) {
      // A full chunk waits until more comes: only then it is known not to be the last.
      if (this.#filled === chunkBytes) this.#seal(this.#pending, false)
      else if (this.#filled === 0 && rest.length > chunkBytes) {
        this.#seal(rest.subarray(0, chunkBytes), false)
        rest = rest.subarray(chunkBytes)
      } else rest = this.#keep(rest)
    }
    if (!this.target.writableNeedDrain) done()
    else this.target.once('drain', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#seal(this.#pending.subarray(0, this.#filled), true)
    this.#pending = Buffer.alloc(0)
    this.target.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.target.writableFinished) this.target.destroy()
    done(error)
  }

  /** Copied, because the owner of the piece may use it again; the room grows with the blob. */
  #keep(piece: Buffer): Buffer {
    const taken = Math.min(piece.length, chunkBytes - this.#filled)
    if (this.#pending.length < this.#filled + taken) {
      const larger = Buffer.allocUnsafeSlow(Math.min(chunkBytes, Math.max(this.#filled + taken, 2 * this.#pending.length)))
      this.#pending.copy(larger, 0, 0, this.#filled)
      this.#pending = larger
    }
    piece.copy(this.#pending, this.#filled, 0, taken)
    this.#filled += taken
    return piece.subarray(taken)
  }

  #seal(plain: Buffer, last: boolean): void {
    if (this.#chunk >= mostChunks) throw new Error('A blob has more chunks than can be numbered')
    const { body, tag } = sealChunk(this.#cipher, this.#chunk, last, plain)
    this.target.cork()
    if (this.#chunk === 0) this.target.write(this.#cipher.header)
    this.target.write(body)
    this.target.write(tag)
    this.target.uncork()
    this.#chunk += 1
    this.#filled = 0
  }
}
