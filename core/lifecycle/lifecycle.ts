import type { PackageStatus, PackageVersion, YankMark } from '../plugin/package-keeping.js'
import type { DeletionRow } from '../storage/deletion-rows.js'
import type { Repository } from '../tenancy/repository.js'
import type { CleanupItem, CleanupRules } from './cleanup-rules.js'
import type { Reindexing } from './reindexing.js'

/** For `api` alone: what happens to versions after they were published. Each call checks artifacts.* of the caller on the repositories it names; the
 *  operator may do all of it. Throws `not-found` for a repository that the caller may not see. */
export interface Lifecycle extends Retention, Reindexing {
  /** artifacts.read here, artifacts.write there; artifacts.delete here with `move`. One commit of names, no bytes; by the rules of the target. */
  promote(repository: string, pkg: string, version: string, options: PromoteOptions): Promise<Promoted>
  /** artifacts.delete. The ordinary removal, which can be undone. */
  removeVersion(repository: string, pkg: string, version: string, reason?: string): Promise<void>
  /** artifacts.delete. The same for a package with all its versions: a large one goes in several commits, and where that was cut, the next call goes on. */
  removePackage(repository: string, pkg: string, reason?: string): Promise<void>
  /** artifacts.read, by a path if the package's name is one. What there is of a package; undefined where there is none, none that the caller may read,
   *  or none that is kept here: in a proxy or a group. */
  inspect(repository: string, pkg: string): Promise<PackageState | undefined>
  /** artifacts.write. Advises against a version, or takes that back. Throws `conflict` where the format does not know this. */
  yank(repository: string, pkg: string, version: string, mark: YankMark): Promise<void>
  /** artifacts.delete, since it can stop uploads and downloads. Throws `conflict` where the format does not know this. */
  setStatus(repository: string, pkg: string, status: string, reason?: string): Promise<void>
  /** artifacts.delete. What was taken away and can be brought back, oldest first. */
  listDeletions(repository: string, query?: { readonly after?: string }): AsyncIterable<Deletion>
  /** artifacts.delete. Brings back files, documents and what search shows, as they were. Throws `conflict` where something else stands there now. */
  undo(repository: string, id: string): Promise<Deletion>
}

/** repository.administer. Retention of one repository. */
export interface Retention {
  cleanupRules(repository: string): Promise<CleanupState | undefined>
  /** Nothing goes by new rules before a day has passed, unless `activate`. Throws `invalid` where they would take nothing ever. */
  setCleanupRules(repository: string, rules: CleanupRules, activate: boolean): Promise<CleanupState>
  removeCleanupRules(repository: string): Promise<void>
  /** What these rules, or those that stand, would take of what falls under them by now, with the reason and the time. */
  previewCleanup(repository: string, rules?: CleanupRules, after?: string): AsyncIterable<CleanupItem>
}
export interface CleanupState {
  readonly rules: CleanupRules
  readonly changedAt: Date
  readonly activeFrom: Date
}

export interface PackageState extends PackageStatus {
  readonly repository: Repository
  /** As the plugin names it to the kernel. */
  readonly name: string
  /** Newest first. */
  readonly versions: readonly PackageVersion[]
}

export interface PromoteOptions {
  readonly to: string
  /** npm's dist-tags that shall name it there. */
  readonly tags?: readonly string[]
  /** Takes it away here, in a commit of its own, once it is there. */
  readonly move?: boolean
  readonly reason?: string
}
export interface Promoted {
  readonly repository: string
  readonly package: string
  readonly version: string
  /** Files that are new there; those that stood there with the same bytes are not counted. */
  readonly files: number
}

export interface Deletion extends Omit<DeletionRow, 'v' | 'at' | 'purgeAfter'> {
  readonly id: string
  readonly at: Date
  readonly purgeAfter: Date
}
