import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'

/** A store that does what the one inside it does, for tests that change one thing of it. */
export class WrappedStore implements MetadataStore {
  readonly name: string = 'wrapped'

  constructor(protected readonly store: MetadataStore) {}

  get piecemeal(): boolean {
    return this.store.piecemeal === true
  }

  get(key: Key): Promise<Entry | undefined> {
    return this.store.get(key)
  }
  range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    return this.store.range(partition, query)
  }
  commit(mutations: readonly Mutation[], token: string): Promise<void> {
    return this.store.commit(mutations, token)
  }
  scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    return this.store.scan(after)
  }
  close(): Promise<void> {
    return this.store.close()
  }
}
