import { invalid } from '../errors/registry-error.js'

/** Reads a stream forwards in records: what is taken is gone. One reader; a stream that ends early is `invalid`. */
export class ByteCursor {
  /** Bytes taken so far. */
  position = 0
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  /** Whoever opened the stream destroys it. */
  constructor(stream: AsyncIterable<Buffer>) {
    this.#source = stream[Symbol.asyncIterator]()
  }

  /** Exactly `length` bytes. */
  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.pieces(length)) pieces.push(piece)
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }

  /** Exactly `length` bytes, as they arrive: for what is too large to hold. */
  async *pieces(length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#fill()))
        throw invalid('Unexpected end of file', { detail: { code: 'truncated' } })
      const piece = this.#held.subarray(0, left)
      this.#held = this.#held.subarray(piece.length)
      this.position += piece.length
      left -= piece.length
      yield piece
    }
  }

  /** What has arrived, at least one byte. */
  async takeSome(): Promise<Buffer> {
    if (await this.atEnd()) throw invalid('Unexpected end of file', { detail: { code: 'truncated' } })
    return this.take(this.#held.length)
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#fill())
  }

  async #fill(): Promise<boolean> {
    while (true) {
      const { done, value } = await this.#source.next()
      if (done) return false
      if (value.length === 0) continue
      this.#held = value
      return true
    }
  }
}
