import type { Readable } from 'node:stream'
import type { ByteRange } from '../bytes.js'
import { storedSizeOf } from './crb1-format.js'
import type { WrappedKey } from './keys.js'
import type { SealedBlob } from './sealed-blobs.js'

/** A part of a composed blob: sealed by itself under an id and a data key of its own, and nothing in it was sealed anew. */
export type BlobPiece = {
  readonly blobId: string
  /** Plain bytes. */
  readonly size: number
  readonly key?: WrappedKey
}

/** Bytes of a piece in the store. */
export function storedSizeOfPiece({ size, key }: BlobPiece): number {
  return key === undefined ? size : storedSizeOf(size)
}

/** What the sizes of a row have to come to. */
export function sizesOf(blob: SealedBlob): { readonly size: number; readonly storedSize: number } {
  const pieces = blob.pieces ?? [blob]
  return {
    size: pieces.reduce((sum, { size }) => sum + size, 0),
    storedSize: pieces.reduce((sum, piece) => sum + storedSizeOfPiece(piece), 0),
  }
}

/** Plain bytes of a range, piece after piece; each is opened when its turn comes. `open` is given where the piece begins in the stored blob. */
export async function* readPieces(
  pieces: readonly BlobPiece[],
  { start, end }: ByteRange,
  open: (piece: BlobPiece, storedAt: number, range: ByteRange) => Promise<Readable>,
): AsyncGenerator<Buffer> {
  let at = 0
  let storedAt = 0
  for (const piece of pieces) {
    const range = { start: Math.max(start - at, 0), end: Math.min(end - at, piece.size) }
    if (range.start < range.end) yield* (await open(piece, storedAt, range)) as AsyncIterable<Buffer>
    at += piece.size
    storedAt += storedSizeOfPiece(piece)
    if (at >= end) return
  }
}
