import { stale } from '../errors/registry-error.js'
import type { JsonObject } from '../runtime/json.js'
import { standingHead } from './batches.js'
import type { CommitScope } from './commit-scope.js'
import type { MetadataStore, Mutation } from './metadata-store.js'
import { seen } from './optimistic.js'
import type { RecordedChanges } from './recorded-changes.js'
import { asJson, type HeadRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

/** Heads of one commit, which are rewritten in one with their names; and bytes of what is shown of them. */
const headsOfPart = 40
const bytesOfPart = 100 * 1024

interface LockedPart {
  readonly mutations: readonly Mutation[]
  readonly heads: readonly { readonly pkg: string; readonly facts?: JsonObject | null }[]
  /** The sequence that each will have. */
  readonly sequences: ReadonlyMap<string, number>
  /** Where another commit went through since the batch began to write. */
  readonly moved: readonly string[]
}

/** Makes heads of packages wait for a batch: it holds them as they were decided on, and others that come by wait for its end. */
export class HeadLock {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly scope: CommitScope,
    private readonly batch: string,
    /** Packages whose documents the batch changes, at the sequence before. */
    private readonly touched: ReadonlyMap<string, number>,
    private readonly changes: Pick<RecordedChanges, 'heads' | 'names'>,
  ) {}

  *parts(packages: readonly string[]): Generator<readonly string[]> {
    let part: string[] = []
    let bytes = 0
    for (const pkg of packages) {
      const more = pkg.length + JSON.stringify(this.changes.names.get(pkg) ?? null).length
      if (part.length === headsOfPart || (part.length > 0 && bytes + more > bytesOfPart)) {
        yield part
        part = []
        bytes = 0
      }
      part.push(pkg)
      bytes += more
    }
    if (part.length > 0) yield part
  }

  /** Throws `stale` where a head is not what a decision rested on. */
  async prepare(part: readonly string[], now: Date): Promise<LockedPart> {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    const mutations: Mutation[] = []
    const heads: { pkg: string; facts?: JsonObject | null }[] = []
    const sequences = new Map<string, number>()
    const moved: string[] = []
    for (const pkg of part) {
      const key = tenantKeys.head(org, repo, plugin, pkg)
      const entry = await standingHead(this.metadata, org, key, now)
      const before: HeadRow = entry ? row<HeadRow>(entry.value) : { v: 1, seq: 0, at: 0, state: 'removed' }
      const required = this.changes.heads.get(pkg)
      const sequence = before.state === 'present' ? before.seq : 0
      if (required !== undefined && required !== sequence)
        throw stale('The package changed meanwhile', { detail: { package: pkg, sequence } })
      const noted = this.touched.get(pkg)
      if (noted !== undefined && noted !== before.seq) moved.push(pkg)
      const pending =
        noted === undefined
          ? { batch: this.batch, seq: sequence, at: before.at }
          : { batch: this.batch, seq: before.seq + 1, at: Math.max(now.getTime(), before.at + 1) }
      mutations.push({ op: 'put', key, value: asJson({ ...before, pending } satisfies HeadRow), if: seen(entry) })
      sequences.set(pkg, pending.seq)
      heads.push({ pkg, ...(this.changes.names.has(pkg) ? { facts: this.changes.names.get(pkg) ?? null } : {}) })
    }
    return { mutations, heads, sequences, moved }
  }
}
