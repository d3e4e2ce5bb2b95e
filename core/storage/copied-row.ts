import type { Json } from '../runtime/json.js'
import type { Entry, Key, MetadataStore, Mutation } from './metadata-store.js'
import { commitUnlessMoved } from './optimistic.js'
import { anyShard, shards } from './tenant-keys.js'

/** A row that every request of the whole house reads and hardly anybody changes, in equal copies: no partition takes all of its reads. */
export class CopiedRow {
  private readonly keys: readonly Key[]

  /** The first copy is `row(0)`: all there was before rows were copied. */
  constructor(row: (copy: number) => Key) {
    this.keys = Array.from({ length: shards }, (_, copy) => row(copy))
  }

  /** One strong read of any copy. */
  async read(store: MetadataStore): Promise<Entry | undefined> {
    const key = this.keys[anyShard()]
    return key && store.get(key)
  }

  /** In one commit. */
  put(value: Json): readonly Mutation[] {
    return this.keys.map((key) => ({ op: 'put', key, value }))
  }
  delete(): readonly Mutation[] {
    return this.keys.map((key) => ({ op: 'delete', key }))
  }

  /** Makes the copies that are missing beside the first one; before the first request. */
  async spread(store: MetadataStore): Promise<void> {
    const [first, ...others] = this.keys
    for (;;) {
      const row = first && (await store.get(first))
      const last = row && (await store.get(others.at(-1) ?? row.key))
      if (!row || last) return
      const unchanged: Mutation = { op: 'check', key: row.key, if: { revision: row.revision } }
      const copies = others.map((key): Mutation => ({ op: 'put', key, value: row.value }))
      if (await commitUnlessMoved(store, [unchanged, ...copies])) return
    }
  }
}
