import { type RegistryError, stale } from '../errors/registry-error.js'
import type { Json, JsonObject } from '../runtime/json.js'
import type { Committed, PutOptions, RepositoryChangeSet } from './change-set.js'
import type { DeletionNote, Extent } from './deletion-rows.js'
import type { DocumentKey } from './document-reader.js'
import type { Condition, Mutation } from './metadata-store.js'
import type { PackageFacts } from './package-facts.js'
import type { StagedBlob } from './staging.js'

/** What a change set has collected, in the order it came. */
export interface RecordedChanges {
  /** Kept for an undo, where anything is taken away: what it is, and what of it was written so far. */
  deletion?: {
    note: DeletionNote
    id?: string
    ahead?: Extent
  }
  /** Brought back: the tombstones that stand there. */
  readonly restores: { readonly path: string; readonly seq: number }[]
  /** Rows of the house's own that go with it, and the refusal where they do not stand as expected. */
  readonly house: { readonly mutation: Mutation; readonly refusal: RegistryError }[]
  /** What was written ahead, under a batch. */
  ahead?: WrittenAhead
  readonly puts: { readonly path: string; readonly blob: StagedBlob; readonly options: PutOptions }[]
  readonly deletes: { readonly path: string; readonly if?: { readonly sha256: string } }[]
  readonly freezes: Set<string>
  readonly documents: { readonly key: DocumentKey; readonly value: Json | undefined; readonly if?: Condition }[]
  readonly heads: Map<string, number>
  readonly names: Map<string, PackageFacts | undefined>
  readonly reminders: { readonly at: Date; readonly key: DocumentKey }[]
}

/** What of a change set was written ahead, as the rest of the commit sees it. */
export interface WrittenAhead {
  /** Of the batch. */
  readonly id: string
  readonly outcome: ReadonlyMap<string, 'created' | 'same' | 'replaced'>
  /** The packages whose documents it changes, at the sequence before. */
  readonly heads: ReadonlyMap<string, number>
  /** Packages that wait for the batch with their heads, at the sequence that they will have: nobody else moves them any more. */
  readonly locked: ReadonlyMap<string, number>
  /** For the log: what was written ahead, in names; the first of them where there are many. */
  readonly changes: readonly string[]
  /** Number of the first part of a deletion that is still to be written. */
  readonly nextPart: number
  /** Files and documents, and nothing else of the set. */
  write(changes: RecordedChanges, now: () => Date): Promise<void>
  /** Heads and names, where there are too many for the commit that ends the batch. */
  lock(changes: RecordedChanges, now: () => Date): Promise<void>
  /** The mutation that makes everything count, in a commit that raises these heads; none where nothing had to be written. */
  ending(heads: Committed['heads']): Promise<readonly Mutation[]>
  /** Rewrites the rows; where that fails a chore does it later. */
  finish(now: Date, told: (events: readonly JsonObject[]) => void): Promise<void>
  abandon(now: Date): Promise<void>
}

/** What a change set may do is decided when it is asked, not when it commits: `guard` throws `forbidden` under too low a ceiling. */
export interface ChangeGuard {
  write(): void
  delete(): void
}

/** Where recorded changes go. */
export interface ChangeStore {
  apply(changes: RecordedChanges): Promise<Committed>
  /** Takes what `changes` holds so far and writes it where nobody sees it. */
  ahead(changes: RecordedChanges): Promise<void>
  /** Takes back what was written ahead. */
  abandon(changes: RecordedChanges): Promise<void>
}

export function noChanges(): RecordedChanges {
  return {
    puts: [],
    deletes: [],
    freezes: new Set(),
    documents: [],
    heads: new Map(),
    names: new Map(),
    reminders: [],
    restores: [],
    house: [],
  }
}

/** A change set is a list until its one commit. */
export class RecordingChangeSet implements RepositoryChangeSet {
  private readonly changes = noChanges()
  private done = false

  constructor(
    private readonly guard: ChangeGuard,
    private readonly store: ChangeStore,
  ) {}

  putDocument(key: DocumentKey, value: Json, condition?: Condition): this {
    this.changes.documents.push({ key, value, ...(condition === undefined ? {} : { if: condition }) })
    return this
  }
  deleteDocument(key: DocumentKey, condition?: Condition): this {
    this.changes.documents.push({ key, value: undefined, ...(condition === undefined ? {} : { if: condition }) })
    return this
  }
  requireHead(pkg: string, sequence: number): this {
    const before = this.changes.heads.get(pkg)
    if (before !== undefined && before !== sequence) throw stale('The package changed meanwhile', { detail: { package: pkg } })
    this.changes.heads.set(pkg, sequence)
    return this
  }
  putArtifact(path: string, blob: StagedBlob, options: PutOptions = {}): this {
    this.guard.write()
    this.changes.puts.push({ path, blob, options })
    return this
  }
  freezeArtifact(path: string): this {
    this.guard.write()
    this.changes.freezes.add(path)
    return this
  }
  deleteArtifact(path: string, options: { readonly if?: { readonly sha256: string } } = {}): this {
    this.guard.delete()
    this.changes.deletes.push({ path, ...options })
    return this.deletion({})
  }
  deletion(note: DeletionNote): this {
    this.changes.deletion ??= { note: {} }
    this.changes.deletion.note = { ...this.changes.deletion.note, ...note }
    return this
  }
  /** The house's own: not part of what plugins see. */
  restoreArtifact(path: string, seq: number): this {
    this.guard.delete()
    this.changes.restores.push({ path, seq })
    return this
  }
  withRow(mutation: Mutation, refusal: RegistryError): this {
    this.changes.house.push({ mutation, refusal })
    return this
  }
  describe(pkg: string, facts: PackageFacts | undefined): this {
    this.changes.names.set(pkg, facts)
    return this
  }
  remind(at: Date, key: DocumentKey): this {
    this.changes.reminders.push({ at, key })
    return this
  }

  async flush(): Promise<void> {
    if (this.done) throw new Error('a change set can be committed once')
    this.guard.write()
    await this.store.ahead(this.changes)
  }

  async abandon(): Promise<void> {
    this.done = true
    await this.store.abandon(this.changes)
  }

  async commit(): Promise<Committed> {
    if (this.done) throw new Error('a change set can be committed once')
    this.done = true
    this.guard.write()
    return this.store.apply(this.changes)
  }
}
