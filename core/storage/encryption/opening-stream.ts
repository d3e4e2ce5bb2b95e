import { Readable } from 'node:stream'
import type { RecyclingReadable } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import {
  type BlobCipher,
  chunkBytes,
  chunkCount,
  chunksOf,
  headerBytes,
  openChunk,
  plainLength,
  tagBytes,
} from './crb1-format.js'
import { damaged } from './damage.js'

export interface Opening {
  readonly cipher: BlobCipher
  /** Plain bytes of the whole blob. */
  readonly size: number
  readonly range: ByteRange
  /** `source` begins with the header; else with the first chunk of the range. */
  readonly withHeader: boolean
  /** `source` has to end where the blob does. */
  readonly whole: boolean
}

/** Plain bytes of a range, from a stream of the chunks that hold it. A chunk is released after its tag verified; a bad one destroys the stream. */
export class OpeningStream extends Readable {
  readonly #last: number
  #chunk: number
  #header: boolean
  #pieces: Buffer[] = []
  #spent: Buffer[] = []
  #held = 0
  #wanted = false
  #complete = false

  constructor(
    private readonly source: RecyclingReadable,
    private readonly opening: Opening,
  ) {
    // Opened when it is asked for: a client that waits holds one sealed chunk, which the source has read ahead.
    super({ highWaterMark: 0 })
    const { first, last } = chunksOf(opening.range, opening.size)
    this.#chunk = first
    this.#last = last
    this.#header = opening.withHeader
    source.on('error', (error) => this.destroy(error))
    source.on('readable', () => this.#pump())
    source.on('end', () => this.#ended())
    source.on('close', () => {
      if (!this.#complete) this.destroy(damaged('Stored content ended early'))
    })
  }

  override _read(): void {
    this.#wanted = true
    this.#pump()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.source.destroy()
    this.#pieces = []
    done(error)
  }

  #pump(): void {
    while ((this.#wanted || this.#complete) && !this.destroyed) {
      const piece = this.source.read() as Buffer | null
      if (piece === null) return
      try {
        this.#take(piece)
      } catch (cause) {
        this.destroy(damaged('Stored content is damaged', cause))
      }
    }
  }

  #take(piece: Buffer): void {
    if (this.#complete) throw new Error('The stored blob is longer than recorded')
    this.#pieces.push(piece)
    this.#held += piece.length
    if (this.#header && this.#held >= headerBytes) {
      if (!Buffer.concat(this.#cut(headerBytes)).equals(this.opening.cipher.header)) throw new Error('The header is another')
      this.#header = false
    }
    while (!this.#header && !this.#complete) {
      const length = plainLength(this.#chunk, this.opening.size)
      if (this.#held < length + tagBytes) return
      const body = this.#cut(length)
      this.#release(
        openChunk(
          this.opening.cipher,
          this.#chunk,
          this.#chunk === chunkCount(this.opening.size) - 1,
          body,
          Buffer.concat(this.#cut(tagBytes)),
        ),
      )
      for (const spent of this.#spent.splice(0)) this.source.recycle?.(spent)
      if (this.#chunk === this.#last) this.#completed()
      else this.#chunk += 1
    }
  }

  #completed(): void {
    this.#complete = true
    if (this.#held > 0) throw new Error('The stored blob is longer than recorded')
    if (this.opening.whole) return
    this.push(null)
    this.source.destroy()
  }

  #ended(): void {
    if (!this.#complete) this.destroy(damaged('Stored content ended early'))
    else if (this.opening.whole) this.push(null)
  }

  /** Trims the first and the last chunk to the range. */
  #release(plain: Buffer[]): void {
    const { start, end } = this.opening.range
    let at = this.#chunk * chunkBytes
    for (const piece of plain) {
      const from = Math.max(start - at, 0)
      const to = Math.min(end - at, piece.length)
      if (from < to) this.#wanted = this.push(from === 0 && to === piece.length ? piece : piece.subarray(from, to))
      at += piece.length
    }
  }

  /** The next bytes of what is held, without copying. */
  #cut(length: number): Buffer[] {
    const cut: Buffer[] = []
    let missing = length
    while (missing > 0) {
      const piece = this.#pieces[0]
      if (piece === undefined) throw new Error('Too few bytes are held')
      if (piece.length <= missing) {
        this.#pieces.shift()
        this.#spent.push(piece)
      } else this.#pieces[0] = piece.subarray(missing)
      cut.push(piece.length <= missing ? piece : piece.subarray(0, missing))
      missing -= Math.min(piece.length, missing)
    }
    this.#held -= length
    return cut
  }
}
