import type { Json } from '../runtime/json.js'
import type { DeletionNote } from './deletion-rows.js'
import type { DocumentKey } from './document-reader.js'
import type { Condition } from './metadata-store.js'
import type { PackageFacts } from './package-facts.js'
import type { StagedBlob } from './staging.js'

/** Collects writes and applies all of them or none. The first part of a document's key names its package: one partition, one head. */
export interface ChangeSet {
  putDocument(key: DocumentKey, value: Json, condition?: Condition): this
  deleteDocument(key: DocumentKey, condition?: Condition): this
  /** The package must still be at this sequence (0: never written): for a decision that rests on several of its documents. */
  requireHead(pkg: string, sequence: number): this
  /** Throws `conflict` or `stale`, naming the first condition that did not hold (`detail.document` or `detail.path`). A set of nothing but
   *  equal files writes nothing. A set can be committed once, and may be of any size: what does not fit into one commit of the store is written
   *  ahead, under a batch, and one row makes all of it count. Only what `remind` and a deletion add has to fit. */
  commit(): Promise<Committed>
}

/** The new sequence of each package touched (npm's `_rev`), and what became of each file (201, 200, 204). */
export interface Committed {
  readonly heads: ReadonlyMap<string, number>
  readonly artifacts: ReadonlyMap<string, 'created' | 'same' | 'replaced'>
}

export interface PutOptions {
  readonly contentType?: string
  /** Other bytes may take the place of what is there, where the repository's policy allows it too. */
  readonly replace?: boolean
  /** HTTP's If-None-Match: * and If-Match, held in the commit; `stale` where it does not hold. */
  readonly if?: 'absent' | { readonly sha256: string }
}

export interface RepositoryChangeSet extends ChangeSet {
  /** An existing path with other bytes is `conflict` (`detail`: `path`, `sha256` of what is there, `reason`: 'exists' or 'spent') unless the
   *  repository's policy and `replace` both allow it. What was once published without `replace` never comes back with other bytes. */
  putArtifact(path: string, blob: StagedBlob, options?: PutOptions): this
  /** What stands there now is final: from here on the path never takes other bytes, whatever `replace` and policy say, and not after a delete
   *  either. Throws `not-found` at the commit where there is no such file. The set has to hold the package's head, so that it cannot change meanwhile. */
  freezeArtifact(path: string): this
  /** Needs artifacts.delete. Throws `not-found` at the commit where there is no such file, `stale` where `if` does not hold. */
  deleteArtifact(path: string, options?: { readonly if?: { readonly sha256: string } }): this
  /** Writes what was collected so far, durable and seen by nobody before `commit`: for sets of thousands of files, so that their uploads need not
   *  all be held. Until then nobody else can change these paths (`unavailable`, for 15 minutes at most without another flush). A crash, or
   *  `abandon`, takes it away again. */
  flush(): Promise<void>
  /** Ends the set without a commit. Not needed where nothing was flushed. */
  abandon(): Promise<void>
  /** What is taken away here, and why: whatever deletes files, or says this, is kept for the time of undo, documents as they were included.
   *  `partial`: it is the rest of a package that is gone already, and comes back with that. */
  deletion(note: DeletionNote): this
  /** What search and pages show of a package; undefined takes it off the list of names. */
  describe(pkg: string, facts: PackageFacts | undefined): this
  /** Wakes the plugin's `remind` with this key at that time or later; at least once. */
  remind(at: Date, key: DocumentKey): this
}
