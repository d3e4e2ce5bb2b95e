import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { unavailable } from '../../../core/errors/registry-error.js'
import { MemoryBlobStore } from '../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, MetadataStore, Mutation } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { readOnlyRow } from '../../../core/tenancy/read-only.js'
import { findMove } from '../../../host/doctor/move-finding.js'
import { CopyJournal } from '../../../host/move/copy-journal.js'
import { type Moved, type MoveParts, move } from '../../../host/move/move.js'
import type { StorePair } from '../../../host/move/store-pair.js'
import raw from '../../../plugins/raw/index.js'
import { WrappedStore } from '../../faults/wrapped-store.js'
import { type House, openHouse } from '../../support/house.js'
import { memoryRootKey } from '../../support/root-key.js'

const files = ['a/one.txt', 'a/two.txt', 'b/three.txt']
const bodyOf = (path: string) => `bytes of ${path}`

/** A target or a source in memory, under a name. */
function pairOf(place: string, stores: Partial<StorePair> = {}): StorePair {
  return {
    blobs: new MemoryBlobStore(),
    metadata: new MemoryMetadataStore(),
    keyStore: new MemoryMetadataStore(),
    ...stores,
    place,
    close: async () => {},
  }
}

async function rowsOf(store: MetadataStore): Promise<ReadonlyMap<string, string>> {
  const rows = new Map<string, string>()
  for await (const { entry } of store.scan()) rows.set(JSON.stringify(entry.key), JSON.stringify(entry.value))
  return rows
}

describe('A move', () => {
  let house: House
  let source: StorePair
  let journals: Map<string, MemoryMetadataStore>
  beforeEach(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }], idle: true })
    source = pairOf('here', house.parts)
    journals = new Map()
    for (const path of files) await put(path)
  })
  afterEach(() => house.close())

  const put = async (path: string) => (await house.call('PUT', `/acme/files/${path}`, { body: bodyOf(path) })).status
  const parts = (target: StorePair, more: Partial<MoveParts> = {}): MoveParts => ({
    source,
    target,
    rootKey: house.parts.rootKey,
    async openJournal(id) {
      const store = journals.get(id) ?? new MemoryMetadataStore()
      journals.set(id, store)
      const journal = await CopyJournal.open(store)
      journal.close = async () => {}
      return journal
    },
    watch: { phase: (_name, _total, work) => work(() => {}) },
    settle: 0,
    ...more,
  })
  const refused = (target: StorePair, more: Partial<MoveParts> = {}) =>
    move(parts(target, more)).then(
      () => 'moved',
      (error: Error) => error.message,
    )
  /** What a house over the target answers, to the same people with the same tokens. */
  const expectServed = async (target: StorePair, paths: readonly string[], gone: readonly string[] = []) => {
    const { blobs, metadata, keyStore } = target
    const there = await openHouse({
      plugins: [raw],
      beside: house,
      idle: true,
      parts: async () => ({ blobs, metadata, keyStore }),
    })
    try {
      for (const path of paths) {
        const { status, body } = await there.call('GET', `/acme/files/${path}`)
        expect([path, status, body.toString()]).to.deep.equal([path, 200, bodyOf(path)])
      }
      for (const path of gone) expect((await there.call('GET', `/acme/files/${path}`)).status, path).to.equal(404)
      expect((await there.call('PUT', '/acme/files/after.txt', { body: 'new here' })).status).to.equal(201)
      expect(await there.storedFiles()).to.include.members(paths.map((path) => `acme/files/${path}`))
    } finally {
      // The stores are the test's.
      there.parts.blobs.close = there.parts.metadata.close = there.parts.keyStore.close = async () => {}
      await there.close()
    }
  }
  const expectEqual = async (target: StorePair) => {
    const isOwn = (key: string) => /"(move|read-only)"\]\}$/.test(key)
    const others = (rows: ReadonlyMap<string, string>) => [...rows].filter(([key]) => !isOwn(key)).sort()
    expect(others(await rowsOf(target.metadata))).to.deep.equal(others(await rowsOf(source.metadata)))
    expect([...(await rowsOf(target.keyStore))].sort()).to.deep.equal([...(await rowsOf(source.keyStore))].sort())
    for (const [one, other] of [
      [source, target],
      [target, source],
    ] as const)
      for await (const key of one.blobs.list(''))
        expect(Buffer.from(await one.blobs.read(key, 1e6))).to.deep.equal(Buffer.from(await other.blobs.read(key, 1e6)))
  }

  it('brings rows, wrapped keys and sealed blobs as they are; the old house then reads on and takes no writes', async () => {
    const target = pairOf('there')
    const moved = await move(parts(target))
    expect(moved).to.deep.include({ keys: 3, blobs: 3 } satisfies Partial<Moved>)
    await expectEqual(target)
    // Each request reads one of its copies, whichever.
    for (let at = 0; at < 40; at++) {
      const refusal = await house.call('PUT', '/acme/files/late.txt', { body: 'late' })
      expect(refusal.status).to.equal(503)
      expect(refusal.text()).to.contain('This server is read-only: It was moved to there')
    }
    expect((await house.call('GET', '/acme/files/a/one.txt')).status).to.equal(200)
    await expectServed(target, files, ['late.txt'])
    expect(await refused(target)).to.equal('Everything was moved to there already; start the house there')
  })

  it('loses nothing that was acknowledged while it copied, and brings nothing that was deleted meanwhile', async () => {
    const acknowledged = [...files]
    let [begun, stop] = [0, false]
    const publish = async (writer: number) => {
      for (let at = 0; !stop; at++) {
        begun++
        const path = `w${writer}/file-${at}.txt`
        if ((await put(path)) === 201) acknowledged.push(path)
        else break
      }
    }
    // Each row is slow, so that the house changes under every pass.
    const target = pairOf('there', {
      metadata: new (class extends WrappedStore {
        override async commit(mutations: readonly Mutation[], token: string) {
          const before = begun
          while (before === begun && !stop) await new Promise((resolve) => setImmediate(resolve))
          return super.commit(mutations, token)
        }
      })(new MemoryMetadataStore()),
    })
    const writers = [publish(1), publish(2), publish(3)]
    expect((await house.call('DELETE', '/acme/files/b/three.txt', { as: 'olga' })).status).to.equal(204)
    const watch: MoveParts['watch'] = {
      async phase(name, _total, work) {
        // From the first tail on nobody publishes any more: they were refused.
        if (name.startsWith('tail')) {
          await Promise.all(writers)
          stop = true
        }
        return work(() => {})
      },
    }
    await move(parts(target, { watch }))
    expect(acknowledged.length).to.be.greaterThan(files.length + 3)
    await expectServed(
      target,
      acknowledged.filter((path) => path !== 'b/three.txt'),
      ['b/three.txt'],
    )
  })

  it('killed at any of its writes, goes on from there and ends equal', async () => {
    let left = Number.POSITIVE_INFINITY
    let writes = 0
    const dying = (store: MetadataStore) =>
      new (class extends WrappedStore {
        override async commit(mutations: readonly Mutation[], token: string) {
          writes++
          if (left-- <= 0) throw new Error('killed')
          return super.commit(mutations, token)
        }
      })(store)
    class DyingBlobs extends MemoryBlobStore {
      override async create(key: string) {
        writes++
        if (left-- <= 0) throw new Error('killed')
        return super.create(key)
      }
    }
    const attempt = pairOf('there', { metadata: dying(new MemoryMetadataStore()), blobs: new DyingBlobs() })
    await move(parts(attempt))
    const all = writes
    expect(all).to.be.greaterThan(5)
    for (let at = 0; at < all; at++) {
      await house.parts.metadata.commit(readOnlyRow.delete(), randomBytes(8).toString('hex'))
      const target = pairOf('there', { metadata: dying(new MemoryMetadataStore()), blobs: new DyingBlobs() })
      left = at
      expect(await refused(target), `write ${at}`).to.equal('killed')
      expect(await put(`after-${at}.txt`), 'the house goes on where it is').to.equal(201)
      left = Number.POSITIVE_INFINITY
      // A journal that was lost is made anew.
      if (at % 2 === 1) journals.clear()
      await move(parts(target))
      await expectEqual(target)
    }
  })

  it('waits for a store that is away for a while, and gives up where it stays away', async () => {
    let calls = 0
    let away = (_call: number) => false
    const failing = () => away(++calls)
    class AwayBlobs extends MemoryBlobStore {
      override async create(key: string) {
        if (failing()) throw unavailable('The blob store does not answer')
        return super.create(key)
      }
    }
    const rows = () =>
      new (class extends WrappedStore {
        override async commit(mutations: readonly Mutation[], token: string) {
          if (failing()) throw unavailable('The metadata store does not answer')
          return super.commit(mutations, token)
        }
      })(new MemoryMetadataStore())
    const patience = { attempts: 3, first: 1 }
    const target = pairOf('there', { metadata: rows(), blobs: new AwayBlobs() })
    // Not the first, by which the move begins, nor the last, by which it ends.
    away = (call) => call > 1 && call < 12 && call % 2 === 0
    await move(parts(target, { patience }))
    expect(calls).to.be.greaterThan(8)
    await expectEqual(target)
    await house.parts.metadata.commit(readOnlyRow.delete(), 'again')
    calls = 0
    away = (call) => call > 1
    expect(await refused(pairOf('nowhere', { metadata: rows() }), { patience })).to.equal('The metadata store does not answer')
    expect(await put('after.txt')).to.equal(201)
  })

  it('mends what somebody changed in the target, and brings no blob that reads back otherwise', async () => {
    const target = pairOf('there')
    let tampered = false
    const watch: MoveParts['watch'] = {
      async phase(name, _total, work) {
        if (name === 'compare blobs' && !tampered) {
          tampered = true
          const [first, second] = [...(await rowsOf(target.metadata)).keys()].map((key) => JSON.parse(key) as Entry['key'])
          if (!first || !second) throw new Error('nothing was copied')
          await target.metadata.commit([{ op: 'delete', key: first }], 'tamper-1')
          await target.metadata.commit([{ op: 'put', key: second, value: 'another' }], 'tamper-2')
          await target.metadata.commit([{ op: 'put', key: { partition: 'x', path: ['y'] }, value: 'more' }], 'tamper-3')
          for await (const key of target.blobs.list('')) {
            await target.blobs.delete(key)
            break
          }
        }
        return work(() => {})
      },
    }
    await move(parts(target, { watch }))
    expect(tampered).to.equal(true)
    await expectEqual(target)
  })

  it('does not leave a blob that reads back otherwise than it was written', async () => {
    class Rotten extends MemoryBlobStore {
      override async open(key: string, range?: { start: number; end: number }) {
        const { size } = (await this.stat(key)) ?? { size: 0 }
        return super.open(key, range ?? { start: 0, end: size - 1 })
      }
    }
    const target = pairOf('there', { blobs: new Rotten() })
    expect(await refused(target)).to.match(/^The blob .+ reads otherwise in the target than it was written; move again$/)
    expect(await put('after.txt')).to.equal(201)
  })

  it('refuses a target that is not empty, another move’s, its own place, an empty source and a strange root key', async () => {
    const full = pairOf('there')
    await full.metadata.commit([{ op: 'put', key: { partition: 'x', path: ['y'] }, value: 1 }], 'one')
    expect(await refused(full)).to.equal('there is not empty, and no move to it was begun')
    const blobs = pairOf('there')
    const writer = await blobs.blobs.create('org/b/00/0000')
    await new Promise<void>((resolve) => writer.sink.end('x', () => resolve()))
    await writer.finish()
    expect(await refused(blobs)).to.equal('there is not empty, and no move to it was begun')
    expect(await refused(pairOf('here'))).to.equal('here is where the data lies already')
    expect(await refused(pairOf('there'), { source: pairOf('nowhere') })).to.equal('Nothing is stored at nowhere')
    const strange = pairOf('there')
    expect(await refused(strange, { rootKey: memoryRootKey(randomBytes(32)) })).to.equal(
      "The root key of the target's settings does not open the keys of this data. They move wrapped as they are: give the target the same root key file",
    )
    expect((await rowsOf(strange.metadata)).size).to.equal(0)
    const others = pairOf('there')
    const row = { v: 1, id: 'x', state: 'copying', source: 'elsewhere', at: 1 }
    await others.metadata.commit([{ op: 'put', key: tenantKeys.instance('move'), value: row }], 'one')
    expect(await refused(others)).to.equal('there is the target of a move from elsewhere')
    expect(await refused(pairOf('nowhere'), { source: { ...others, keyStore: source.keyStore } })).to.equal(
      'there is itself the target of a move that has not ended',
    )
    expect(await put('after.txt')).to.equal(201)
  })

  it('switches nothing where an operator lets the house take writes again, and leaves what an operator had said', async () => {
    const watch: MoveParts['watch'] = {
      async phase(name, _total, work) {
        if (name === 'compare keys') await source.metadata.commit(readOnlyRow.delete(), randomBytes(8).toString('hex'))
        return work(() => {})
      },
    }
    const target = pairOf('there')
    expect(await refused(target, { watch })).to.equal(
      'Somebody let the house take writes again before everything had moved. Nothing was switched',
    )
    expect((await findMove(target.metadata))?.row.state).to.equal('copying')
    await source.metadata.commit(readOnlyRow.put({ v: 1, reason: 'inventory' }), 'one')
    await move(parts(target))
    expect((await readOnlyRow.read(target.metadata))?.value).to.deep.equal({ v: 1, reason: 'inventory' })
  })
})
