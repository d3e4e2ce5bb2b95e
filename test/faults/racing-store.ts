import { setTimeout as pause } from 'node:timers/promises'
import type { MetadataStore, Mutation } from '../../core/storage/metadata-store.js'
import { WrappedStore } from './wrapped-store.js'

const longest = 250

/** `careless`: the build that the test has to catch, whose commits do not hold the blob they share against what it is now. */
export type Build = 'sound' | 'careless'

/** A store in which the commits that meet over a blob take a while to arrive, so that whatever may come in between does. */
export class RacingStore extends WrappedStore {
  override readonly name = 'racing'

  constructor(
    store: MetadataStore,
    private readonly build: Build,
  ) {
    super(store)
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (mutations.some(sharesBlob)) await pause(Math.random() * longest)
    await this.store.commit(this.build === 'careless' ? mutations.filter((one) => !sharesBlob(one)) : mutations, token)
  }
}

function sharesBlob({ op, key }: Mutation): boolean {
  return op === 'check' && key.path[0] === 'blob'
}
