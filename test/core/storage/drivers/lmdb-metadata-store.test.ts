import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RegistryError } from '../../../../core/errors/registry-error.js'
import { LmdbMetadataStore } from '../../../../core/storage/drivers/lmdb-metadata-store.js'
import type { Mutation } from '../../../../core/storage/metadata-store.js'
import { metadataStoreContract } from '../../../contract/index.js'
import { rangesAsInMemory } from '../../../support/ranges-as-in-memory.js'

let folder = ''
let made = 0
const fresh = () => {
  made += 1
  return join(folder, `store.${made}`)
}
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lmdb-'))
})
after(() => rm(folder, { recursive: true, force: true }))

metadataStoreContract('LmdbMetadataStore', () => LmdbMetadataStore.open({ folder: fresh(), ballastBytes: 0 }))
rangesAsInMemory('LmdbMetadataStore', () => LmdbMetadataStore.open({ folder: fresh(), ballastBytes: 0 }))

const put = (name: string, value: number): Mutation => ({ op: 'put', key: { partition: 'p', path: [name] }, value })
async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  return promise.then(
    () => {
      throw new Error('Nothing was thrown')
    },
    (thrown: RegistryError) => thrown,
  )
}

describe('LmdbMetadataStore', () => {
  it('has after it was opened again what was committed before, and never gives a revision twice', async () => {
    const path = fresh()
    const first = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    await first.commit([put('a', 1)], 'one')
    const before = await first.get({ partition: 'p', path: ['a'] })
    await first.close()
    const second = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    expect(await second.get({ partition: 'p', path: ['a'] })).to.deep.equal(before)
    await second.commit([put('a', 1)], 'two')
    expect((await second.get({ partition: 'p', path: ['a'] }))?.revision).to.not.equal(before?.revision)
    await second.close()
  })

  it('finishes what was begun before it closes', async () => {
    const path = fresh()
    const store = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    const commits = Promise.all(Array.from({ length: 200 }, (_, index) => store.commit([put(`n${index}`, index)], `t${index}`)))
    await Promise.all([commits, store.close()])
    const again = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    let count = 0
    for await (const _ of again.scan()) count += 1
    expect(count).to.equal(200)
    await again.close()
  })

  it('reads what it is given to read only, and takes no writes then', async () => {
    const path = fresh()
    const store = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    await store.commit([put('a', 1)], 'one')
    await store.close()
    const reader = await LmdbMetadataStore.open({ folder: path, readOnly: true })
    expect((await reader.get({ partition: 'p', path: ['a'] }))?.value).to.equal(1)
    expect((await failure(reader.commit([put('a', 2)], 'two'))).kind).to.equal('unavailable')
    await reader.close()
  })

  it('copies itself while it runs', async () => {
    const store = await LmdbMetadataStore.open({ folder: fresh(), ballastBytes: 0 })
    await store.commit([put('a', 1)], 'one')
    const copy = fresh()
    await store.backup(copy)
    await store.close()
    const restored = await LmdbMetadataStore.open({ folder: copy, ballastBytes: 0 })
    expect((await restored.get({ partition: 'p', path: ['a'] }))?.value).to.equal(1)
    await restored.close()
  })

  it('lays its ballast beside the environment, once', async () => {
    const path = fresh()
    for (let round = 0; round < 2; round += 1) {
      const store = await LmdbMetadataStore.open({ folder: path, ballastBytes: 3_000_000 })
      while (!(await readdir(path)).includes('ballast')) await new Promise((done) => setImmediate(done))
      await store.close()
      expect((await stat(join(path, 'ballast'))).size).to.equal(3_000_000)
      expect((await readdir(path)).sort()).to.deep.equal(['ballast', 'data.mdb', 'lock.mdb'])
    }
  })

  it('takes no writes at a start without ballast and without room for it', async () => {
    const path = fresh()
    const store = await LmdbMetadataStore.open({ folder: path, ballastBytes: 0 })
    await store.commit([put('a', 1)], 'one')
    await store.close()
    const crowded = await LmdbMetadataStore.open({ folder: path, ballastBytes: 2 ** 60 })
    expect((await failure(crowded.commit([put('a', 2)], 'two'))).kind).to.equal('unavailable')
    expect((await crowded.get({ partition: 'p', path: ['a'] }))?.value).to.equal(1)
    await crowded.close()
  })

  it('takes no writes after one failed, gives its ballast up and says so once; reads go on', async () => {
    class Failing extends LmdbMetadataStore {
      broken = false
      protected override transact<T>(apply: () => T): Promise<T> {
        if (!this.broken) return super.transact(apply)
        const error = Object.assign(new Error('Commit failed'), {
          commitError: Promise.reject(new Error('No space left on device')),
        })
        return Promise.reject(error)
      }
    }
    const path = fresh()
    const fatal: RegistryError[] = []
    const store = (await Failing.open({ folder: path, ballastBytes: 100_000, onFatal: (error) => fatal.push(error) })) as Failing
    await store.commit([put('a', 1)], 'one')
    while (!(await readdir(path)).includes('ballast')) await new Promise((done) => setImmediate(done))
    store.broken = true
    const outcomes = await Promise.all([
      failure(store.commit([put('a', 2)], 'two')),
      failure(store.commit([put('b', 2)], 'three')),
    ])
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['unavailable', 'unavailable'])
    store.broken = false
    expect((await failure(store.commit([put('a', 3)], 'four'))).kind).to.equal('unavailable')
    expect((await store.get({ partition: 'p', path: ['a'] }))?.value).to.equal(1)
    expect(fatal).to.have.length(1)
    expect(await readdir(path)).to.not.include('ballast')
    await store.close()
  })
})
