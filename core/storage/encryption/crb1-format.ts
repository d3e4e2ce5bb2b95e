import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import type { ByteRange } from '../bytes.js'

/** The format of security guide 2.2: a header, then chunks of ciphertext ‖ tag, all but the last of 256 KiB. */
export const headerBytes = 64
export const chunkBytes = 2 ** 18
export const tagBytes = 16

/** What a data key becomes for one blob: everything that is needed to seal or open its chunks. */
export interface BlobCipher {
  readonly header: Buffer
  /** SHA-256 of the header: authenticated with each chunk. */
  readonly aad: Buffer
  readonly chunkKey: Buffer
}

/** `blobId` is 32 hex digits. The header commits to the data key, so that no ciphertext opens under two. */
export function blobCipher(dataKey: Uint8Array, blobId: string): BlobCipher {
  const id = Buffer.from(blobId, 'hex')
  if (id.length !== 16 || dataKey.length !== 32) throw new Error('A blob id has 16 bytes and a data key 32')
  const header = Buffer.alloc(headerBytes)
  header.write('CRB1', 0, 'latin1')
  header[4] = 1
  header[5] = 18
  id.copy(header, 8)
  derive(dataKey, id, 'commit').copy(header, 24)
  return { header, aad: createHash('sha256').update(header).digest(), chunkKey: derive(dataKey, id, 'chunk') }
}

/** An empty blob has one empty chunk. */
export function chunkCount(size: number): number {
  return Math.max(1, Math.ceil(size / chunkBytes))
}

export function storedSizeOf(size: number): number {
  return headerBytes + size + tagBytes * chunkCount(size)
}

/** The chunks that hold a range of the plain bytes (an empty range: the one it lies in), and where they lie in the store. */
export function chunksOf(
  range: ByteRange,
  size: number,
): { readonly first: number; readonly last: number; readonly stored: ByteRange } {
  const count = chunkCount(size)
  const first = Math.min(Math.floor(range.start / chunkBytes), count - 1)
  const last = Math.max(first, Math.ceil(range.end / chunkBytes) - 1)
  const offset = (chunk: number) => headerBytes + chunk * (chunkBytes + tagBytes)
  return { first, last, stored: { start: offset(first), end: last === count - 1 ? storedSizeOf(size) : offset(last + 1) } }
}

/** Plain bytes of one chunk. */
export function plainLength(chunk: number, size: number): number {
  return chunk === chunkCount(size) - 1 ? size - chunk * chunkBytes : chunkBytes
}

export function sealChunk(
  cipher: BlobCipher,
  chunk: number,
  last: boolean,
  plain: Uint8Array,
): { readonly body: Buffer; readonly tag: Buffer } {
  const aes = createCipheriv('aes-256-gcm', cipher.chunkKey, nonce(chunk, last), { authTagLength: tagBytes })
  aes.setAAD(cipher.aad)
  const body = aes.update(plain)
  aes.final()
  return { body, tag: aes.getAuthTag() }
}

/** `pieces` are the ciphertext in order, `tag` what followed it. Throws, and nothing is released, where the tag does not fit. */
export function openChunk(
  cipher: BlobCipher,
  chunk: number,
  last: boolean,
  pieces: readonly Uint8Array[],
  tag: Uint8Array,
): Buffer[] {
  const aes = createDecipheriv('aes-256-gcm', cipher.chunkKey, nonce(chunk, last), { authTagLength: tagBytes })
  aes.setAAD(cipher.aad)
  aes.setAuthTag(tag)
  const plain = pieces.map((piece) => aes.update(piece))
  aes.final()
  return plain
}

/** Seven zero bytes, the chunk's number, whether it is the last: unique under a key that is used for one blob alone. */
function nonce(chunk: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(chunk, 7)
  bytes[11] = last ? 1 : 0
  return bytes
}

function derive(dataKey: Uint8Array, salt: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, salt, info, 32))
}
