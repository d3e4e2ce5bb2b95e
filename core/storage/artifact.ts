import type { Digests } from '../digest/digests.js'
import type { Bytes } from './bytes.js'

/** One stored file, as its row was when it was read: immutable, whatever happens to the path meanwhile. */
export interface Artifact extends Bytes {
  /** Within the repository, canonical, without a leading slash. */
  readonly path: string
  /** What is known of it; more are computed by `artifacts.digest`. */
  readonly digests: Digests
  /** As the plugin gave it, if it did. */
  readonly contentType?: string
  /** When this version was committed. */
  readonly modified: Date
  /** Counts the versions of this path, from 1. */
  readonly sequence: number
  /** Member, service account or publisher, by id. */
  readonly publishedBy: string
}

export type FolderEntry =
  | { readonly kind: 'file'; readonly name: string; readonly artifact: Artifact }
  | { readonly kind: 'folder'; readonly name: string }
