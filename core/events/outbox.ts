import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Lease } from '../housekeeping/leases.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { Entry, MetadataStore, Mutation, RangeQuery } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { asJson, row } from '../storage/storage-rows.js'
import { numeral, shards, tenantKeys } from '../storage/tenant-keys.js'
import { appearing } from '../storage/whole-commits.js'
import { logKey, type OutboxRow } from './outbox-rows.js'
import { ListenerLate, type Subscriptions } from './subscriptions.js'

const minute = 60_000
const hour = 60 * minute
/** Eight attempts within 24 hours; then it is parked until an operator says so. */
const pauses = [minute / 2, 2 * minute, 10 * minute, 30 * minute, 2 * hour, 6 * hour, 15 * hour]
/** A time that lies further ahead was written by a clock that was wrong. */
const longestPause = 24 * hour
const page = 100
const lanesAtOnce = 8
/** Where nobody listens. */
const rowsAtOnce = 90
const parkedShown = 20
/** Where a plugin listens: artifacts nudge, members and repositories wait so long at most. */
const restWithListeners = 3_000
const restWithNone = 20_000
/** Clocks of two nodes may differ so much. */
const skew = 5 * minute

interface Told {
  told: number
  failed: number
  parked: number
}

/** What one run goes by. */
interface Run {
  readonly told: Told
  readonly lease: Lease
  readonly signal: AbortSignal
  /** Plugins that took too long: the rest of the run does not wait for them again. */
  readonly late: Set<string>
}

/** Tells plugins what was committed: at least once, also what a process that crashed had left; in the order of the log for each repository, but for what
 *  failed, which comes again later and holds nobody up. */
export class Outbox implements Chore {
  readonly name = 'outbox'
  readonly interval = 1_000
  readonly resident = true

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly subscriptions: Subscriptions,
    private readonly log: Logger,
  ) {}

  idleFor(): number {
    return this.subscriptions.none ? restWithNone : restWithListeners
  }

  /** Confirmed: what was parked is tried once more. */
  async run({ lease, signal, confirmed }: Pick<ChoreWork, 'lease' | 'signal' | 'confirmed'>): Promise<JsonObject | undefined> {
    const told: Told = { told: 0, failed: 0, parked: 0 }
    const run: Run = { told, lease, signal, late: new Set() }
    for (const state of ['new', 'retry'] as const)
      for (;;) {
        const entries = await this.due(state)
        await this.deliver(entries, run)
        if (entries.length < page || signal.aborted) break
      }
    if (confirmed) for (let shard = 0; shard < shards; shard++) await this.deliverParked(shard, run)
    return told.told + told.failed > 0 || confirmed ? { ...told, ...(await this.parked()) } : undefined
  }

  /** Page by page: one that fails stays where it is. */
  private async deliverParked(shard: number, run: Run): Promise<void> {
    const query = { prefix: ['parked'], limit: page }
    let entries = await this.rows(shard, query)
    while (entries.length > 0 && !run.signal.aborted) {
      await this.deliver(entries, run)
      entries = await this.rows(shard, { ...query, after: (entries.at(-1) as Entry).key.path })
    }
  }

  private async rows(shard: number, query: RangeQuery): Promise<Entry[]> {
    const found: Entry[] = []
    for await (const entry of this.metadata.range(tenantKeys.outboxShard(shard), query)) found.push(entry)
    return found
  }

  /** Of all shards, in the order of the log. */
  private async due(state: 'new' | 'retry'): Promise<readonly Entry[]> {
    const now = this.clock.now().getTime()
    const found: Entry[] = []
    const query = { prefix: [state], limit: page }
    for (let shard = 0; shard < shards; shard++) {
      const rows = await this.rows(shard, query)
      if (state === 'new') found.push(...rows)
      else {
        found.push(...rows.filter(({ key }) => Number(key.path[1]) <= now))
        found.push(...(await this.rows(shard, { ...query, after: [state, timeOf(now + longestPause)] })))
      }
    }
    return found.sort((a, b) => compare(idOf(a), idOf(b))).slice(0, page)
  }

  private async deliver(entries: readonly Entry[], run: Run): Promise<void> {
    if (this.subscriptions.none) return this.drop(entries, run)
    const lanes = new Map<string, Entry[]>()
    for (const entry of entries) {
      const { lane } = row<OutboxRow>(entry.value)
      lanes.set(lane, [...(lanes.get(lane) ?? []), entry])
    }
    const waiting = [...lanes.values()]
    const work = async () => {
      for (let lane = waiting.shift(); lane; lane = waiting.shift())
        for (const entry of lane) {
          if (run.signal.aborted) return
          run.lease.check()
          await this.tell(entry, run)
        }
    }
    const ended = await Promise.allSettled(Array.from({ length: lanesAtOnce }, work))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }

  private async drop(entries: readonly Entry[], { told, lease }: Run): Promise<void> {
    for (let at = 0; at < entries.length; at += rowsAtOnce) {
      const some = entries.slice(at, at + rowsAtOnce)
      await this.settle(
        lease,
        some.map(({ key }) => ({ op: 'delete', key })),
      )
      told.told += some.length
    }
  }

  private async tell(entry: Entry, { told, lease, late }: Run): Promise<void> {
    const stored = row<OutboxRow>(entry.value)
    // Its organization may be gone, and the log with it: then there is nobody to tell.
    const logged = (await this.logRow(stored))?.value as { readonly events?: readonly JsonObject[] } | undefined
    const events = logged?.events ?? []
    const left: string[] = []
    let error: string | undefined
    const ask = async (plugin: string) => {
      // It was not asked: that is no attempt.
      if (late.has(plugin)) {
        left.push(plugin)
        return
      }
      try {
        await this.subscriptions.tell(stored.org, plugin, events)
      } catch (cause) {
        left.push(plugin)
        if (cause instanceof ListenerLate) late.add(plugin)
        error = cause instanceof Error ? cause.name : 'Error'
        this.log.warn('event.listener-failed', { plugin, tries: stored.tries ?? 0, cause })
      }
    }
    await Promise.all((stored.left ?? this.subscriptions.listeners(events)).map(ask))
    const revision = { revision: entry.revision }
    const over: Mutation = { op: 'delete', key: entry.key, if: revision }
    const again = left.length === 0 ? undefined : this.again(entry, stored, left, error, told)
    // One that was parked before stays where it is.
    const stays = again?.key.path.join() === entry.key.path.join()
    await this.settle(lease, !again ? [over] : stays ? [{ ...again, if: revision }] : [over, again])
    if (left.length === 0) told.told += 1
    else told.failed += 1
  }

  /** One of the last minutes may be of a commit that is still appearing. */
  private logRow(stored: OutboxRow): Promise<Entry | undefined> {
    const at = Number.parseInt(stored.log.id.slice(0, 12), 16)
    const young = this.clock.now().getTime() - at < skew
    return young ? appearing(this.metadata, logKey(stored)) : this.metadata.get(logKey(stored))
  }

  private again(entry: Entry, before: OutboxRow, left: readonly string[], error: string | undefined, told: Told): Mutation {
    const tries = (before.tries ?? 0) + (error === undefined ? 0 : 1)
    const now = this.clock.now().getTime()
    const pause = pauses[Math.max(tries, 1) - 1]
    const next: OutboxRow = { ...before, left, tries, at: now, ...(error === undefined ? {} : { error }) }
    const shard = entry.key.partition.split('\0')[2] ?? '0'
    if (pause === undefined) {
      told.parked += 1
      this.log.error('event.parked', { organization: before.org, plugin: left.join(','), event: idOf(entry) })
      return { op: 'put', key: tenantKeys.outbox(Number(shard), 'parked', idOf(entry)), value: asJson(next) }
    }
    const time = timeOf(now + pause)
    return { op: 'put', key: tenantKeys.outbox(Number(shard), 'retry', time, idOf(entry)), value: asJson(next) }
  }

  /** Told twice is allowed, lost is not: where the lease has gone, its next holder tells it again. */
  private async settle(lease: Lease, mutations: readonly Mutation[]): Promise<void> {
    if (!(await commitUnlessMoved(this.metadata, [lease.guard(), ...mutations]))) await lease.renew()
  }

  /** For whoever looks: how many, and the first of them. */
  private async parked(): Promise<{ readonly waiting: number; readonly parkedEvents: JsonObject[] }> {
    const parkedEvents: JsonObject[] = []
    let waiting = 0
    for (let shard = 0; shard < shards; shard++) {
      for await (const _ of this.metadata.range(tenantKeys.outboxShard(shard), { prefix: ['retry'], limit: page })) waiting += 1
      for await (const entry of this.metadata.range(tenantKeys.outboxShard(shard), { prefix: ['parked'], limit: parkedShown })) {
        const { org, left = [], tries = 0, error = '', at = 0 } = row<OutboxRow>(entry.value)
        const shown = { organization: org, event: idOf(entry), plugins: [...left], tries, error, at: new Date(at).toISOString() }
        if (parkedEvents.length < parkedShown) parkedEvents.push(shown)
      }
    }
    return { waiting, parkedEvents }
  }
}

function timeOf(milliseconds: number): string {
  return numeral(milliseconds).padStart(15, '0')
}

function idOf({ key }: Entry): string {
  return key.path.at(-1) ?? ''
}
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
