import type { Lease } from '../housekeeping/leases.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import { cursorAt, type UsageRow } from '../usage/usage-rows.js'
import { ChainReader } from './chain-reader.js'
import type { LogValue } from './chain-record.js'
import { type ChainedRecord, readChainHead } from './chain-rows.js'

const day = 86_400_000
/** A log row is read by others than the chain: usage, the outbox, a commit whose answer was lost. */
const logKept = 2 * day
const together = 80
/** Where so many events wait, nothing is known cheaply of which rows they need. */
const mostEvents = 50_000

/** What is old goes: rows of the chain from its beginning on, log rows once they have been chained. */
export class ChainRetention {
  constructor(
    private readonly store: MetadataStore,
    private readonly lease: Pick<Lease, 'check' | 'guard'>,
  ) {}

  /** Takes rows older than `days` from the beginning; the last of them stays as the anchor that the first one left is proven by. How many went. */
  async shorten(org: string, days: number, now: number): Promise<number> {
    const reader = new ChainReader(this.store, org)
    const cutoff = now - days * day
    let gone = 0
    for (;;) {
      this.lease.check()
      const entry = await this.store.get(tenantKeys.chainHead(org))
      if (!entry) return gone
      const head = readChainHead(entry)
      const [month] = await reader.months()
      if (!month) return gone
      const old: ChainedRecord[] = []
      for await (const row of reader.after(head.anchor.seq)) {
        const time = Date.parse(row.record.time)
        // One from a clock that ran ahead is no younger than what stands around it.
        if (row.record.seq > month.last || old.length === together || (time >= cutoff && time <= now + day)) break
        old.push(row)
      }
      const last = old.at(-1)
      // The chain never ends in nothing: its head stays.
      if (!last || last.record.seq === head.seq) return gone
      const emptied = last.record.seq === month.last
      const monthKey = tenantKeys.chainMonth(org, month.name)
      const { name: _, ...span } = month
      const mutations: Mutation[] = [
        this.lease.guard(),
        ...old.map(({ record }): Mutation => ({ op: 'delete', key: tenantKeys.chainRow(org, month.name, record.seq) })),
        {
          op: 'put',
          key: tenantKeys.chainHead(org),
          value: asJson({ v: 1, ...head, anchor: { seq: last.record.seq, hash: last.hash } }),
          if: seen(entry),
        },
        emptied
          ? { op: 'delete', key: monthKey }
          : { op: 'put', key: monthKey, value: { v: 1, ...span, first: last.record.seq + 1 } },
      ]
      if (await commitUnlessMoved(this.store, mutations)) gone += old.length
    }
  }

  /** Takes log rows that are chained, counted and told. How many went. */
  async trim(org: string, now: number): Promise<number> {
    const usage = (await this.store.get(tenantKeys.usage(org)))?.value as UsageRow | undefined
    const waiting = usage && (await this.waiting())
    if (!usage || !waiting) return 0
    const old = cursorAt(now - logKept)
    const [until = old] = [usage.cursor, old].sort()
    let gone = 0
    for (let shard = 0; shard < shards; shard++) {
      let doomed: Mutation[] = []
      const flush = async () => {
        if (doomed.length === 0) return
        this.lease.check()
        if (await commitUnlessMoved(this.store, [this.lease.guard(), ...doomed])) gone += doomed.length
        doomed = []
      }
      for await (const { key, value, revision } of this.store.range(tenantKeys.log(org, shard), {})) {
        const [id = ''] = key.path
        if (id > until) break
        if ((value as unknown as LogValue).seq === undefined || waiting.has(`${key.partition} ${id}`)) continue
        doomed.push({ op: 'delete', key, if: { revision } })
        if (doomed.length === together) await flush()
      }
      await flush()
    }
    return gone
  }

  /** Log rows whose events are not told yet; undefined where there are too many to know. */
  private async waiting(): Promise<ReadonlySet<string> | undefined> {
    const rows = new Set<string>()
    for (let shard = 0; shard < shards; shard++) {
      for await (const { value } of this.store.range(tenantKeys.outboxShard(shard), {})) {
        const { log } = value as { readonly log: { readonly partition: string; readonly id: string } }
        rows.add(`${log.partition} ${log.id}`)
        if (rows.size > mostEvents) return undefined
      }
    }
    return rows
  }
}
