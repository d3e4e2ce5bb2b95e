import { Readable } from 'node:stream'

/** A body in pieces of at most so many bytes. A piece ends where it is full, where the body ends, and where the body breaks off: what had arrived until
 *  then is still worth keeping. */
export class PieceSource {
  /** Why the body ended before its end. */
  failure: unknown
  /** Nothing more will come. */
  ended = false
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer | undefined

  constructor(body: Readable) {
    this.#source = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** One after the other; the next only when this one has been read. `seen` hears of each chunk as it goes by. */
  piece(size: number, seen: (chunk: Buffer) => void = () => undefined): Readable {
    return Readable.from(this.#chunks(size, seen), { objectMode: false })
  }

  /** Is there at least one byte more? */
  async more(): Promise<boolean> {
    return this.#held !== undefined || (await this.#fill())
  }

  async *#chunks(size: number, seen: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (!(await this.more())) return
      const chunk = this.#held ?? Buffer.alloc(0)
      const taken = chunk.subarray(0, left)
      this.#held = taken.length < chunk.length ? chunk.subarray(taken.length) : undefined
      left -= taken.length
      seen(taken)
      yield taken
    }
  }

  async #fill(): Promise<boolean> {
    while (!this.ended) {
      try {
        const { done, value } = await this.#source.next()
        if (done) this.ended = true
        else if (value.length > 0) {
          this.#held = value
          return true
        }
      } catch (thrown) {
        this.ended = true
        this.failure = thrown
      }
    }
    return false
  }
}
