import { setTimeout as pause } from 'node:timers/promises'
import { inject, injectable } from 'tsyringe'
import { unavailable } from '../errors/registry-error.js'
import type { Lease } from '../housekeeping/leases.js'
import { Clock } from '../runtime/clock.js'
import { MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { cursorAt } from '../usage/usage-rows.js'
import { chained } from './chain-record.js'
import { beginning, type ChainedRecord, type ChainHead, type ChainMonth, readChainHead, readChainMonth } from './chain-rows.js'
import { type Unchained, unchainedAfter } from './unchained.js'

/** A log row gets its id before its commit. What comes later than this is found by the look at the whole log. */
const overlap = 600_000
/** A chained row and its log row each; and bytes. */
const together = 40
const bytesTogether = 1024 * 1024
const attempts = 50

export interface AppendOptions {
  /** Milliseconds that a row waits for those that were begun before it. */
  readonly settle: number
  /** Of the chore; whoever else comes by holds the head alone. */
  readonly lease?: Pick<Lease, 'check' | 'guard'>
  /** From the beginning of the log: what committed long after it got its id. */
  readonly whole?: boolean
  /** Rows at most; all by default. */
  readonly most?: number
  readonly signal?: AbortSignal
}

/** Numbers the rows of an organization's log and chains them: h(n) = SHA-256(h(n-1) || canonical JSON). Rows, numbers and head move in one commit that
 *  holds the head as it was read, so that it may be killed anywhere, and two who do it at once chain each row once. */
@injectable()
export class AuditChain {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** How many rows were chained. */
  async append(
    org: string,
    { settle, lease, whole = false, most = Number.POSITIVE_INFINITY, signal }: AppendOptions,
  ): Promise<number> {
    let count = 0
    let lost = 0
    let after = whole ? '' : undefined
    while (count < most && signal?.aborted !== true) {
      lease?.check()
      const now = this.clock.now().getTime()
      const entry = await this.store.get(tenantKeys.chainHead(org))
      const head = entry && readChainHead(entry)
      // A clock that was put back writes ids that lie behind what was seen.
      after ??= head === undefined ? '' : cursorAt(Math.max(0, Math.min(head.through, now) - overlap))
      const { rows, through } = await unchainedAfter(this.store, org, after, { until: now - settle, now })
      const moved = await this.chain(org, rows, { now, through: through ?? cursorAt(now - settle), lease })
      if (moved === undefined) {
        lost += 1
        if (lost === attempts) throw unavailable('Too many changes at once; try again', 1)
        await pause(Math.random() * 5 * lost)
        continue
      }
      count += moved
      if (through === undefined) break
      after = through
    }
    return count
  }

  /** Undefined where somebody else moved the head: what is left is to be read again. */
  private async chain(
    org: string,
    rows: readonly Unchained[],
    { now, through, lease }: { readonly now: number; readonly through: string; readonly lease: AppendOptions['lease'] },
  ): Promise<number | undefined> {
    for (let from = 0; from < rows.length; ) {
      lease?.check()
      const entry = await this.store.get(tenantKeys.chainHead(org))
      const head: ChainHead = entry ? readChainHead(entry) : { ...beginning, anchor: beginning, month: '', through: 0 }
      const some = firstFew(rows, from)
      from += some.length
      const month = laterOf(head.month, new Date(now).toISOString().slice(0, 7))
      const monthEntry = await this.store.get(tenantKeys.chainMonth(org, month))
      const mutations: Mutation[] = lease === undefined ? [] : [lease.guard()]
      const added: ChainedRecord[] = []
      let last: { readonly seq: number; readonly hash: string } = head
      for (const { id, entry: log, row } of some) {
        const next = chained(org, id, row, last)
        const { seq } = next.record
        last = { seq, hash: next.hash }
        added.push(next)
        mutations.push(
          { op: 'put', key: tenantKeys.chainRow(org, month, seq), value: asJson({ v: 1, ...next }), if: 'absent' },
          { op: 'put', key: log.key, value: asJson({ ...row, seq }), if: { revision: log.revision } },
        )
      }
      const reached = from === rows.length ? millisecondsOf(through) : Math.min(millisecondsOf(some.at(-1)?.id ?? through), now)
      const next = { v: 1, ...last, anchor: head.anchor, month, through: reached }
      mutations.push(
        { op: 'put', key: tenantKeys.chainHead(org), value: headValue(next), if: seen(entry) },
        {
          op: 'put',
          key: tenantKeys.chainMonth(org, month),
          value: { v: 1, ...spanning(monthEntry && readChainMonth(monthEntry), added) },
          if: seen(monthEntry),
        },
      )
      if (!(await commitUnlessMoved(this.store, mutations))) return undefined
    }
    return rows.length
  }
}

function headValue({ seq, hash, anchor, month, through }: ChainHead) {
  return { v: 1, seq, hash, anchor, month, through }
}

function firstFew(rows: readonly Unchained[], from: number): readonly Unchained[] {
  let bytes = 0
  let end = from
  while (end < rows.length && end - from < together) {
    bytes += JSON.stringify(rows[end]?.row).length * 2
    if (bytes > bytesTogether && end > from) break
    end += 1
  }
  return rows.slice(from, end)
}

function spanning(month: ChainMonth | undefined, added: readonly ChainedRecord[]): ChainMonth {
  const times = added.map(({ record }) => Date.parse(record.time))
  const numbers = added.map(({ record }) => record.seq)
  return {
    first: month?.first ?? Math.min(...numbers),
    last: Math.max(...numbers),
    from: Math.min(month?.from ?? Number.POSITIVE_INFINITY, ...times),
    to: Math.max(month?.to ?? 0, ...times),
  }
}

/** Months follow each other as numbers do, whatever a clock says. */
function laterOf(one: string, other: string): string {
  return one > other ? one : other
}
function millisecondsOf(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16)
}
