import { timeOrderedId } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { documentContent } from './batch-rows.js'
import type { CommitScope } from './commit-scope.js'
import type { DeletedDocument, DeletedName, DeletionPartRow, DeletionRow, Extent, Removed } from './deletion-rows.js'
import type { MetadataStore, Mutation } from './metadata-store.js'
import type { RecordedChanges } from './recorded-changes.js'
import { asJson, type NameRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

export interface Taken extends Extent {
  readonly parts: readonly Mutation[]
}
const nothing: Extent = { files: 0, bytes: 0, paths: [], lost: false }

export function sum(a: Extent, b: Extent): Extent {
  return {
    files: a.files + b.files,
    bytes: a.bytes + b.bytes,
    paths: [...a.paths, ...b.paths].slice(0, pathsShown),
    lost: a.lost || b.lost,
  }
}

const day = 86_400_000
/** Bytes of one part, and of all that one commit keeps: a row takes 256 KiB, a commit 3 MiB. */
const partBytes = 120 * 1024
const mostBytes = 1_500 * 1024
const pathsShown = 5
const reasonShown = 500

/** What one commit takes away, kept so that it can be undone: the tombstones of its files, its documents as they were and as they are left. */
export class DeletionNotes {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly scope: CommitScope,
    private readonly changes: RecordedChanges,
    private readonly undoDays: number,
  ) {}

  /** What this commit takes away: its parts, from `index` on, and their sum. */
  async take(removed: readonly Removed[], now: Date, index: number): Promise<Taken> {
    const { deletion } = this.changes
    if (!deletion) return { parts: [], ...nothing }
    deletion.id ??= timeOrderedId(now)
    const { id } = deletion
    const notes = await this.cut(removed)
    const purgeAfter = now.getTime() + this.undoDays * day
    const { organizationId: org, repositoryId: repo } = this.scope
    return {
      parts: notes.parts.map((part, at) => ({
        op: 'put',
        key: tenantKeys.deletionPart(org, repo, id, index + at),
        value: asJson({ v: 1, purgeAfter, ...part } satisfies DeletionPartRow),
      })),
      files: removed.length,
      bytes: removed.reduce((sum, { size }) => sum + size, 0),
      paths: removed.slice(0, pathsShown).map(({ path }) => path),
      lost: notes.lost,
    }
  }

  /** The row that lists it, in the commit that makes it count. `last`: what that takes away besides. */
  record(last: Taken, now: Date): readonly Mutation[] {
    const { deletion } = this.changes
    if (!deletion || deletion.id === undefined) return []
    const { id, note, ahead } = deletion
    const { files, bytes, paths, lost } = sum(ahead ?? nothing, last)
    const value: DeletionRow = {
      v: 1,
      at: now.getTime(),
      by: { kind: this.scope.actor.kind, id: this.scope.actor.id },
      plugin: this.scope.plugin,
      ...(note.reason === undefined ? {} : { reason: note.reason.slice(0, reasonShown) }),
      ...(note.package === undefined ? {} : { package: note.package }),
      ...(note.version === undefined ? {} : { version: note.version }),
      ...(note.partial ? { partial: true } : {}),
      files,
      bytes,
      paths,
      purgeAfter: now.getTime() + this.undoDays * day,
      ...(lost ? { lost: true } : {}),
    }
    const key = tenantKeys.deletion(this.scope.organizationId, this.scope.repositoryId, id)
    return [{ op: 'put', key, value: asJson(value), if: 'absent' }]
  }

  private async cut(removed: readonly Removed[]) {
    const parts: Omit<DeletionPartRow, 'v' | 'purgeAfter'>[] = []
    let room = 0
    let total = 0
    const add = (note: Partial<Omit<DeletionPartRow, 'v' | 'purgeAfter'>>) => {
      const size = JSON.stringify(note).length
      total += size
      if (size > room || parts.length === 0) {
        parts.push({ files: [], documents: [], names: [] })
        room = partBytes
      }
      room -= size
      const { files, documents, names } = parts.at(-1) ?? { files: [], documents: [], names: [] }
      parts[parts.length - 1] = {
        files: [...files, ...(note.files ?? [])],
        documents: [...documents, ...(note.documents ?? [])],
        names: [...names, ...(note.names ?? [])],
      }
    }
    for (const { path, seq } of removed) add({ files: [{ path, seq }] })
    for await (const document of this.documents()) add({ documents: [document] })
    for await (const name of this.names()) add({ names: [name] })
    return total > mostBytes ? { parts: [], lost: true } : { parts, lost: false }
  }

  private async *documents(): AsyncIterable<DeletedDocument> {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    for (const { key, value } of this.changes.documents) {
      const [pkg, ...rest] = key
      const entry = await this.metadata.get(tenantKeys.document(org, repo, plugin, pkg, rest))
      const before = entry && (await documentContent(this.metadata, org, entry.value))
      if (!before && value === undefined) continue
      yield {
        key,
        before: before ? { dv: before.dv, d: before.d } : null,
        after: value === undefined ? null : { d: value },
      }
    }
  }

  private async *names(): AsyncIterable<DeletedName> {
    for (const [name, facts] of this.changes.names) {
      const entry = await this.metadata.get(tenantKeys.name(this.scope.organizationId, this.scope.repositoryId, name))
      const before: JsonObject | null = entry ? row<NameRow>(entry.value).facts : null
      yield { name, before, after: facts ?? null }
    }
  }
}
