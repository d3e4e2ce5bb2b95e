import type { Readable, Writable } from 'node:stream'
import type { ByteRange } from '../bytes.js'
import type { BlobPiece } from './composed-blob.js'
import type { WrappedKey } from './keys.js'

/** What a blob's row knows of it. Without `key` it lies in clear (encryption off). */
export interface SealedBlob {
  readonly organizationId: string
  readonly blobId: string
  /** Plain bytes. */
  readonly size: number
  /** Bytes in the store. */
  readonly storedSize: number
  readonly key?: WrappedKey
  /** Of the plain bytes: what lies in clear is held against it, where it is read whole. */
  readonly sha256?: string
  /** Of a composed blob, in order; each has a key of its own. */
  readonly pieces?: readonly BlobPiece[]
}

/** How a blob came to lie, for its row. */
export type SealedForm = Pick<SealedBlob, 'storedSize' | 'key' | 'pieces'>

/** One upload: a fresh blob id and data key, single use, sequential, never rewound. */
export interface SealedWriter {
  readonly blobId: string
  /** Takes the plain bytes. */
  readonly sink: Writable
  /** The plain bytes so far, before anybody else can see them. Only after `sink` has finished. */
  open(range?: ByteRange): Promise<Readable>
  /** Durable from here on; the data key comes back wrapped, for the row. A failure is final for this blob id. */
  finish(): Promise<SealedForm>
  abort(): Promise<void>
}

/** The blob store as the kernel uses it: sealed under one data key per blob, readable by range, authenticated by chunk (security guide 2.2). */
export interface SealedBlobs {
  create(organizationId: string): Promise<SealedWriter>
  /** A blob of blobs that are durable already, as they lie: no byte is read or written, and they may go afterwards. Undefined where the store cannot. */
  compose(organizationId: string, blobId: string, pieces: readonly SealedBlob[]): Promise<SealedBlob | undefined>
  /** A chunk is released only after its tag verified; a stream that meets a bad one is destroyed. `range` defaults to everything. */
  open(blob: SealedBlob, range?: ByteRange): Promise<Readable>
  /** The whole of a small blob, without a stream. */
  read(blob: SealedBlob): Promise<Uint8Array>
  delete(organizationId: string, blobId: string): Promise<void>
  headroom(size: number): Promise<boolean>
}
export const SealedBlobs = Symbol('SealedBlobs')
