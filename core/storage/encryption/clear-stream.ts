import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { damaged } from './damage.js'

/** The whole of a blob that lies in clear, held against its digest: the last piece goes out only when all of it fits. */
export class ClearStream extends Transform {
  readonly #hash = createHash('sha256')
  #held: Buffer | undefined

  constructor(private readonly sha256: string) {
    super({ highWaterMark: 256 * 1024 })
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(piece)
    const before = this.#held
    this.#held = piece
    done(null, before)
  }

  override _flush(done: TransformCallback): void {
    if (this.#hash.digest('hex') === this.sha256) done(null, this.#held)
    else done(damaged('Stored content does not fit its digest'))
  }
}
