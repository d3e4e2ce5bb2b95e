import { setImmediate } from 'node:timers/promises'
import { unavailable } from '../../core/errors/registry-error.js'
import type { Entry, Key, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'
import { WrappedStore } from '../faults/wrapped-store.js'

export interface Touched {
  readonly partition: string
  readonly reads: number
  readonly writes: number
}

/** So long, in turns of the event loop, an item is part of a transaction before it is written. */
const transactionTurns = 4
const attempts = 60
const pageRows = 100

/** What a table with hash keys would be asked: requests by partition, and transactions that meet in an item. There a running transaction takes each of
 *  its items, those that it only checks too, and another one that wants the item is refused and comes again. */
export class PartitionTouches extends WrappedStore {
  override readonly name = 'counted'
  private readonly touches = new Map<string, { reads: number; writes: number }>()
  /** Items of running transactions. */
  private readonly held = new Set<string>()
  private counting = false
  /** Items in which two transactions met, with how often. */
  readonly conflicts = new Map<string, number>()
  commits = 0

  /** From here on. */
  begin(): void {
    this.counting = true
    this.touches.clear()
    this.conflicts.clear()
    this.commits = 0
  }
  end(): void {
    this.counting = false
  }

  override get(key: Key): Promise<Entry | undefined> {
    this.touch(key.partition, 'reads')
    return this.store.get(key)
  }

  /** A page is a request. */
  override async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    this.touch(partition, 'reads')
    let rows = 0
    for await (const entry of this.store.range(partition, query)) {
      yield entry
      if (++rows % pageRows === 0) this.touch(partition, 'reads')
    }
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.counting) this.commits += 1
    for (let attempt = 1; ; attempt++) {
      for (const { key } of mutations) this.touch(key.partition, 'writes', mutations.length > 1 ? 2 : 1)
      const items = mutations.map(({ key }) => [key.partition, ...key.path].join('\0'))
      const met = items.find((item) => this.held.has(item))
      if (met === undefined) return this.hold(items, () => this.store.commit(mutations, token))
      if (this.counting) this.conflicts.set(met, (this.conflicts.get(met) ?? 0) + 1)
      if (attempt === attempts) throw unavailable('Too many changes at once; try again', 1)
      for (let turn = Math.random() * 2 ** Math.min(attempt, 5); turn > 0; turn--) await setImmediate()
    }
  }

  /** The busiest first. */
  partitions(): readonly Touched[] {
    const all = [...this.touches].map(([partition, counted]) => ({ partition, ...counted }))
    return all.sort((one, two) => two.reads + two.writes - one.reads - one.writes)
  }

  /** Of all requests: what the busiest partition takes, from 0 to 1. */
  busiest(): number {
    const counts = this.partitions().map(({ reads, writes }) => reads + writes)
    const all = counts.reduce((sum, count) => sum + count, 0)
    return (counts[0] ?? 0) / Math.max(1, all)
  }

  private async hold(items: readonly string[], commit: () => Promise<void>): Promise<void> {
    for (const item of items) this.held.add(item)
    try {
      for (let turn = 0; turn < transactionTurns; turn++) await setImmediate()
      await commit()
    } finally {
      for (const item of items) this.held.delete(item)
    }
  }

  private touch(partition: string, what: 'reads' | 'writes', units = 1): void {
    if (!this.counting) return
    const counted = this.touches.get(partition) ?? { reads: 0, writes: 0 }
    counted[what] += units
    this.touches.set(partition, counted)
  }
}
