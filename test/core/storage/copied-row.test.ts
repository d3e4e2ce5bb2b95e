import { expect } from 'chai'
import { CopiedRow } from '../../../core/storage/copied-row.js'
import type { Key, MetadataStore } from '../../../core/storage/metadata-store.js'
import { shards } from '../../../core/storage/tenant-keys.js'
import { all, at, put } from '../../contract/metadata-words.js'
import { emptyMetadataStore } from '../../support/metadata-under-test.js'

const key = (copy: number): Key => at(`row ${copy}`, 'x')

describe('a row in copies', () => {
  let store: MetadataStore
  const row = new CopiedRow(key)
  const values = async () => {
    const found: unknown[] = []
    for (let copy = 0; copy < shards; copy++) for (const { value } of await all(store.range(`row ${copy}`, {}))) found.push(value)
    return found
  }
  /** As often as it takes to have met every copy. */
  const read = async () => {
    const found = new Set<unknown>()
    for (let round = 0; round < 500; round++) found.add((await row.read(store))?.value)
    return [...found]
  }
  beforeEach(async () => {
    store = await emptyMetadataStore()
  })

  it('is the same wherever it is read, when it was put and when it was deleted', async () => {
    expect(await read()).to.deep.equal([undefined])
    await store.commit(row.put('there'), 'put')
    expect([await values(), await read()]).to.deep.equal([Array(shards).fill('there'), ['there']])
    await store.commit(row.delete(), 'delete')
    expect([await values(), await read()]).to.deep.equal([[], [undefined]])
  })

  it('that a release before wrote once is copied, by several processes at once too; what has copies is left as it is', async () => {
    await store.commit([put(key(0), 'once')], 'once')
    await Promise.all([row.spread(store), row.spread(store), row.spread(store)])
    expect(await values()).to.deep.equal(Array(shards).fill('once'))
    const before = await store.get(key(3))
    await row.spread(store)
    expect(await store.get(key(3))).to.deep.equal(before)
  })

  it('that is not there is not made', async () => {
    await row.spread(store)
    expect(await values()).to.deep.equal([])
  })
})
