import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'

/** The build that the crash test has to catch: a commit is acknowledged before it is durable, and reaches the store a little later. Reads wait for it,
 *  so that nothing shows while the process lives. */
export class HastyStore implements MetadataStore {
  readonly name = 'hasty'
  private pending: Promise<void> = Promise.resolve()

  constructor(private readonly store: MetadataStore) {}

  async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    await this.pending
    this.pending = new Promise((resolve) => setTimeout(resolve, 20)).then(() => this.store.commit(mutations, token))
    this.pending.catch(() => {})
  }

  async get(key: Key): Promise<Entry | undefined> {
    await this.pending.catch(() => {})
    return this.store.get(key)
  }

  async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    await this.pending.catch(() => {})
    yield* this.store.range(partition, query)
  }

  async *scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    await this.pending.catch(() => {})
    yield* this.store.scan(after)
  }

  async close(): Promise<void> {
    await this.pending.catch(() => {})
    await this.store.close()
  }
}
