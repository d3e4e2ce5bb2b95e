import { mkdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { conflict, notFound, RegistryError, tooLarge, unavailable } from '../../errors/registry-error.js'
import { checkBlobKey, checkBlobPrefix, checkRange } from '../blob-key.js'
import type { BlobKey, BlobStore, BlobWriter, Stray } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import { S3BlobWriter } from './s3-blob-writer.js'
import { S3Body } from './s3-body.js'
import { S3Bucket } from './s3-bucket.js'
import { S3Calls } from './s3-calls.js'
import { openS3Client, type S3Place, type S3Sender } from './s3-client.js'
import { composeObjects } from './s3-composition.js'
import { Spool } from './s3-spool.js'
import { S3Uploads, s3Limits } from './s3-upload.js'
import { defaultReserve, hasRoom, type Reserve } from './volume.js'

export interface S3BlobOptions {
  readonly place: S3Place
  /** On this machine, for uploads on their way; made where absent. What lies in it has no name: it needs no cleaning. */
  readonly spool: string
  readonly reserve?: Reserve
}

/** No segment of a key begins so. */
const asideFolder = '.aside/'
/** Behind all that lies aside: '0' follows '/'. */
const behindAside = '.aside0'

/** Blobs as objects of one bucket under their keys, in S3 or what speaks its protocol (security guide 1.8). What decides is the bucket: any number of
 *  processes may have it open. Of two that write one key the second is told so when it begins, in the same process, or when it finishes. */
export class S3BlobStore implements BlobStore {
  readonly name = 's3'
  readonly #bucket: S3Bucket
  readonly #uploads: S3Uploads
  readonly #prefix: string
  /** Of this process. */
  readonly #writers = new Map<BlobKey, S3BlobWriter | 'claimed'>()
  #closed = false

  constructor(
    private readonly options: S3BlobOptions,
    client: S3Sender,
    calls = new S3Calls(),
  ) {
    this.#prefix = options.place.prefix ?? ''
    this.#bucket = new S3Bucket(client, options.place, calls)
    this.#uploads = new S3Uploads(this.#bucket)
  }

  /** Throws `unavailable`, in words for whoever starts the house, where the bucket cannot be used. */
  static async open(options: S3BlobOptions): Promise<S3BlobStore> {
    await mkdir(options.spool, { recursive: true, mode: 0o700 })
    const store = new S3BlobStore(options, openS3Client(options.place))
    try {
      await store.#bucket.check()
    } catch (thrown) {
      await store.close()
      throw thrown
    }
    return store
  }

  async create(key: BlobKey): Promise<BlobWriter> {
    checkBlobKey(key)
    this.#checkOpen()
    this.#claim(key)
    try {
      const writer = new S3BlobWriter(this.#prefix + key, await Spool.open(this.options.spool), {
        uploads: this.#uploads,
        open: (range) => this.open(key, range),
        delete: () => this.delete(key),
        release: () => {
          if (this.#writers.get(key) === writer) this.#writers.delete(key)
        },
      })
      this.#writers.set(key, writer)
      return writer
    } catch (thrown) {
      this.#writers.delete(key)
      throw thrown
    }
  }

  async compose(key: BlobKey, pieces: readonly BlobKey[]): Promise<boolean> {
    for (const one of [key, ...pieces]) checkBlobKey(one)
    this.#checkOpen()
    this.#claim(key)
    try {
      const from = pieces.map((piece) => this.#prefix + piece)
      return await composeObjects(this.#bucket, this.#uploads, this.#prefix + key, from)
    } finally {
      this.#writers.delete(key)
    }
  }

  async open(key: BlobKey, range?: ByteRange): Promise<Readable> {
    checkBlobKey(key)
    this.#checkOpen()
    if (range === undefined) return S3Body.open(this.#bucket, this.#prefix + key)
    const { start, end } = checkRange(range, range.end)
    if (start < end) return S3Body.open(this.#bucket, this.#prefix + key, { start, end })
    // S3 has no word for a range of no bytes.
    const found = await this.stat(key)
    if (found === undefined) throw notFound('blob', key)
    checkRange(range, found.size)
    return Readable.from([])
  }

  async read(key: BlobKey, limit: number): Promise<Uint8Array> {
    checkBlobKey(key)
    this.#checkOpen()
    const body = await S3Body.open(this.#bucket, this.#prefix + key)
    if (body.left > limit) {
      body.destroy()
      throw tooLarge('The blob is larger than asked for')
    }
    const pieces: Buffer[] = []
    for await (const piece of body) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  }

  async stat(key: BlobKey): Promise<{ readonly size: number; readonly storedAt: Date } | undefined> {
    checkBlobKey(key)
    this.#checkOpen()
    const found = await this.#bucket.head(this.#prefix + key)
    return found === undefined ? undefined : { size: found.size, storedAt: found.storedAt }
  }

  async delete(key: BlobKey): Promise<void> {
    checkBlobKey(key)
    this.#checkOpen()
    await this.#bucket.delete(this.#prefix + key)
  }

  async *list(prefix: string): AsyncIterable<BlobKey> {
    checkBlobPrefix(prefix)
    this.#checkOpen()
    const after = prefix === '' ? this.#prefix + behindAside : undefined
    for await (const { key } of this.#bucket.list(this.#prefix + prefix, after)) {
      const found = key.slice(this.#prefix.length)
      if (isBlobKey(found)) yield found
    }
  }

  /** Uploads of this process, what no process completed in the bucket, and what was set aside. */
  async *strays(prefix: string): AsyncIterable<Stray> {
    checkBlobPrefix(prefix)
    this.#checkOpen()
    for (const [key, writer] of [...this.#writers])
      if (key.startsWith(prefix) && writer !== 'claimed') yield { kind: 'part', key, size: writer.size, since: writer.since }
    for await (const upload of this.#bucket.uploads(this.#prefix + prefix)) {
      const key = upload.key.slice(this.#prefix.length)
      if (isBlobKey(key) && !this.#writers.has(key))
        yield { kind: 'part', key, size: await this.#bucket.uploaded(upload), since: upload.begun }
    }
    const aside = this.#prefix + asideFolder
    for await (const { key, size, storedAt } of this.#bucket.list(aside + prefix))
      yield { kind: 'aside', key: key.slice(aside.length), size, since: storedAt }
  }

  async setAside(key: BlobKey): Promise<void> {
    checkBlobKey(key)
    this.#checkOpen()
    const [from, to] = [this.#prefix + key, this.#prefix + asideFolder + key]
    try {
      if (!(await composeObjects(this.#bucket, this.#uploads, to, [from])))
        throw unavailable('The blob store copies no objects', 60)
    } catch (thrown) {
      if (isKind(thrown, 'not-found')) return
      // A crash after the copy: it is whole, or it would not be there.
      if (!isKind(thrown, 'conflict')) throw thrown
    }
    await this.#bucket.delete(from)
  }

  async dropStray({ kind, key }: Pick<Stray, 'kind' | 'key'>): Promise<void> {
    checkBlobKey(key)
    this.#checkOpen()
    if (kind === 'aside') {
      await this.#bucket.delete(this.#prefix + asideFolder + key)
      return
    }
    const writer = this.#writers.get(key)
    if (writer instanceof S3BlobWriter) await writer.drop()
    for await (const upload of this.#bucket.uploads(this.#prefix + key))
      if (upload.key === this.#prefix + key) await this.#bucket.abortUpload(upload.key, upload.uploadId)
  }

  async headroom(size: number): Promise<boolean> {
    return size <= s3Limits.object && (await hasRoom(this.options.spool, size, this.options.reserve ?? defaultReserve))
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#writers.values()].map((writer) => (writer === 'claimed' ? undefined : writer.drop())))
    this.#bucket.client.destroy()
  }

  #claim(key: BlobKey): void {
    if (this.#writers.has(key)) throw conflict('The blob is being written')
    this.#writers.set(key, 'claimed')
  }

  #checkOpen(): void {
    if (this.#closed) throw unavailable('The blob store is closed')
  }
}

function isKind(thrown: unknown, kind: RegistryError['kind']): boolean {
  return thrown instanceof RegistryError && thrown.kind === kind
}

/** A bucket may hold what is none of ours. */
function isBlobKey(key: string): boolean {
  try {
    checkBlobKey(key)
    return true
  } catch {
    return false
  }
}
