import { logMutation } from '../audit/log-row.js'
import type { Limits } from '../runtime/limits.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { type ArtifactRow, row, type VersionRow } from '../storage/storage-rows.js'
import { nameId, tenantKeys } from '../storage/tenant-keys.js'
import type { SweepRun } from './sweep-run.js'

const day = 86_400_000
/** A version is two rows; what its blob still needs is a third. */
const versionsPerCommit = 30

/** Takes away what no undo can bring back any more (security guide 1.6): the version and its reference in one commit. Spent coordinates stay. */
export class VersionPurge {
  /** Versions of one path lie together: it is looked at once. */
  private last = ''

  constructor(
    private readonly metadata: MetadataStore,
    private readonly limits: Limits,
  ) {}

  /** `undoDays`: of the organization that the row belongs to. */
  async visit(entry: Entry, run: SweepRun, undoDays: number): Promise<void> {
    const { seq, tombstone } = row<VersionRow>(entry.value)
    if ((seq === 1 && !tombstone) || entry.key.partition === this.last) return
    this.last = entry.key.partition
    const [org = '', , repo = '', path = ''] = entry.key.partition.split('\0')
    await this.purge(org, repo, path, run, undoDays)
  }

  private async purge(org: string, repo: string, path: string, run: SweepRun, undoDays: number): Promise<void> {
    const artifact = await this.metadata.get(tenantKeys.artifact(org, repo, path))
    if (!artifact) return
    const current = row<ArtifactRow>(artifact.value)
    // A batch is at work on it, and its versions are not over: next time.
    if (current.pending !== undefined) return
    const versions: VersionRow[] = []
    for await (const { value } of this.metadata.range(tenantKeys.versions(org, repo, path), { prefix: ['s'] }))
      versions.push(row<VersionRow>(value))
    const whole = current.state === 'deleted' && this.isOver(current, run)
    const over = whole ? versions : versions.filter((_, at) => this.isExpired(versions, at, current, run, undoDays))
    const kept = whole ? [] : versions.filter((version) => !version.tombstone && !over.includes(version))
    for (let at = 0; at < over.length; at += versionsPerCommit) {
      const some = over.slice(at, at + versionsPerCommit)
      const end = whole && at + some.length === over.length
      const mutations: Mutation[] = [
        { op: end ? 'delete' : 'check', key: artifact.key, if: { revision: artifact.revision } },
        ...some.flatMap((version) => this.removal(org, repo, path, version)),
        ...this.ownReferences(org, repo, path, kept, some),
        ...this.told(org, repo, path, some, run),
      ]
      if (!run.dryRun && !(await run.commit(mutations))) return
      for (const version of some)
        if (!version.tombstone)
          run.done(
            'purge',
            { organization: org, repository: repo, path, version: version.seq },
            whole ? 'It was deleted' : 'It was replaced',
          )
    }
  }

  private isOver({ tombstone }: VersionRow, run: SweepRun): boolean {
    return tombstone !== undefined && run.isPast(tombstone.purgeAfter, 0)
  }

  private isExpired(versions: readonly VersionRow[], at: number, current: ArtifactRow, run: SweepRun, undoDays: number): boolean {
    const version = versions[at]
    const next = versions[at + 1]
    if (!version || !next || version.seq >= current.seq) return false
    if (version.tombstone) return this.isOver(version, run)
    if (next.tombstone) return this.isOver(next, run)
    const newer = versions.slice(at + 1).filter(({ tombstone }) => !tombstone).length
    return newer >= this.limits.keepVersions && run.isPast(next.at, undoDays * day)
  }

  private removal(org: string, repo: string, path: string, { seq, blob }: VersionRow): readonly Mutation[] {
    return [
      { op: 'delete', key: tenantKeys.version(org, repo, path, seq), if: 'present' },
      { op: 'delete', key: tenantKeys.reference(org, blob, nameId(repo, path, seq)) },
    ]
  }

  /** What is no longer stored, in the log that usage is folded from. A tombstone was never counted. */
  private told(org: string, repo: string, path: string, going: readonly VersionRow[], run: SweepRun): readonly Mutation[] {
    const stored = going.filter(({ tombstone }) => !tombstone)
    if (stored.length === 0) return []
    const bytes = -stored.reduce((sum, { size }) => sum + size, 0)
    return [
      logMutation(org, {
        at: new Date(run.now),
        actor: { kind: 'house', id: 'sweep' },
        action: 'versions.purged',
        target: { kind: 'repository', id: repo },
        changes: [`purge ${path}`],
        usage: { repository: repo, bytes, files: 0, versions: -stored.length },
      }),
    ]
  }

  /** A version that stays names its blob by itself, even where it took it from one that goes. */
  private ownReferences(
    org: string,
    repo: string,
    path: string,
    kept: readonly VersionRow[],
    going: readonly VersionRow[],
  ): readonly Mutation[] {
    const blobs = new Set(going.map(({ blob }) => blob))
    return kept
      .filter(({ blob }) => blobs.has(blob))
      .slice(-versionsPerCommit)
      .map(({ seq, blob }) => ({
        op: 'put',
        key: tenantKeys.reference(org, blob, nameId(repo, path, seq)),
        value: { v: 1, repo, path, seq },
      }))
  }
}
