import { AuditChain } from '../../core/audit/audit-chain.js'
import { ChainCheck, type ChainVerdict } from '../../core/audit/chain-check.js'
import { ChainReader } from '../../core/audit/chain-reader.js'
import type { ChainedRecord, ChainPlace } from '../../core/audit/chain-rows.js'
import { type LogEntry, logMutation } from '../../core/audit/log-row.js'
import { randomHex } from '../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import { FixedClock } from './fixed-clock.js'
import { all } from './people.js'

export type Line = Record<string, unknown>

/** The log and the chain of one organization, `o_1`, in memory. */
export class ChainWorld {
  readonly org = 'o_1'
  readonly reader: ChainReader

  constructor(
    readonly store = new MemoryMetadataStore(),
    readonly clock = new FixedClock(),
    readonly chain = new AuditChain(store, clock),
  ) {
    this.reader = new ChainReader(store, this.org)
  }

  /** One row as a commit leaves it; `at`: when its id was made. */
  async act(action: string, more: Partial<LogEntry> = {}): Promise<void> {
    const entry = { at: this.clock.now(), actor: { kind: 'member', id: 'm_1' }, action, ...more }
    await this.store.commit([logMutation(this.org, entry)], randomHex())
    this.clock.advance(1)
  }

  records(): Promise<readonly ChainedRecord[]> {
    return all(this.reader.after(0))
  }
  async actions(): Promise<readonly string[]> {
    return (await this.records()).map(({ record }) => record.action)
  }

  /** What an export of all of it says, line by line. */
  async lines(): Promise<Line[]> {
    const head = await this.reader.head()
    if (!head) throw new Error('nothing is chained')
    const rows = (await all(this.reader.after(head.anchor.seq))).map(({ record, ...place }) => ({ ...record, ...place }))
    return [{ begin: { ...head.anchor, org: this.org } }, ...rows, { end: { seq: head.seq, hash: head.hash } }]
  }
  async verdict(witnesses?: readonly ChainPlace[]): Promise<ChainVerdict> {
    return verdictOf(await this.lines(), witnesses)
  }
}

export function verdictOf(lines: readonly unknown[], witnesses?: readonly ChainPlace[]): ChainVerdict {
  const check = new ChainCheck(witnesses)
  for (const line of lines) check.take(line)
  return check.verdict()
}
