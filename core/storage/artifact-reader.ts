import type { DigestName } from '../digest/digests.js'
import type { Artifact, FolderEntry } from './artifact.js'

/** Files of one repository. */
export interface ArtifactReader {
  find(path: string): Promise<Artifact | undefined>
  /** Throws `not-found`. */
  get(path: string): Promise<Artifact>
  /** Direct entries of a folder ('' is the root) in byte order, files and folders mixed; folders without any file below are left out. */
  list(folder: string, query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<FolderEntry>
  /** One digest of a file, computed when first asked for and kept. Throws `not-found`. */
  digest(path: string, name: DigestName): Promise<string>
}
