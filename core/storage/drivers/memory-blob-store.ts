import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { conflict, invalid, notFound, tooLarge, unavailable } from '../../errors/registry-error.js'
import { checkBlobKey, checkBlobPrefix, checkRange } from '../blob-key.js'
import type { BlobKey, BlobStore, BlobWriter, Stray } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'

interface Blob {
  readonly content: Buffer
  readonly storedAt: Date
}

/** For tests: the whole contract, nothing durable. */
export class MemoryBlobStore implements BlobStore {
  readonly name = 'memory'
  readonly #blobs = new Map<BlobKey, Blob>()
  /** Keys that are being written, and since when. */
  readonly #writing = new Map<BlobKey, Date>()
  readonly #aside = new Map<BlobKey, Blob>()
  #closed = false

  /** `room` is what `headroom` has to give. */
  constructor(
    private readonly room: number = Number.POSITIVE_INFINITY,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async create(key: BlobKey): Promise<BlobWriter> {
    this.#checkOpen()
    checkBlobKey(key)
    if (this.#blobs.has(key) || this.#writing.has(key)) throw conflict('The blob exists or is being written')
    this.#writing.set(key, this.now())
    return new MemoryBlobWriter(
      (content) => {
        this.#checkOpen()
        if (!this.#writing.has(key)) throw unavailable('The part was taken away')
        this.#blobs.set(key, { content, storedAt: this.now() })
        this.#writing.delete(key)
      },
      (finished) => {
        this.#writing.delete(key)
        if (finished) this.#blobs.delete(key)
      },
    )
  }

  async compose(key: BlobKey, pieces: readonly BlobKey[]): Promise<boolean> {
    this.#checkOpen()
    checkBlobKey(key)
    if (this.#blobs.has(key) || this.#writing.has(key)) throw conflict('The blob exists or is being written')
    const content = Buffer.concat(pieces.map((piece) => this.#get(piece).content))
    this.#blobs.set(key, { content, storedAt: this.now() })
    return true
  }

  async open(key: BlobKey, range?: ByteRange): Promise<Readable> {
    return slices(this.#get(key).content, range)
  }

  async read(key: BlobKey, limit: number): Promise<Uint8Array> {
    const { content } = this.#get(key)
    if (content.length > limit) throw tooLarge('The blob is larger than asked for')
    return Buffer.from(content)
  }

  async stat(key: BlobKey): Promise<{ readonly size: number; readonly storedAt: Date } | undefined> {
    this.#checkOpen()
    checkBlobKey(key)
    const blob = this.#blobs.get(key)
    return blob === undefined ? undefined : { size: blob.content.length, storedAt: blob.storedAt }
  }

  async delete(key: BlobKey): Promise<void> {
    this.#checkOpen()
    checkBlobKey(key)
    this.#blobs.delete(key)
  }

  async *list(prefix: string): AsyncIterable<BlobKey> {
    this.#checkOpen()
    checkBlobPrefix(prefix)
    for (const key of [...this.#blobs.keys()].sort()) if (key.startsWith(prefix)) yield key
  }

  async *strays(prefix: string): AsyncIterable<Stray> {
    checkBlobPrefix(prefix)
    this.#checkOpen()
    for (const [key, since] of [...this.#writing]) if (key.startsWith(prefix)) yield { kind: 'part', key, size: 0, since }
    for (const [key, { content, storedAt }] of [...this.#aside])
      if (key.startsWith(prefix)) yield { kind: 'aside', key, size: content.length, since: storedAt }
  }

  async setAside(key: BlobKey): Promise<void> {
    this.#checkOpen()
    checkBlobKey(key)
    const blob = this.#blobs.get(key)
    if (blob && this.#blobs.delete(key)) this.#aside.set(key, { ...blob, storedAt: this.now() })
  }

  async dropStray({ kind, key }: Pick<Stray, 'kind' | 'key'>): Promise<void> {
    this.#checkOpen()
    checkBlobKey(key)
    if (kind === 'part') this.#writing.delete(key)
    else this.#aside.delete(key)
  }

  async headroom(size: number): Promise<boolean> {
    return size <= this.room
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #get(key: BlobKey): Blob {
    this.#checkOpen()
    checkBlobKey(key)
    const blob = this.#blobs.get(key)
    if (blob === undefined) throw notFound('blob', key)
    return blob
  }

  #checkOpen(): void {
    if (this.#closed) throw unavailable('The blob store is closed')
  }
}

class MemoryBlobWriter implements BlobWriter {
  readonly sink: Writable
  readonly #pieces: Buffer[] = []
  #content: Buffer | undefined
  #state: 'writing' | 'finished' | 'aborted' = 'writing'

  constructor(
    private readonly keep: (content: Buffer) => void,
    private readonly drop: (finished: boolean) => void,
  ) {
    this.sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#pieces.push(Buffer.from(chunk))
        done()
      },
    })
  }

  async open(range?: ByteRange): Promise<Readable> {
    return slices(this.#whole(), range)
  }

  async finish(): Promise<void> {
    const content = this.#whole()
    if (this.#state === 'finished') throw invalid('The blob was finished before')
    this.keep(content)
    this.#state = 'finished'
  }

  async abort(): Promise<void> {
    if (this.#state === 'aborted') return
    this.drop(this.#state === 'finished')
    this.#state = 'aborted'
    this.#pieces.length = 0
    this.#content = undefined
    if (!this.sink.closed) {
      const closed = once(this.sink, 'close')
      this.sink.destroy()
      await closed
    }
  }

  #whole(): Buffer {
    if (this.#state === 'aborted') throw invalid('The blob was aborted')
    if (!this.sink.writableFinished) throw invalid('The blob is still being written')
    this.#content ??= Buffer.concat(this.#pieces.splice(0))
    return this.#content
  }
}

/** In pieces, as a file or a socket would give it. */
function slices(content: Buffer, range: ByteRange | undefined): Readable {
  const { start, end } = checkRange(range, content.length)
  let at = start
  return new Readable({
    read() {
      const next = Math.min(end, at + 65_536)
      this.push(at === next ? null : Buffer.from(content.subarray(at, next)))
      at = next
    },
  })
}
