import type { LogEntry } from '../audit/log-row.js'
import { conflict, type RegistryError, stale } from '../errors/registry-error.js'
import type { JsonObject } from '../runtime/json.js'
import type { Limits } from '../runtime/limits.js'
import { ArtifactChanges } from './artifact-changes.js'
import type { Committed } from './change-set.js'
import type { CommitScope } from './commit-scope.js'
import { DeletionNotes } from './deletion-notes.js'
import type { Extent } from './deletion-rows.js'
import { DocumentChanges } from './document-changes.js'
import type { MetadataStore, Mutation } from './metadata-store.js'
import { MutationList } from './mutation-list.js'
import type { RecordedChanges } from './recorded-changes.js'
import { givenUp, type StagedUpload, uploadOf } from './staged-upload.js'

export interface PreparedCommit {
  readonly list: MutationList
  readonly mutations: readonly Mutation[]
  readonly log: LogEntry
  readonly committed: Committed
  readonly events: readonly JsonObject[]
  readonly taken: Extent
  readonly usage: { readonly bytes: number; readonly files: number; readonly versions: number }
  /** Uploads whose fresh bytes the commit names. */
  readonly named: readonly StagedUpload[]
}

/** Turns recorded changes into the mutations of one commit, from rows as they stand now; asked again after a lost race. */
export class CommitPlan {
  private readonly unshared = new Set<StagedUpload>()

  constructor(
    private readonly metadata: MetadataStore,
    private readonly scope: CommitScope,
    private readonly changes: RecordedChanges,
    private readonly limits: Limits,
    /** Under which files and documents wait for another commit. */
    private readonly batch?: string,
    /** Where what it takes away begins among the parts of its deletion. */
    private readonly partIndex?: number,
  ) {}

  async prepare(now: Date): Promise<PreparedCommit> {
    const list = new MutationList()
    const undoDays = this.scope.undoDays ?? this.limits.undoDays
    const files = new ArtifactChanges(this.metadata, this.scope, list, this.unshared, this.batch, now)
    for (const { path, blob, options } of this.changes.puts) await files.put(path, uploadOf(blob), options)
    for (const { path, seq } of this.changes.restores) await files.restore(path, seq)
    for (const { path, if: condition } of this.changes.deletes) await files.remove(path, condition, undoDays)
    for (const path of this.changes.freezes) await files.freeze(path)
    const documents = new DocumentChanges(this.metadata, this.scope, list, this.changes)
    const heads = this.batch === undefined ? await this.prepareRest(documents, now) : new Map<string, number>()
    if (this.batch !== undefined) await documents.putPending(this.batch)
    const notes = new DeletionNotes(this.metadata, this.scope, this.changes, undoDays)
    const taken = await notes.take(files.removed, now, this.partIndex ?? this.changes.ahead?.nextPart ?? 0)
    for (const part of taken.parts) list.add(part)
    if (this.batch === undefined) for (const record of notes.record(taken, now)) list.add(record)
    for (const { mutation, refusal } of this.changes.house) list.add(mutation, { kind: 'house', refusal })
    const { ahead } = this.changes
    return {
      list,
      mutations: list.mutations,
      named: files.named,
      committed: { heads, artifacts: new Map([...(ahead?.outcome ?? []), ...files.outcome]) },
      events: files.events,
      taken,
      usage: { bytes: files.bytes, files: files.files, versions: files.versions },
      log: this.log(files, now),
    }
  }

  private async prepareRest(documents: DocumentChanges, now: Date): Promise<ReadonlyMap<string, number>> {
    documents.putDocuments()
    await documents.putNames()
    for (const { at, key } of this.changes.reminders) documents.putReminder(at, key)
    return documents.raiseHeads(now, this.changes.ahead)
  }

  /** True where only rows moved that we carry on: the next `prepare` reads them again. */
  mayRepeat(prepared: PreparedCommit, thrown: unknown): boolean {
    const reason = prepared.list.failed(thrown)
    if (reason?.kind === 'shared') this.unshared.add(reason.upload)
    return reason?.kind === 'repeat' || reason?.kind === 'shared'
  }

  /** The failure in the words of the change set. */
  explain(prepared: PreparedCommit, thrown: unknown): unknown {
    const reason = prepared.list.failed(thrown)
    const cause = { cause: thrown }
    switch (reason?.kind) {
      case 'document': {
        const detail = { document: reason.key }
        return (thrown as RegistryError).kind === 'stale'
          ? stale('The document changed meanwhile', { ...cause, detail })
          : conflict('The document stands otherwise than expected', { ...cause, detail })
      }
      case 'head':
        return stale('The package changed meanwhile', { ...cause, detail: { package: reason.pkg } })
      case 'intent':
        return givenUp(thrown)
      case 'house':
        return reason.refusal
      default:
        return thrown
    }
  }

  private log(files: ArtifactChanges, now: Date): LogEntry {
    const { actor, requestId, source, repositoryId, plugin } = this.scope
    return {
      at: now,
      actor,
      action: `${plugin}.changed`,
      target: { kind: 'repository', id: repositoryId },
      request: requestId,
      ...(source === undefined ? {} : { source }),
      changes: [
        ...(this.changes.ahead?.changes ?? []),
        ...this.changes.puts.map(({ path }) => `put ${path}`),
        ...this.changes.deletes.map(({ path }) => `delete ${path}`),
        ...files.healed.map((blob) => `heal ${blob}`),
        ...this.changes.restores.map(({ path }) => `restore ${path}`),
        ...this.changes.documents.map(({ key, value }) => `${value === undefined ? 'remove' : 'write'} ${key.join('/')}`),
      ],
      ...(files.events.length > 0 ? { events: files.events } : {}),
      ...(files.files !== 0 || files.versions !== 0
        ? { usage: { repository: repositoryId, bytes: files.bytes, files: files.files, versions: files.versions } }
        : {}),
    }
  }
}
