import { inject, injectable } from 'tsyringe'
import { inTurns } from '../runtime/turns.js'
import { type Entry, MetadataStore } from './metadata-store.js'
import { compareNames } from './name-order.js'
import type { PackageFacts } from './package-facts.js'
import { type NameRow, row } from './storage-rows.js'
import { shards, tenantKeys } from './tenant-keys.js'

export interface CatalogEntry {
  readonly name: string
  readonly facts: PackageFacts
}

/** What one shard has next. */
interface Head {
  readonly name: string
  readonly entry: Entry
  readonly stream: AsyncIterator<Entry>
}

/** Longer than any name that a key can hold. */
const nameBytes = 600

/** The list of a repository's packages: 16 ranges merged into one byte order. */
@injectable()
export class Catalog {
  constructor(@inject(MetadataStore) private readonly metadata: MetadataStore) {}

  async find(organizationId: string, repositoryId: string, name: string): Promise<PackageFacts | undefined> {
    if (name === '' || name.includes('\0') || Buffer.byteLength(name) > nameBytes) return undefined
    const entry = await this.metadata.get(tenantKeys.name(organizationId, repositoryId, name))
    return entry && row<NameRow>(entry.value).facts
  }

  /** In byte order, the event loop let round on the way; `text`: those with every term in name, description or keywords. */
  async *list(
    organizationId: string,
    repositoryId: string,
    query: { readonly after?: string; readonly text?: string } = {},
  ): AsyncIterable<CatalogEntry> {
    const terms = query.text?.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 16)
    for await (const { key, value } of inTurns(this.merged(organizationId, repositoryId, query.after))) {
      const name = key.path[0] ?? ''
      const { facts } = row<NameRow>(value)
      if (terms && !matches(name, facts, terms)) continue
      yield { name, facts }
    }
  }

  private async *merged(organizationId: string, repositoryId: string, after?: string): AsyncIterable<Entry> {
    const streams = Array.from({ length: shards }, (_, shard) =>
      this.metadata
        .range(tenantKeys.names(organizationId, repositoryId, shard), after === undefined ? {} : { after: [after] })
        [Symbol.asyncIterator](),
    )
    try {
      // Descending, so that the next one is taken from the end and put back where it belongs.
      const heads: Head[] = []
      const put = async (stream: AsyncIterator<Entry>) => {
        const { done, value } = await stream.next()
        if (done) return
        const name = value.key.path[0] ?? ''
        let low = 0
        for (let high = heads.length; low < high; ) {
          const middle = (low + high) >> 1
          if (compareNames(heads[middle]?.name ?? '', name) > 0) low = middle + 1
          else high = middle
        }
        heads.splice(low, 0, { name, entry: value, stream })
      }
      for (const stream of streams) await put(stream)
      for (let least = heads.pop(); least; least = heads.pop()) {
        yield least.entry
        await put(least.stream)
      }
    } finally {
      await Promise.all(streams.map((stream) => stream.return?.()))
    }
  }
}

/** Every term somewhere in name, description or keywords; literal, without regard to case. */
function matches(name: string, facts: PackageFacts, terms: readonly string[]): boolean {
  const text = [name, facts.description ?? '', ...(facts.keywords ?? [])].join('\n').toLowerCase()
  return terms.every((term) => text.includes(term))
}
