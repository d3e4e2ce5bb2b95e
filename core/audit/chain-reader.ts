import type { MetadataStore } from '../storage/metadata-store.js'
import { numeral, tenantKeys } from '../storage/tenant-keys.js'
import { type ChainedRecord, type ChainHead, type ChainMonth, readChainHead, readChainMonth, readChainRow } from './chain-rows.js'

type Month = ChainMonth & { readonly name: string }

/** The chain of one organization, read in either direction. */
export class ChainReader {
  constructor(
    private readonly store: MetadataStore,
    private readonly org: string,
  ) {}

  async head(): Promise<ChainHead | undefined> {
    const entry = await this.store.get(tenantKeys.chainHead(this.org))
    return entry && readChainHead(entry)
  }

  async find(seq: number): Promise<ChainedRecord | undefined> {
    const month = (await this.months()).find(({ first, last }) => first <= seq && seq <= last)
    const entry = month && (await this.store.get(tenantKeys.chainRow(this.org, month.name, seq)))
    return entry && readChainRow(entry)
  }

  /** From the row behind `seq` on. */
  async *after(seq: number): AsyncIterable<ChainedRecord> {
    for (const { name, last } of await this.months()) {
      if (last <= seq) continue
      for await (const entry of this.store.range(tenantKeys.chain(this.org, name), { after: [numeral(seq)] }))
        yield readChainRow(entry)
    }
  }

  /** From the row before `seq` back, or from the newest; months that lie wholly outside of the times are passed over. */
  async *before(seq: number | undefined, from = 0, to = Number.POSITIVE_INFINITY): AsyncIterable<ChainedRecord> {
    for (const month of [...(await this.months())].reverse()) {
      if ((seq !== undefined && month.first >= seq) || month.to < from || month.from > to) continue
      const query = { descending: true, ...(seq === undefined ? {} : { after: [numeral(seq)] }) }
      for await (const entry of this.store.range(tenantKeys.chain(this.org, month.name), query)) yield readChainRow(entry)
    }
  }

  /** In order: their names sort as their rows do. */
  async months(): Promise<readonly Month[]> {
    const months: Month[] = []
    for await (const entry of this.store.range(tenantKeys.chainRows(this.org), { prefix: ['month'] }))
      months.push({ name: entry.key.path[1] ?? '', ...readChainMonth(entry) })
    return months
  }
}
