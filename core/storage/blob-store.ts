import type { Readable, Writable } from 'node:stream'
import type { ByteRange } from './bytes.js'

/** `{organizationId}/b/{2 hex}/{blobId}`: made for one upload, created once, never replaced, never shared by two uploads. */
export type BlobKey = string

/** Bytes under keys. What is inside is for the caller to know; the house stores sealed blobs. */
export interface BlobStore {
  /** 'files', 's3', 'memory': what the settings and a blob's row call it. */
  readonly name: string
  /** Begins a blob: what is written is written once, as it will lie. Where the key exists or is being written `conflict` is thrown, by this or at the latest
   *  by `finish`: to ask first would cost each upload a call. Files: `.part` beside its place, renamed by `finish`. S3: spooled, put by `finish`, in parts
   *  when large, each repeatable. */
  create(key: BlobKey): Promise<BlobWriter>
  /** A new blob of finished ones, in their order, without reading or writing their bytes: durable and visible when it resolves, a blob like any other from
   *  then on, and the pieces are left as they were. False where this place cannot do so; nothing was done then. Throws `conflict` as `create` does, and
   *  `not-found` where a piece is missing. */
  compose?(key: BlobKey, pieces: readonly BlobKey[]): Promise<boolean>
  /** Throws `not-found`. Whoever opens a stream consumes or destroys it. A file that is shorter than asked fails the stream. */
  open(key: BlobKey, range?: ByteRange): Promise<Readable>
  /** The whole blob in one go, for small ones: no stream, one open. Throws `not-found`, and `too-large` above `limit` bytes. */
  read(key: BlobKey, limit: number): Promise<Uint8Array>
  stat(key: BlobKey): Promise<{ readonly size: number; readonly storedAt: Date } | undefined>
  /** Nothing happens where there is no such key. */
  delete(key: BlobKey): Promise<void>
  /** Keys that begin with `prefix`, whole folders of it ('' for all, '{org}/', '{org}/b/0f/'), finished blobs alone, in no promised order. */
  list(prefix: string): AsyncIterable<BlobKey>
  /** What lies there and is no blob, below a prefix as in `list`: for the sweeper. */
  strays(prefix: string): AsyncIterable<Stray>
  /** Takes a finished blob out of the way: neither found nor listed from then on, and kept until `dropStray`. Nothing happens where there is no such key. */
  setAside(key: BlobKey): Promise<void>
  /** Nothing happens where it is gone. Whoever drops a part that is still being written fails its writer. */
  dropStray(stray: Pick<Stray, 'kind' | 'key'>): Promise<void>
  /** Room for `size` more bytes beside the reserve of security guide 1.8? */
  headroom(size: number): Promise<boolean>
  close(): Promise<void>
}
export const BlobStore = Symbol('BlobStore')

/** What `open` may give: whoever has done with a piece, and holds nothing of it, hands its memory back. */
export interface RecyclingReadable extends Readable {
  recycle?(piece: Uint8Array): void
}

/** `part`: an upload that was not finished. `aside`: what `setAside` took away. */
export interface Stray {
  readonly kind: 'part' | 'aside'
  readonly key: BlobKey
  readonly size: number
  /** Last written, or set aside, by the store's own clock. */
  readonly since: Date
}

export interface BlobWriter {
  readonly sink: Writable
  /** What was written so far, before anybody else can see it: parsers, digests asked for late. Only after `sink` has finished. */
  open(range?: ByteRange): Promise<Readable>
  /** Durable and visible from here on; a failure is final for this key. Only after `sink` has finished. */
  finish(): Promise<void>
  /** Leaves nothing, whether or not `finish` was called; may be called twice. */
  abort(): Promise<void>
}
