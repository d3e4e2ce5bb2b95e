import type { Digests } from '../digest/digests.js'
import type { Artifact, FolderEntry } from '../storage/artifact.js'
import type { PackageFacts } from '../storage/package-facts.js'
import type { Repository } from './repository.js'

export interface FileDetails {
  readonly repository: Repository
  readonly artifact: Artifact
  /** Those that are kept, late ones too; none is computed. */
  readonly digests: Digests
  /** Is its path its address below the repository? */
  readonly addressed: boolean
}
export interface PackageDetails {
  readonly repository: Repository
  readonly name: string
  readonly facts: PackageFacts
}

export type Found =
  | { readonly kind: 'file'; readonly repository: Repository; readonly artifact: Artifact }
  | { readonly kind: 'package'; readonly repository: Repository; readonly name: string; readonly facts: PackageFacts }

export interface ContentQuery {
  readonly text: string
  /** One alone, by name. */
  readonly repository?: string
  readonly kind?: 'file' | 'package'
  /** What `next` said. */
  readonly after?: string
  readonly limit: number
}
export interface SearchAnswer {
  readonly found: readonly Found[]
  /** Where it goes on: behind the last that was found, or where 20,000 names had been looked at. */
  readonly next?: string
}

/** What lies in the repositories of one organization, as far as the caller may read it: names and facts, never bytes. For `api` alone. A repository, folder
 *  or package that the caller may not see is `not-found`; one of a format that is switched off is `forbidden`. */
export interface Contents {
  /** Direct entries of a folder ('' is the root) in byte order. */
  folder(repository: string, folder: string, query?: { readonly after?: string }): Promise<AsyncIterable<FolderEntry>>
  file(repository: string, path: string): Promise<FileDetails>
  /** Described packages in byte order. */
  packages(repository: string, query?: { readonly after?: string }): Promise<AsyncIterable<PackageDetails>>
  /** By its name in addresses, or by what it is called in its format; undefined where none is described, or none for this caller. */
  findPackage(repository: string, name: string): Promise<PackageDetails | undefined>
  /** Packages and files by words, properties and digests, over every repository or the one named. */
  search(query: ContentQuery): Promise<SearchAnswer>
  /** Lines to paste into clients' settings, for the repository at this address. */
  settings(repository: string, url: URL): Promise<readonly { readonly client: string; readonly text: string }[]>
}
