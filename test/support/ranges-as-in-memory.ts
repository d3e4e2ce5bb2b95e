import { expect } from 'chai'
import * as fc from 'fast-check'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, MetadataStore, Mutation } from '../../core/storage/metadata-store.js'

/** Whatever range is asked for, a store gives what the store in memory gives. */
export function rangesAsInMemory(name: string, open: () => Promise<MetadataStore>): void {
  it(`${name} answers every range as the store in memory does`, async () => {
    const store = await open()
    const memory = new MemoryMetadataStore()
    const segments = ['a', 'a!', 'aa', 'b', 'é', '\u0001', '\uffff', '😀']
    const mutations = new Map<string, Mutation>()
    for (const partition of ['p', 'p\0', 'p\0\0', 'pa', 'o', 'q']) {
      for (const one of segments) {
        for (const path of [[one], [one, one], ['a', one], ['a', 'b', one]]) {
          mutations.set(JSON.stringify([partition, path]), { op: 'put', key: { partition, path }, value: path.join('/') })
        }
      }
    }
    const all = [...mutations.values()]
    for (let at = 0; at < all.length; at += 100) {
      await store.commit(all.slice(at, at + 100), `t${at}`)
      await memory.commit(all.slice(at, at + 100), `t${at}`)
    }
    const path = fc.array(fc.constantFrom(...segments), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('p', 'p\0', 'p\0\0', 'pa', 'x'),
        fc.record({ prefix: path, after: path, limit: fc.nat(20), descending: fc.boolean() }, { requiredKeys: [] }),
        async (partition, query) => {
          expect(await values(store.range(partition, query))).to.deep.equal(await values(memory.range(partition, query)))
        },
      ),
      { numRuns: 500 },
    )
    await store.close()
  })
}

async function values(entries: AsyncIterable<Entry>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { key, value } of entries) found.push([key, value])
  return found
}
