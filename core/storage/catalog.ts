import { inject, injectable } from 'tsyringe'
import { type Entry, MetadataStore } from './metadata-store.js'
import { compareNames } from './name-order.js'
import type { PackageFacts } from './package-facts.js'
import { type NameRow, row } from './storage-rows.js'
import { shards, tenantKeys } from './tenant-keys.js'

export interface CatalogEntry {
  readonly name: string
  readonly facts: PackageFacts
}

/** At most this many names are looked at by one search. */
const searchReach = 20_000
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

  async *list(
    organizationId: string,
    repositoryId: string,
    query: { readonly after?: string; readonly text?: string } = {},
  ): AsyncIterable<CatalogEntry> {
    const terms = query.text?.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 16)
    let seen = 0
    for await (const { key, value } of this.merged(organizationId, repositoryId, query.after)) {
      const name = key.path[0] ?? ''
      const { facts } = row<NameRow>(value)
      if (terms) {
        if (++seen > searchReach) return
        if (!matches(name, facts, terms)) continue
      }
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
      const heads = await Promise.all(streams.map((stream) => stream.next()))
      for (;;) {
        let least = -1
        for (let i = 0; i < heads.length; i++) {
          const head = heads[i]
          if (!head || head.done) continue
          const best = heads[least]
          if (!best || best.done || compareNames(head.value.key.path[0] ?? '', best.value.key.path[0] ?? '') < 0) least = i
        }
        const winner = heads[least]
        const stream = streams[least]
        if (!winner || winner.done || !stream) return
        yield winner.value
        heads[least] = await stream.next()
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
