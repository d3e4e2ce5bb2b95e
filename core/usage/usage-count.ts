import type { Lease } from '../housekeeping/leases.js'
import { randomHex } from '../runtime/identifiers.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { isLostRace, seen } from '../storage/optimistic.js'
import { type ArtifactRow, asJson, row, type VersionRow } from '../storage/storage-rows.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import { usageAfter } from './usage-log.js'
import { liveRepositories } from './usage-reader.js'
import { type Amount, cursorAt, nothing, plus, type RepositoryUsageRow, type UsageRow } from './usage-rows.js'

const rowsAtOnce = 80

/** Counts what is stored from the rows of versions themselves, as of a moment that lies behind all commits under way. */
export class UsageCount {
  /** By organization, then repository. */
  private readonly counted = new Map<string, Map<string, Amount>>()

  /** Organizations with versions that are written ahead, and may count or go. */
  private readonly unsettled = new Set<string>()

  constructor(
    private readonly store: MetadataStore,
    private readonly lease: Pick<Lease, 'check' | 'guard'>,
    private readonly signal: AbortSignal,
    /** Milliseconds: commits of this moment and before are counted, later ones are in the log. */
    private readonly moment: number,
  ) {}

  /** False where it was cut short: nothing is kept of it then. */
  async scan(): Promise<boolean> {
    for (let shard = 0; shard < shards; shard++)
      for await (const { key } of this.store.range(tenantKeys.batches(shard), {})) this.unsettled.add(key.path[0] ?? '')
    for await (const { entry } of this.store.scan()) {
      const [org = '', kind, repo = '', ...rest] = entry.key.partition.split('\0')
      if (kind === 'v' && entry.key.path[0] === 's') {
        const { size, at, tombstone } = row<VersionRow>(entry.value)
        if (!tombstone && at <= this.moment) this.add(org, repo, { bytes: size, files: 0, versions: 1 })
      } else if (kind === 'f' && entry.key.path[0] === 'a') {
        const folder = rest.join('\0')
        const path = `${folder === '' ? '' : `${folder}/`}${entry.key.path[1] ?? ''}`
        if (await this.stood(org, repo, path, row<ArtifactRow>(entry.value)))
          this.add(org, repo, { bytes: 0, files: 1, versions: 0 })
      } else continue
      if (this.signal.aborted) return false
      this.lease.check()
    }
    return true
  }

  /** Puts the counts of an organization in place of those that stand there; by how many bytes they were wrong. Undefined where versions were purged, or
   *  written ahead, meanwhile: it is left for the next time. */
  async settle(org: string): Promise<number | undefined> {
    if (this.unsettled.has(org)) return undefined
    const key = tenantKeys.usage(org)
    const cursor = cursorAt(this.moment)
    for (let after = cursor; ; ) {
      const { changes, through, more } = await usageAfter(this.store, org, after, '~')
      if (changes.some(({ versions, late }) => versions < 0 || late)) return undefined
      if (!more) break
      after = through
    }
    const live = await liveRepositories(this.store, org)
    const counts = new Map([...(this.counted.get(org) ?? [])].filter(([repository]) => live.has(repository)))
    const stale: Mutation[] = []
    let drift = 0
    for await (const entry of this.store.range(tenantKeys.usageRows(org), { prefix: ['repository'] })) {
      const repository = entry.key.path[1] ?? ''
      const before = entry.value as RepositoryUsageRow
      const now = counts.get(repository)
      drift += Math.abs((now?.bytes ?? 0) - before.bytes)
      counts.delete(repository)
      if (!now) stale.push({ op: 'delete', key: entry.key, if: seen(entry) })
      else if (now.bytes !== before.bytes || now.files !== before.files || now.versions !== before.versions)
        stale.push({ op: 'put', key: entry.key, value: asJson({ v: 1, ...now }), if: seen(entry) })
    }
    for (const [repository, amount] of counts) {
      drift += amount.bytes
      const value = asJson({ v: 1, ...amount })
      stale.push({ op: 'put', key: tenantKeys.repositoryUsage(org, repository), value, if: 'absent' })
    }
    const total = [...(this.counted.get(org) ?? [])]
      .filter(([repository]) => live.has(repository))
      .reduce((sum, [, { bytes }]) => sum + bytes, 0)
    // More rows than a commit takes go first: only the chore that holds the lease touches them, and a run that is cut here is made again.
    for (let from = 0; from < stale.length - rowsAtOnce; from += rowsAtOnce)
      await this.store.commit([this.lease.guard(), ...stale.slice(from, from + rowsAtOnce)], randomHex())
    const last = stale.slice(Math.max(0, Math.ceil((stale.length - rowsAtOnce) / rowsAtOnce)) * rowsAtOnce)
    for (let attempt = 1; ; attempt++) {
      this.lease.check()
      const entry = await this.store.get(key)
      const before = entry?.value as UsageRow | undefined
      const value: UsageRow = { v: 1, cursor, bytes: total, reserved: before?.reserved ?? 0, countedAt: this.moment }
      try {
        await this.store.commit(
          [this.lease.guard(), ...last, { op: 'put', key, value: asJson(value), if: seen(entry) }],
          randomHex(),
        )
        return drift
      } catch (thrown) {
        if (!isLostRace(thrown) || attempt === 100) throw thrown
      }
    }
  }

  private add(org: string, repo: string, amount: Amount): void {
    const repositories = this.counted.get(org) ?? new Map<string, Amount>()
    this.counted.set(org, repositories)
    repositories.set(repo, plus(repositories.get(repo) ?? nothing, amount))
  }

  /** Could the path be read at the moment? What changed since is looked up in its versions. */
  private async stood(org: string, repo: string, path: string, current: ArtifactRow): Promise<boolean> {
    if (current.at <= this.moment && (current.tombstone?.at ?? 0) <= this.moment) return current.state === 'present'
    for await (const { value } of this.store.range(tenantKeys.versions(org, repo, path), { prefix: ['s'], descending: true })) {
      const { at, tombstone } = row<VersionRow>(value)
      if ((tombstone?.at ?? at) <= this.moment) return tombstone === undefined
    }
    return false
  }
}
