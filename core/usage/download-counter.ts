import { inject, injectable } from 'tsyringe'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { Logger } from '../runtime/logger.js'
import { type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, isLostRace, seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { type CountingRow, type DayRow, type DownloadRow, dayOf } from './download-rows.js'

/** What a crash may lose. */
const interval = 60_000
/** Packages between two writes; what comes beyond is not counted, and the log says so. */
const backlog = 100_000
/** Versions of one package in one commit. */
const versionsAtOnce = 80
const attempts = 20

interface Count {
  readonly org: string
  readonly repo: string
  readonly pkg: string
  readonly days: Map<string, number>
  readonly versions: Map<string, { n: number; at: number }>
  n: number
  at: number
}

/** Downloads, counted in memory and added to rows once a minute: a request pays for an entry of a map. */
@injectable()
export class DownloadCounter {
  private counts = new Map<string, Count>()
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private left = 0
  private begun = false

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), interval).unref()
  }

  /** Before the store closes. */
  async close(): Promise<void> {
    clearInterval(this.timer)
    if (this.counts.size > 0) await this.flush()
    await this.writing
  }

  note(org: string, repo: string, pkg: string, version?: string): void {
    const key = `${org}\0${repo}\0${pkg}`
    const at = this.clock.now().getTime()
    let count = this.counts.get(key)
    if (count === undefined) {
      if (this.counts.size >= backlog) {
        this.left += 1
        return
      }
      count = { org, repo, pkg, days: new Map(), versions: new Map(), n: 0, at }
      this.counts.set(key, count)
    }
    count.n += 1
    count.at = at
    const day = dayOf(at)
    count.days.set(day, (count.days.get(day) ?? 0) + 1)
    if (version === undefined) return
    const known = count.versions.get(version)
    if (known === undefined) count.versions.set(version, { n: 1, at })
    else {
      known.n += 1
      known.at = at
    }
  }

  /** Adds what was counted since to what stands in the rows. What cannot be written now is kept for the next time. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => this.writeAll())
    return this.writing
  }

  private async writeAll(): Promise<void> {
    if (this.left > 0) this.log.warn('downloads.not-counted', { downloads: this.left })
    this.left = 0
    const counts = this.counts
    this.counts = new Map()
    try {
      if (!this.begun) await this.begin()
      for (const [key, count] of counts) {
        await this.write(count)
        counts.delete(key)
      }
    } catch (cause) {
      this.log.warn('downloads.not-written', { packages: counts.size, cause })
      for (const [key, count] of counts) this.keep(key, count)
    }
  }

  /** The first day on which nothing was missed is the next one. */
  private async begin(): Promise<void> {
    const key = tenantKeys.instance('downloads')
    const value: CountingRow = { v: 1, since: this.clock.now().getTime() }
    if ((await this.store.get(key)) === undefined) await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: 'absent' }])
    this.begun = true
  }

  private async write(count: Count): Promise<void> {
    const versions = [...count.versions]
    const days = [...count.days]
    for (let from = 0; from === 0 || from < versions.length; from += versionsAtOnce) {
      const some = versions.slice(from, from + versionsAtOnce)
      await this.add(count, some, from === 0 ? days : [])
      // Written: a failure further on keeps only what was not.
      for (const [version] of some) count.versions.delete(version)
      count.days.clear()
      count.n = 0
    }
  }

  private async add(
    { org, repo, pkg, n, at }: Count,
    versions: readonly (readonly [string, { readonly n: number; readonly at: number }])[],
    days: readonly (readonly [string, number])[],
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const mutations: Mutation[] = []
      if (n > 0) mutations.push(await this.raised(tenantKeys.downloads(org, repo, pkg), n, at))
      for (const [day, more] of days) mutations.push(await this.raised(tenantKeys.downloadDay(org, repo, pkg, day), more))
      for (const [version, one] of versions)
        mutations.push(await this.raised(tenantKeys.downloadVersion(org, repo, pkg, version), one.n, one.at))
      if (mutations.length === 0) return
      try {
        await this.store.commit(mutations, randomHex())
        return
      } catch (thrown) {
        // Another process wrote its own in the same moment.
        if (!isLostRace(thrown) || attempt === attempts) throw thrown
      }
    }
  }

  private async raised(key: Key, more: number, at?: number): Promise<Mutation> {
    const entry = await this.store.get(key)
    const before = entry?.value as (DayRow & Partial<DownloadRow>) | undefined
    const n = (before?.n ?? 0) + more
    const value: DayRow | DownloadRow = at === undefined ? { v: 1, n } : { v: 1, n, at: Math.max(at, before?.at ?? 0) }
    return { op: 'put', key, value, if: seen(entry) }
  }

  private keep(key: string, old: Count): void {
    const now = this.counts.get(key)
    if (now === undefined) {
      this.counts.set(key, old)
      return
    }
    now.n += old.n
    for (const [day, n] of old.days) now.days.set(day, (now.days.get(day) ?? 0) + n)
    for (const [version, { n, at }] of old.versions) {
      const newer = now.versions.get(version)
      now.versions.set(version, { n: n + (newer?.n ?? 0), at: newer?.at ?? at })
    }
  }
}
