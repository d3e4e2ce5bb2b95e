/** Numbers that an operator may set; each is bytes or as its name says. */
export interface Limits {
  /** One file, where its repository does not say less. */
  readonly maxArtifactSize: number
  /** Content of small blobs kept in memory. */
  readonly contentCache: number
  /** Rendered documents kept in memory. */
  readonly documentCache: number
  /** Days in which a delete can be undone. */
  readonly undoDays: number
  /** Of a resumable upload, what becomes durable at once while a request goes on. */
  readonly uploadPiece: number
  /** Unfinished resumable uploads of one caller. */
  readonly openUploads: number
}
export const Limits = Symbol('Limits')

export const defaultLimits: Limits = {
  maxArtifactSize: 5 * 1024 ** 3,
  contentCache: 64 * 1024 ** 2,
  documentCache: 64 * 1024 ** 2,
  undoDays: 14,
  uploadPiece: 64 * 1024 ** 2,
  openUploads: 100,
}
