import { createCipheriv, createDecipheriv, createHash, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { ByteRange } from '../bytes.js'

/** "CRB1", security guide 2.2: a header of 64 bytes, then chunks of 256 KiB, each followed by its tag; an empty blob has one empty chunk. */
export const headerBytes = 64
const chunkBits = 18
export const chunkBytes = 1 << chunkBits
export const tagBytes = 16
const sealedChunk = chunkBytes + tagBytes

export class DamagedBlob extends Error {}

export const chunkCount = (size: number) => Math.max(1, Math.ceil(size / chunkBytes))
export const storedSize = (size: number) => headerBytes + size + tagBytes * chunkCount(size)

/** Everything that one data key gives: its chunk key, and the header whose hash every chunk is bound to. */
export class BlobCipher {
  readonly header: Buffer
  private readonly chunkKey: Buffer
  private readonly associated: Buffer

  constructor(dataKey: Uint8Array, blobId: string) {
    const salt = Buffer.from(blobId, 'hex')
    if (salt.length !== 16 || dataKey.length !== 32) throw new Error('a blob id has 16 bytes, a data key 32')
    const derive = (info: string) => Buffer.from(hkdfSync('sha256', dataKey, salt, info, 32))
    this.header = Buffer.alloc(headerBytes)
    this.header.write('CRB1', 0, 'latin1')
    this.header[4] = 1
    this.header[5] = chunkBits
    salt.copy(this.header, 8)
    // The commitment: no second data key opens the same ciphertext. Bytes 56 to 63 stay zero; the row alone says which key wrapped this one.
    derive('commit').copy(this.header, 24)
    this.chunkKey = derive('chunk')
    this.associated = createHash('sha256').update(this.header).digest()
  }

  /** Throws where the stored header is not the one of this key and blob. */
  checkHeader(stored: Uint8Array): void {
    if (stored.length !== headerBytes || !timingSafeEqual(stored, this.header))
      throw new DamagedBlob('the header is not that of this blob')
  }

  /** Ciphertext and tag. Called once for each number, by an encryptor that cannot be rewound. */
  seal(number: number, last: boolean, plain: Uint8Array): readonly [Buffer, Buffer] {
    const cipher = createCipheriv('aes-256-gcm', this.chunkKey, nonce(number, last), { authTagLength: tagBytes }).setAAD(
      this.associated,
    )
    const sealed = cipher.update(plain)
    cipher.final()
    return [sealed, cipher.getAuthTag()]
  }

  /** The plain bytes of one sealed chunk, tag included. Throws where a single bit of it is not what was sealed. */
  open(number: number, last: boolean, sealed: Uint8Array): Buffer {
    if (sealed.length < tagBytes) throw new DamagedBlob(`chunk ${number} is cut off`)
    const decipher = createDecipheriv('aes-256-gcm', this.chunkKey, nonce(number, last), { authTagLength: tagBytes })
    decipher.setAAD(this.associated).setAuthTag(sealed.subarray(-tagBytes))
    const plain = decipher.update(sealed.subarray(0, -tagBytes))
    try {
      decipher.final()
    } catch {
      throw new DamagedBlob(`chunk ${number} does not verify`)
    }
    return plain
  }
}

/** Seven zero bytes, four of the chunk's number, one that says whether it is the last. */
function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(number, 7)
  bytes[11] = last ? 1 : 0
  return bytes
}

/** The chunks that hold a range of plain bytes, and where they lie. */
export interface ChunkSpan {
  readonly first: number
  readonly last: number
  readonly stored: ByteRange
  /** Plain bytes to drop before the range begins. */
  readonly skip: number
}

export function chunkSpan(size: number, { start, end }: ByteRange): ChunkSpan {
  const first = Math.floor(start / chunkBytes)
  const last = end > start ? Math.floor((end - 1) / chunkBytes) : first
  const storedEnd = Math.min(headerBytes + (last + 1) * sealedChunk, storedSize(size))
  return { first, last, stored: { start: headerBytes + first * sealedChunk, end: storedEnd }, skip: start - first * chunkBytes }
}
