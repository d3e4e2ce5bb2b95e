import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { RegistryError } from '../../../../core/errors/registry-error.js'
import { MemoryMetadataStore } from '../../../../core/storage/drivers/memory-metadata-store.js'
import type { RootKeyContext, RootKeyProvider } from '../../../../core/storage/encryption/root-key.js'
import { checkCanary, rewrapCanary } from '../../../../core/storage/encryption/root-key-canary.js'
import { StoredOrganizationKeys } from '../../../../core/storage/encryption/stored-organization-keys.js'
import { FixedClock } from '../../../support/fixed-clock.js'
import { seededRootKeys } from '../../../support/root-key.js'

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('succeeded'),
    (thrown: RegistryError) => thrown,
  )
const same = (one: Uint8Array, other: Uint8Array) => expect(Buffer.from(one).equals(other)).to.equal(true)

/** Counts what reaches the provider, and can be out of reach. */
class Counted implements RootKeyProvider {
  unwraps = 0
  down = false
  constructor(private readonly inner: RootKeyProvider) {}
  generate(context: RootKeyContext) {
    return this.inner.generate(context)
  }
  async unwrap(context: RootKeyContext, wrapped: string) {
    this.unwraps += 1
    if (this.down) throw new Error('down')
    return this.inner.unwrap(context, wrapped)
  }
  rewrap(context: RootKeyContext, wrapped: string) {
    return this.inner.rewrap(context, wrapped)
  }
  describe() {
    return this.inner.describe()
  }
}

describe('The keys of organizations', () => {
  const data = randomBytes(32)
  let clock: FixedClock
  let store: MemoryMetadataStore
  let root: Counted
  let keys: StoredOrganizationKeys
  beforeEach(async () => {
    clock = new FixedClock()
    store = new MemoryMetadataStore()
    root = new Counted(seededRootKeys(['r', 1]))
    keys = new StoredOrganizationKeys(store, root, clock)
    await keys.create('org_a')
    await keys.create('org_b')
  })
  afterEach(() => keys.close())

  it('wrap a data key and give it back, under a nonce of its own each time', async () => {
    const one = await keys.wrap('org_a', 'blob', 'b1', data)
    const other = await keys.wrap('org_a', 'blob', 'b1', data)
    expect(one.v).to.equal(1)
    expect(one.k).to.not.equal(other.k)
    same(await keys.unwrap('org_a', 'blob', 'b1', one), data)
    same(await keys.unwrap('org_a', 'blob', 'b1', other), data)
  })
  it('open nothing of another object, purpose, organization or version, and nothing that was changed', async () => {
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    expect((await refused(keys.unwrap('org_a', 'blob', 'b2', wrapped))).kind).to.equal('internal')
    expect((await refused(keys.unwrap('org_a', 'secret', 'b1', wrapped))).kind).to.equal('internal')
    expect((await refused(keys.unwrap('org_b', 'blob', 'b1', wrapped))).kind).to.equal('internal')
    expect((await refused(keys.unwrap('org_a', 'blob', 'b1', { ...wrapped, v: 2 }))).kind).to.equal('unavailable')
    const bytes = Buffer.from(wrapped.k, 'base64')
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect((await refused(keys.unwrap('org_a', 'blob', 'b1', { v: 1, k: flipped.toString('base64') }))).kind).to.equal(
        'internal',
      )
    }
    for (const k of ['', 'AAAA'])
      expect((await refused(keys.unwrap('org_a', 'blob', 'b1', { v: 1, k }))).kind).to.equal('internal')
  })
  it('are made once, whoever asks again', async () => {
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    await Promise.all([keys.create('org_a'), keys.create('org_a')])
    same(await new StoredOrganizationKeys(store, root, clock).unwrap('org_a', 'blob', 'b1', wrapped), data)
  })
  it('reach the provider once for many callers, and not again while the rows stand', async () => {
    await Promise.all(Array.from({ length: 20 }, () => keys.wrap('org_a', 'blob', 'b1', data)))
    expect(root.unwraps).to.equal(1)
    clock.advance(61_000)
    await keys.wrap('org_a', 'blob', 'b1', data)
    expect(root.unwraps).to.equal(1)
    clock.advance(900_000)
    await keys.wrap('org_a', 'blob', 'b1', data)
    expect(root.unwraps).to.equal(2)
  })
  it('stay good for fifteen minutes while the provider is out of reach', async () => {
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    root.down = true
    clock.advance(899_000)
    same(await keys.unwrap('org_a', 'blob', 'b1', wrapped), data)
    expect((await refused(keys.wrap('org_b', 'blob', 'b1', data))).kind).to.equal('unavailable')
    clock.advance(1_000)
    expect((await refused(keys.unwrap('org_a', 'blob', 'b1', wrapped))).kind).to.equal('unavailable')
    root.down = false
    same(await keys.unwrap('org_a', 'blob', 'b1', wrapped), data)
  })
  it('are gone at once where they are destroyed, after a minute elsewhere, and for good', async () => {
    const elsewhere = new StoredOrganizationKeys(store, root, clock)
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    same(await elsewhere.unwrap('org_a', 'blob', 'b1', wrapped), data)
    await keys.destroy('org_a')
    expect((await refused(keys.unwrap('org_a', 'blob', 'b1', wrapped))).kind).to.equal('unavailable')
    clock.advance(60_000)
    expect((await refused(elsewhere.unwrap('org_a', 'blob', 'b1', wrapped))).kind).to.equal('unavailable')
    await keys.create('org_a')
    expect((await refused(keys.unwrap('org_a', 'blob', 'b1', wrapped))).kind).to.equal('internal')
    elsewhere.close()
  })
  it('rotate: the new version wraps, the old one still opens, in other processes too', async () => {
    const elsewhere = new StoredOrganizationKeys(store, root, clock)
    const first = await keys.wrap('org_a', 'blob', 'b1', data)
    same(await elsewhere.unwrap('org_a', 'blob', 'b1', first), data)
    await keys.rotate('org_a')
    const second = await keys.wrap('org_a', 'blob', 'b1', data)
    expect([first.v, second.v]).to.deep.equal([1, 2])
    same(await keys.unwrap('org_a', 'blob', 'b1', first), data)
    same(await elsewhere.unwrap('org_a', 'blob', 'b1', second), data)
    elsewhere.close()
  })
  it('come under a new root key, and open without the old one then', async () => {
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    const both = seededRootKeys(['new', 2], ['r', 1])
    const moving = new StoredOrganizationKeys(store, both, clock)
    expect(await moving.rewrap()).to.equal(2)
    expect(await moving.rewrap()).to.equal(0)
    const moved = new StoredOrganizationKeys(store, seededRootKeys(['new', 2]), clock)
    same(await moved.unwrap('org_a', 'blob', 'b1', wrapped), data)
    moving.close()
    moved.close()
  })
  it('hold nothing in clear in their rows', async () => {
    const wrapped = await keys.wrap('org_a', 'blob', 'b1', data)
    same(await keys.unwrap('org_a', 'blob', 'b1', wrapped), data)
    for await (const { entry } of store.scan()) {
      expect(Object.keys(entry.value as object)).to.deep.equal(['v', 'wrapped'])
      expect(JSON.stringify(entry.value)).to.not.include(data.toString('base64'))
    }
  })
})

describe('The canary of the root key', () => {
  const rows = async (store: MemoryMetadataStore) => {
    const found: unknown[] = []
    for await (const { entry } of store.scan()) found.push(entry)
    return found
  }
  const used = async () => {
    const metadata = new MemoryMetadataStore()
    await metadata.commit([{ op: 'put', key: { partition: 'x', path: ['y'] }, value: 1 }], 'one')
    return metadata
  }
  it('is placed where nothing is stored yet, and then lets the same key start again', async () => {
    const [store, metadata] = [new MemoryMetadataStore(), new MemoryMetadataStore()]
    const root = seededRootKeys(['r', 1])
    await Promise.all([checkCanary(store, metadata, root), checkCanary(store, metadata, root)])
    const placed = await rows(store)
    expect(placed).to.have.length(1)
    await checkCanary(store, metadata, root)
    await checkCanary(store, await used(), root)
    expect(await rows(store)).to.deep.equal(placed)
  })
  it('refuses another key, one of the same id too, and writes nothing', async () => {
    const store = new MemoryMetadataStore()
    await checkCanary(store, new MemoryMetadataStore(), seededRootKeys(['r', 1]))
    const placed = await rows(store)
    for (const root of [seededRootKeys(['r', 2]), seededRootKeys(['other', 1]), seededRootKeys(['other', 2], ['r', 3])]) {
      for (const metadata of [new MemoryMetadataStore(), await used()]) {
        const error = await refused(checkCanary(store, metadata, root))
        expect([error.kind, error.message]).to.deep.equal([
          'unavailable',
          'The root key is not the one that this data was stored under; nothing was changed',
        ])
      }
    }
    expect(await rows(store)).to.deep.equal(placed)
  })
  it('refuses data without it, and writes nothing', async () => {
    const root = seededRootKeys(['r', 1])
    const empty = new MemoryMetadataStore()
    expect((await refused(checkCanary(empty, await used(), root))).message).to.match(/^The keys of this data are missing/)
    expect(await rows(empty)).to.deep.equal([])
    const keyed = new MemoryMetadataStore()
    const keys = new StoredOrganizationKeys(keyed, root, new FixedClock())
    await keys.create('org_a')
    expect((await refused(checkCanary(keyed, new MemoryMetadataStore(), root))).kind).to.equal('unavailable')
    expect(await rows(keyed)).to.have.length(1)
    keys.close()
  })
  it('comes under a new root key after the others', async () => {
    const [store, metadata] = [new MemoryMetadataStore(), await used()]
    await checkCanary(store, new MemoryMetadataStore(), seededRootKeys(['r', 1]))
    await rewrapCanary(store, seededRootKeys(['new', 2], ['r', 1]))
    await checkCanary(store, metadata, seededRootKeys(['new', 2]))
  })
})
