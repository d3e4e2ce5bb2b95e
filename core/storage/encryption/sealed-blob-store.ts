import { createHash } from 'node:crypto'
import { pipeline, Readable, type Writable } from 'node:stream'
import { invalid, RegistryError } from '../../errors/registry-error.js'
import { type Clock, SystemClock } from '../../runtime/clock.js'
import { randomHex } from '../../runtime/identifiers.js'
import { type Logger, silentLogger } from '../../runtime/logger.js'
import { checkRange } from '../blob-key.js'
import type { BlobKey, BlobStore, BlobWriter } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import { blobKey } from '../tenant-keys.js'
import { CipherCache } from './cipher-cache.js'
import { ClearStream } from './clear-stream.js'
import { type BlobPiece, readPieces, sizesOf } from './composed-blob.js'
import {
  type BlobCipher,
  blobCipher,
  chunkCount,
  chunksOf,
  headerBytes,
  openChunk,
  plainLength,
  storedSizeOf,
  tagBytes,
} from './crb1-format.js'
import { damaged, isDamage } from './damage.js'
import type { OrganizationKeys, WrappedKey } from './keys.js'
import { OpeningStream } from './opening-stream.js'
import type { SealedBlob, SealedBlobs, SealedWriter } from './sealed-blobs.js'
import { SealingStream } from './sealing-stream.js'

type OpenedBlob = BlobPiece & Pick<SealedBlob, 'organizationId'>

/** Ciphers of data keys that were opened, least recently used. */
const keptCiphers = 4_096

/** Sealed blobs over a blob store; 'off' leaves new ones in clear, and either kind is read whatever the mode is now. */
export class SealedBlobStore implements SealedBlobs {
  readonly #ciphers: CipherCache

  constructor(
    private readonly blobs: BlobStore,
    private readonly keys: OrganizationKeys,
    private readonly mode: 'app' | 'off',
    private readonly log: Logger = silentLogger,
    clock: Clock = new SystemClock(),
  ) {
    this.#ciphers = new CipherCache(keptCiphers, clock)
  }

  async create(organizationId: string): Promise<SealedWriter> {
    const blobId = randomHex()
    const place = blobKey(organizationId, blobId)
    const writer = await this.blobs.create(place)
    if (this.mode === 'off') {
      return new ClearWriter(blobId, writer, async () => {
        const found = await this.blobs.stat(place)
        if (found === undefined) throw damaged('A blob that was just stored is gone')
        return found.size
      })
    }
    const wrap = async (sealing: SealingStream) => {
      const wrapped = await this.keys.wrap(organizationId, 'blob', blobId, sealing.dataKey)
      this.#ciphers.keep(organizationId, blobId, wrapped, sealing.cipher)
      return wrapped
    }
    return new SealingWriter(blobId, writer, wrap)
  }

  async compose(organizationId: string, blobId: string, pieces: readonly SealedBlob[]): Promise<SealedBlob | undefined> {
    const keys = pieces.map((piece) => blobKey(organizationId, piece.blobId))
    if (!(await this.blobs.compose?.(blobKey(organizationId, blobId), keys))) return undefined
    const parts = pieces.map(({ blobId: id, size, key }) => ({ blobId: id, size, ...(key === undefined ? {} : { key }) }))
    const blob = { organizationId, blobId, size: 0, storedSize: 0, pieces: parts }
    return { ...blob, ...sizesOf(blob) }
  }

  async open(blob: SealedBlob, range?: ByteRange): Promise<Readable> {
    const wanted = checkRange(range, blob.size)
    const { organizationId, pieces } = blob
    const stored = blobKey(organizationId, blob.blobId)
    try {
      this.#checkSizes(blob)
      if (pieces === undefined && blob.key === undefined) return this.#watched(blob, await this.#openClear(blob, stored, range))
      if (pieces === undefined) return this.#watched(blob, await this.#openSealed(blob, stored, undefined, wanted))
      const open = (piece: BlobPiece, storedAt: number, part: ByteRange) =>
        this.#openSealed({ organizationId, ...piece }, stored, storedAt, part)
      const plain = Readable.from(readPieces(pieces, wanted, open), { objectMode: false })
      const clear = range === undefined && pieces.some(({ key }) => key === undefined)
      return this.#watched(blob, clear ? held(plain, blob.sha256) : plain)
    } catch (thrown) {
      throw this.#noted(blob, thrown)
    }
  }

  /** `storedAt`: where it begins in what is stored there; undefined where it is all of it. */
  async #openSealed(blob: OpenedBlob, stored: BlobKey, storedAt: number | undefined, wanted: ByteRange): Promise<Readable> {
    const open = ({ start, end }: ByteRange) =>
      this.blobs.open(stored, { start: (storedAt ?? 0) + start, end: (storedAt ?? 0) + end })
    const whole = wanted.start === 0 && wanted.end === blob.size
    if (blob.key === undefined) return open(wanted)
    const kept = await this.#cipher(blob, blob.key)
    const place = chunksOf(wanted, blob.size).stored
    const withHeader = place.start === headerBytes
    if (!withHeader && !kept.headerSeen) {
      if (!sameBytes(await collect(await open({ start: 0, end: headerBytes })), kept.cipher.header))
        throw damaged('Stored content is damaged')
      kept.headerSeen = true
    }
    const source =
      whole && storedAt === undefined
        ? await this.blobs.open(stored)
        : await open(withHeader ? { start: 0, end: place.end } : place)
    return new OpeningStream(source, { cipher: kept.cipher, size: blob.size, range: wanted, withHeader, whole })
  }

  async read(blob: SealedBlob): Promise<Uint8Array> {
    try {
      this.#checkSizes(blob)
      if (blob.pieces !== undefined) return await collect(await this.open(blob))
      const stored = await this.blobs
        .read(blobKey(blob.organizationId, blob.blobId), blob.storedSize)
        .catch((thrown: unknown) => {
          if (thrown instanceof RegistryError && thrown.kind === 'too-large')
            throw damaged('Stored content is longer than recorded', thrown)
          throw thrown
        })
      if (stored.length !== blob.storedSize) throw damaged('Stored content is shorter than recorded')
      if (blob.key === undefined && !fits(stored, blob.sha256)) throw damaged('Stored content does not fit its digest')
      return blob.key === undefined ? stored : openWhole((await this.#cipher(blob, blob.key)).cipher, blob.size, stored)
    } catch (thrown) {
      throw this.#noted(blob, thrown)
    }
  }

  delete(organizationId: string, blobId: string): Promise<void> {
    this.#ciphers.forget(organizationId, blobId)
    return this.blobs.delete(blobKey(organizationId, blobId))
  }

  headroom(size: number): Promise<boolean> {
    return this.blobs.headroom(storedSizeOf(size))
  }

  async #cipher(blob: OpenedBlob, wrapped: WrappedKey) {
    const { organizationId, blobId } = blob
    const kept = this.#ciphers.find(organizationId, blobId, wrapped)
    if (kept !== undefined) return kept
    const dataKey = await this.keys.unwrap(organizationId, 'blob', blobId, wrapped)
    return this.#ciphers.keep(organizationId, blobId, wrapped, blobCipher(dataKey, blobId))
  }

  async #openClear({ sha256 }: SealedBlob, stored: string, range: ByteRange | undefined): Promise<Readable> {
    const source = await this.blobs.open(stored, range)
    return range === undefined ? held(source, sha256) : source
  }

  /** The sizes of the row have to fit each other before anything is opened. */
  #checkSizes(blob: SealedBlob): void {
    const { size, storedSize } = sizesOf(blob)
    if (blob.size !== size || blob.storedSize !== storedSize)
      throw damaged('The recorded sizes of the blob do not fit each other')
  }

  #watched(blob: SealedBlob, stream: Readable): Readable {
    stream.on('error', (error) => this.#noted(blob, error))
    return stream
  }

  /** What was wrong, for the log; an object that is gone is damage too. */
  #noted(blob: SealedBlob, thrown: unknown): unknown {
    const found =
      thrown instanceof RegistryError && thrown.kind === 'not-found' ? damaged('Stored content is gone', thrown) : thrown
    if (isDamage(found))
      this.log.error('storage.integrity', { organization: blob.organizationId, blob: blob.blobId, cause: found })
    return found
  }
}

/** What lies in clear, read whole, against its digest. */
function held(source: Readable, sha256: string | undefined): Readable {
  // Whoever reads hears of a failure from the stream itself.
  return sha256 === undefined ? source : pipeline(source, new ClearStream(sha256), () => {})
}

class SealingWriter implements SealedWriter {
  readonly sink: SealingStream

  constructor(
    readonly blobId: string,
    private readonly writer: BlobWriter,
    private readonly wrap: (sealing: SealingStream) => Promise<WrappedKey>,
  ) {
    this.sink = new SealingStream(writer.sink, blobId)
    // Whoever writes hears of it by the pipeline; one who only aborts need not listen.
    this.sink.on('error', () => {})
  }

  async open(range?: ByteRange): Promise<Readable> {
    this.#checkWritten()
    const { size, cipher } = this.sink
    const wanted = checkRange(range, size)
    const { stored } = chunksOf(wanted, size)
    return new OpeningStream(await this.writer.open(stored), { cipher, size, range: wanted, withHeader: false, whole: false })
  }

  async finish(): Promise<{ readonly storedSize: number; readonly key: WrappedKey }> {
    this.#checkWritten()
    try {
      const key = await this.wrap(this.sink)
      await this.writer.finish()
      return { storedSize: this.sink.storedSize, key }
    } catch (thrown) {
      await this.abort()
      throw thrown
    }
  }

  async abort(): Promise<void> {
    this.sink.destroy()
    await this.writer.abort()
  }

  #checkWritten(): void {
    if (!this.sink.writableFinished) throw invalid('The blob is still being written')
  }
}

class ClearWriter implements SealedWriter {
  readonly sink: Writable

  constructor(
    readonly blobId: string,
    private readonly writer: BlobWriter,
    private readonly storedSize: () => Promise<number>,
  ) {
    this.sink = writer.sink
  }

  open(range?: ByteRange): Promise<Readable> {
    return this.writer.open(range)
  }

  async finish(): Promise<{ readonly storedSize: number }> {
    await this.writer.finish()
    return { storedSize: await this.storedSize() }
  }

  abort(): Promise<void> {
    return this.writer.abort()
  }
}

function openWhole(cipher: BlobCipher, size: number, stored: Uint8Array): Uint8Array {
  if (!sameBytes(stored.subarray(0, headerBytes), cipher.header)) throw damaged('Stored content is damaged')
  const count = chunkCount(size)
  const plain: Buffer[] = []
  let at = headerBytes
  try {
    for (let chunk = 0; chunk < count; chunk += 1) {
      const end = at + plainLength(chunk, size)
      plain.push(
        ...openChunk(cipher, chunk, chunk === count - 1, [stored.subarray(at, end)], stored.subarray(end, end + tagBytes)),
      )
      at = end + tagBytes
    }
  } catch (cause) {
    throw damaged('Stored content is damaged', cause)
  }
  return plain.length === 1 && plain[0] !== undefined ? plain[0] : Buffer.concat(plain, size)
}

function fits(content: Uint8Array, sha256: string | undefined): boolean {
  return sha256 === undefined || createHash('sha256').update(content).digest('hex') === sha256
}

async function collect(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
