import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Lease } from '../housekeeping/leases.js'
import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { isLostRace } from '../storage/optimistic.js'
import { asJson, row } from '../storage/storage-rows.js'
import { numeral, shards, tenantKeys } from '../storage/tenant-keys.js'
import { logKey, type OutboxRow } from './outbox-rows.js'
import type { Subscriptions } from './subscriptions.js'

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

interface Told {
  told: number
  failed: number
  parked: number
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

  /** Confirmed: what was parked is tried once more. */
  async run({ lease, signal, confirmed }: Pick<ChoreWork, 'lease' | 'signal' | 'confirmed'>): Promise<JsonObject | undefined> {
    const told: Told = { told: 0, failed: 0, parked: 0 }
    for (const state of confirmed ? (['new', 'retry', 'parked'] as const) : (['new', 'retry'] as const))
      for (;;) {
        const entries = await this.due(state)
        await this.deliver(entries, told, lease, signal)
        if (entries.length < page || signal.aborted || told.failed > 0) break
      }
    return told.told + told.failed > 0 || confirmed ? { ...told, ...(await this.parked()) } : undefined
  }

  /** Of all shards, in the order of the log. */
  private async due(state: 'new' | 'retry' | 'parked'): Promise<readonly Entry[]> {
    const now = this.clock.now().getTime()
    const found: Entry[] = []
    for (let shard = 0; shard < shards; shard++)
      for await (const entry of this.metadata.range(tenantKeys.outboxShard(shard), { prefix: [state], limit: page })) {
        const time = Number(entry.key.path[1])
        if (state === 'retry' && time > now && time < now + longestPause) break
        found.push(entry)
      }
    return found.sort((a, b) => compare(idOf(a), idOf(b))).slice(0, page)
  }

  private async deliver(entries: readonly Entry[], told: Told, lease: Lease, signal: AbortSignal): Promise<void> {
    if (this.subscriptions.none) return this.drop(entries, told, lease)
    const lanes = new Map<string, Entry[]>()
    for (const entry of entries) {
      const { lane } = row<OutboxRow>(entry.value)
      lanes.set(lane, [...(lanes.get(lane) ?? []), entry])
    }
    const waiting = [...lanes.values()]
    const work = async () => {
      for (let lane = waiting.shift(); lane; lane = waiting.shift())
        for (const entry of lane) {
          if (signal.aborted) return
          lease.check()
          await this.tell(entry, told, lease)
        }
    }
    const ended = await Promise.allSettled(Array.from({ length: lanesAtOnce }, work))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }

  private async drop(entries: readonly Entry[], told: Told, lease: Lease): Promise<void> {
    for (let at = 0; at < entries.length; at += rowsAtOnce) {
      const some = entries.slice(at, at + rowsAtOnce)
      await this.settle(
        lease,
        some.map(({ key }) => ({ op: 'delete', key })),
      )
      told.told += some.length
    }
  }

  private async tell(entry: Entry, told: Told, lease: Lease): Promise<void> {
    const stored = row<OutboxRow>(entry.value)
    // Its organization may be gone, and the log with it: then there is nobody to tell.
    const logged = (await this.metadata.get(logKey(stored)))?.value as { readonly events?: readonly JsonObject[] } | undefined
    const events = logged?.events ?? []
    const left: string[] = []
    let error = ''
    for (const plugin of stored.left ?? this.subscriptions.listeners(events)) {
      try {
        await this.subscriptions.tell(stored.org, plugin, events)
      } catch (cause) {
        left.push(plugin)
        error = cause instanceof Error ? cause.name : 'Error'
        this.log.warn('event.listener-failed', { plugin, tries: stored.tries ?? 0, cause })
      }
    }
    const revision = { revision: entry.revision }
    const over: Mutation = { op: 'delete', key: entry.key, if: revision }
    const again = left.length === 0 ? undefined : this.again(entry, stored, left, error, told)
    // One that was parked before stays where it is.
    const stays = again?.key.path.join() === entry.key.path.join()
    await this.settle(lease, !again ? [over] : stays ? [{ ...again, if: revision }] : [over, again])
    if (left.length === 0) told.told += 1
    else told.failed += 1
  }

  private again(entry: Entry, before: OutboxRow, left: readonly string[], error: string, told: Told): Mutation {
    const tries = (before.tries ?? 0) + 1
    const now = this.clock.now().getTime()
    const pause = pauses[tries - 1]
    const next: OutboxRow = { ...before, left, tries, error, at: now }
    const shard = entry.key.partition.split('\0')[2] ?? '0'
    if (pause === undefined) {
      told.parked += 1
      this.log.error('event.parked', { organization: before.org, plugin: left.join(','), event: idOf(entry) })
      return { op: 'put', key: tenantKeys.outbox(Number(shard), 'parked', idOf(entry)), value: asJson(next) }
    }
    const time = numeral(now + pause).padStart(15, '0')
    return { op: 'put', key: tenantKeys.outbox(Number(shard), 'retry', time, idOf(entry)), value: asJson(next) }
  }

  /** Told twice is allowed, lost is not: where the lease has gone, its next holder tells it again. */
  private async settle(lease: Lease, mutations: readonly Mutation[]): Promise<void> {
    try {
      await this.metadata.commit([lease.guard(), ...mutations], randomHex())
    } catch (thrown) {
      if (!isLostRace(thrown)) throw thrown
      await lease.renew()
    }
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

function idOf({ key }: Entry): string {
  return key.path.at(-1) ?? ''
}
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
