import { randomBytes } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import { internal } from '../../errors/registry-error.js'
import { ByteCache } from '../../runtime/byte-cache.js'
import { randomHex } from '../../runtime/identifiers.js'
import { type Logger, silentLogger } from '../../runtime/logger.js'
import type { BlobStore, BlobWriter } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import { blobKey } from '../tenant-keys.js'
import { CountingSink } from './counting-sink.js'
import { BlobCipher, chunkBytes, chunkCount, chunkSpan, DamagedBlob, headerBytes, storedSize, tagBytes } from './crb1-format.js'
import type { OrganizationKeys } from './keys.js'
import { OpeningStream } from './opening-stream.js'
import type { SealedBlob, SealedBlobs, SealedWriter } from './sealed-blobs.js'
import { SealingStream } from './sealing-stream.js'

interface KnownCipher {
  readonly cipher: BlobCipher
  /** The stored header was compared, once in this process. */
  headerChecked: boolean
}

const cipherBytes = 512

/** Sealed blobs over a blob store; 'off' leaves new ones in clear, and either kind is read whatever the mode is now. */
export class SealedBlobStore implements SealedBlobs {
  private readonly ciphers = new ByteCache<KnownCipher>(8_192 * cipherBytes)

  constructor(
    private readonly blobs: BlobStore,
    private readonly keys: OrganizationKeys,
    private readonly mode: 'app' | 'off',
    private readonly log: Logger = silentLogger,
  ) {}

  async create(organizationId: string): Promise<SealedWriter> {
    const blobId = randomHex()
    const writer = await this.blobs.create(blobKey(organizationId, blobId))
    if (this.mode === 'off') return clearWriter(blobId, writer)
    const dataKey = randomBytes(32)
    const cipher = new BlobCipher(dataKey, blobId)
    const sink = new SealingStream(cipher)
    pipeline(sink, writer.sink, () => {})
    return {
      blobId,
      sink: new CountingSink(sink, writer.sink),
      open: async (range = { start: 0, end: sink.size }) =>
        this.opened(await writer.open(chunkSpan(sink.size, range).stored), cipher, sink.size, range, organizationId, blobId),
      finish: async () => {
        const key = await this.keys.wrap(organizationId, 'blob', blobId, dataKey)
        await writer.finish()
        return { storedSize: storedSize(sink.size), key }
      },
      abort: () => writer.abort(),
    }
  }

  async open(blob: SealedBlob, range: ByteRange = { start: 0, end: blob.size }): Promise<Readable> {
    const { organizationId, blobId, size } = blob
    const key = blobKey(organizationId, blobId)
    if (!blob.key) return this.blobs.open(key, range)
    const known = await this.cipherOf(blob)
    if (!known.headerChecked) {
      const header = await this.header(key)
      this.checked(blob, () => known.cipher.checkHeader(header))
      known.headerChecked = true
    }
    return this.opened(
      await this.blobs.open(key, chunkSpan(size, range).stored),
      known.cipher,
      size,
      range,
      organizationId,
      blobId,
    )
  }

  async read(blob: SealedBlob): Promise<Uint8Array> {
    const stored = await this.blobs.read(blobKey(blob.organizationId, blob.blobId), blob.storedSize)
    this.checked(blob, () => {
      if (stored.length !== blob.storedSize)
        throw new DamagedBlob(`${stored.length} bytes are stored instead of ${blob.storedSize}`)
    })
    return blob.key ? this.plain(blob, stored) : stored
  }

  delete(organizationId: string, blobId: string): Promise<void> {
    return this.blobs.delete(blobKey(organizationId, blobId))
  }

  headroom(size: number): Promise<boolean> {
    return this.blobs.headroom(size)
  }

  private async plain(blob: SealedBlob, stored: Uint8Array): Promise<Uint8Array> {
    const { cipher } = await this.cipherOf(blob)
    return this.checked(blob, () => {
      cipher.checkHeader(stored.subarray(0, headerBytes))
      const chunks = chunkCount(blob.size)
      const parts = Array.from({ length: chunks }, (_, number) => {
        const start = headerBytes + number * (chunkBytes + tagBytes)
        return cipher.open(
          number,
          number === chunks - 1,
          stored.subarray(start, Math.min(start + chunkBytes + tagBytes, stored.length)),
        )
      })
      return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    })
  }

  private async cipherOf(blob: SealedBlob): Promise<KnownCipher> {
    const { organizationId, blobId, key } = blob
    if (!key) throw internal(new Error('a blob in clear has no cipher'))
    this.checked(blob, () => {
      if (storedSize(blob.size) !== blob.storedSize) throw new DamagedBlob('its row has sizes that do not fit')
    })
    const id = `${organizationId}/${blobId}/${key.k}`
    const held = this.ciphers.get(id)
    if (held) return held
    const known: KnownCipher = {
      cipher: new BlobCipher(await this.keys.unwrap(organizationId, 'blob', blobId, key), blobId),
      headerChecked: false,
    }
    this.ciphers.put(id, known, cipherBytes)
    return known
  }

  private async header(key: string): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of await this.blobs.open(key, { start: 0, end: headerBytes })) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  private opened(
    stored: Readable,
    cipher: BlobCipher,
    size: number,
    range: ByteRange,
    organizationId: string,
    blobId: string,
  ): Readable {
    const opening = new OpeningStream(cipher, size, range, (reason) => this.damage(organizationId, blobId, reason))
    // A failure of either side destroys the other: whoever reads sees it, and never a short end.
    pipeline(stored, opening, () => {})
    return opening
  }

  private checked<T>({ organizationId, blobId }: SealedBlob, check: () => T): T {
    try {
      return check()
    } catch (thrown) {
      if (!(thrown instanceof DamagedBlob)) throw thrown
      this.damage(organizationId, blobId, thrown)
      throw internal(thrown)
    }
  }

  private damage(organization: string, blob: string, cause: DamagedBlob): void {
    this.log.error('storage.integrity', { organization, blob, cause })
  }
}

function clearWriter(blobId: string, writer: BlobWriter): SealedWriter {
  let size = 0
  const sink = new CountingSink(writer.sink, writer.sink, (bytes) => {
    size += bytes
  })
  return {
    blobId,
    sink,
    open: (range) => writer.open(range),
    finish: async () => {
      await writer.finish()
      return { storedSize: size }
    },
    abort: () => writer.abort(),
  }
}
