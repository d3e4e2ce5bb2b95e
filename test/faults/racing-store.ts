import { setTimeout as pause } from 'node:timers/promises'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'

const longest = 250

/** A store in which a commit takes a while to arrive, so that whatever may come in between does. `careless`: the build that the test has to catch, whose
 *  commits do not hold the blob they share against what it is now. */
export class RacingStore implements MetadataStore {
  readonly name = 'racing'

  constructor(
    private readonly store: MetadataStore,
    private readonly careless: boolean,
  ) {}

  async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (mutations.some(sharesBlob)) await pause(Math.random() * longest)
    await this.store.commit(this.careless ? mutations.filter((one) => !sharesBlob(one)) : mutations, token)
  }

  get(key: Key): Promise<Entry | undefined> {
    return this.store.get(key)
  }
  range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    return this.store.range(partition, query)
  }
  scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    return this.store.scan(after)
  }
  close(): Promise<void> {
    return this.store.close()
  }
}

function sharesBlob({ op, key }: Mutation): boolean {
  return op === 'check' && key.path[0] === 'blob'
}
