import type { Json } from '../runtime/json.js'
import type { RepositoryChangeSet } from '../storage/change-set.js'
import type { DocumentKey, DocumentReader } from '../storage/document-reader.js'
import type { PackageFacts } from '../storage/package-facts.js'
import type { RepositoryContext } from '../tenancy/repository-context.js'

/** One version of a package, as retention judges it. */
export interface PackageVersion {
  readonly version: string
  readonly publishedAt: Date
  /** Not meant to stay: a Maven snapshot. */
  readonly snapshot?: boolean
  /** Why no rule ever takes it, in words: 'the dist-tag latest'. */
  readonly held?: string
  /** The package that its downloads are counted as, where it is counted alone: a file of raw. */
  readonly countedAs?: string
  /** What clients are told of it: npm's deprecation, PyPI's yank, of all of its files or of some. */
  readonly advice?: VersionAdvice
  /** npm's dist-tags that name it. */
  readonly tags?: readonly string[]
  /** Builds of a snapshot, oldest first; each can go alone. */
  readonly builds?: readonly { readonly id: string; readonly publishedAt: Date }[]
}

export interface VersionAdvice {
  readonly kind: 'deprecated' | 'yanked' | 'partly yanked'
  /** As it was given; undefined where nobody said why. */
  readonly reason?: string
}
/** 'active', or whatever else its format has words for. */
export interface PackageStatus {
  readonly status: string
  readonly reason?: string
}

export interface CopyOptions {
  /** npm's dist-tags that shall name it in the target; undefined: as the format does by itself. */
  readonly tags?: readonly string[]
}

export interface YankMark {
  readonly yanked: boolean
  readonly reason?: string
  /** Name of one file of the version; default: all of them. */
  readonly file?: string
}

/** What a version is made of, so that the house can copy, promote, remove and expire versions of this format. Each records into a change set of the
 *  house's, with `requireHead` for what its decision rests on; the house commits, and asks anew where that is `stale`. */
export interface PackageKeeping {
  /** A package as the plugin names it to the kernel: 'com.acme:app' → 'com/acme/app'. Default: as it is. */
  keyOf?(name: string): string
  /** Packages of the repository; default: those that were described. */
  names?(context: RepositoryContext): AsyncIterable<string>
  /** What there is, in any order; nothing where there is no such package. */
  versions(pkg: string, context: RepositoryContext): AsyncIterable<PackageVersion>
  /** The ordinary removal of a version, or of one build of it. Throws `not-found`. */
  remove(pkg: string, version: string, context: RepositoryContext, change: RepositoryChangeSet, build?: string): Promise<void>
  /** The removal of a package with all of its versions, in as many steps as it takes. Throws `not-found`, by the first. Who asks for a next step finds
   *  the last one committed; who is asked again after a crash goes on with what is left. */
  removeAll(pkg: string, context: RepositoryContext): AsyncIterable<RemovalStep>
  /** Advises clients against a version, or one file of it, or takes that back: PyPI's yank. Throws `not-found`. */
  yank?(pkg: string, version: string, mark: YankMark, context: RepositoryContext, change: RepositoryChangeSet): Promise<void>
  /** What a package is said to be; undefined where there is none. Default: 'active' as long as it has versions. */
  status?(pkg: string, context: RepositoryContext): Promise<PackageStatus | undefined>
  /** Says so: 'deprecated', 'archived'. Throws `not-found`, and `invalid` for a word that the format does not know. */
  setStatus?(
    pkg: string,
    status: string,
    reason: string | undefined,
    context: RepositoryContext,
    change: RepositoryChangeSet,
  ): Promise<void>
  /** All of a version from one repository into `change` of another, by the target's rules. Throws `not-found`, and what a publish would throw. */
  copy(
    pkg: string,
    version: string,
    from: RepositoryContext,
    to: RepositoryContext,
    change: RepositoryChangeSet,
    options: CopyOptions,
  ): Promise<void>
  /** A document on an undo of its removal: as it was before, as the removal left it, as it is now; undefined: there is none. Asked where others
   *  changed it meanwhile: default is to leave what was changed, and to refuse the undo where what was removed stands there anew. */
  merge?(key: DocumentKey, states: { readonly before?: Json; readonly after?: Json; readonly now?: Json }): Json | undefined
  /** After all documents of an undo were decided: writes what rests on several of them (the highest version, a list in another package) as
   *  `documents`, which has them as they will stand, wants it. `packages`: whose documents come back. */
  mend?(
    packages: ReadonlySet<string>,
    context: RepositoryContext,
    documents: DocumentReader,
    change: DocumentWriter,
  ): Promise<void>
}

/** Records what one commit takes away, from a fresh look each time it is called. */
export type RemovalStep = (change: RepositoryChangeSet) => Promise<void>

/** The part of a change set that is about documents and what is shown of them. */
export interface DocumentWriter {
  putDocument(key: DocumentKey, value: Json): unknown
  deleteDocument(key: DocumentKey): unknown
  requireHead(pkg: string, sequence: number): unknown
  describe(pkg: string, facts: PackageFacts | undefined): unknown
}
