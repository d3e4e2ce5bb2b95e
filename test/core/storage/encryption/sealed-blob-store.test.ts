import { randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { RegistryError } from '../../../../core/errors/registry-error.js'
import { MemoryBlobStore } from '../../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../../core/storage/drivers/memory-metadata-store.js'
import { checkCanary } from '../../../../core/storage/encryption/root-key-canary.js'
import { SealedBlobStore } from '../../../../core/storage/encryption/sealed-blob-store.js'
import type { SealedBlob } from '../../../../core/storage/encryption/sealed-blobs.js'
import { StoredOrganizationKeys } from '../../../../core/storage/encryption/stored-organization-keys.js'
import { blobKey } from '../../../../core/storage/tenant-keys.js'
import { FixedClock } from '../../../support/fixed-clock.js'
import { memoryRootKey } from '../../../support/root-key.js'

interface Vault {
  readonly clock: FixedClock
  readonly blobs: MemoryBlobStore
  readonly keyStore: MemoryMetadataStore
  readonly keys: StoredOrganizationKeys
  readonly sealed: SealedBlobStore
}

async function vault(
  root = randomBytes(32),
  keyStore = new MemoryMetadataStore(),
  blobs = new MemoryBlobStore(),
): Promise<Vault> {
  const clock = new FixedClock()
  const keys = new StoredOrganizationKeys(keyStore, memoryRootKey(root), clock)
  await keys.create('o_1')
  await keys.create('o_2')
  return { clock, blobs, keyStore, keys, sealed: new SealedBlobStore(blobs, keys, 'app') }
}

async function put({ sealed }: Vault, content: Buffer, organizationId = 'o_1'): Promise<SealedBlob> {
  const writer = await sealed.create(organizationId)
  await pipeline(Readable.from([content]), writer.sink)
  return { organizationId, blobId: writer.blobId, size: content.length, ...(await writer.finish()) }
}

/** Replaces what is stored under a blob's key, as somebody with the disk in hands would. */
async function tamper({ blobs }: Vault, blob: SealedBlob, change: (stored: Buffer) => Buffer): Promise<void> {
  const key = blobKey(blob.organizationId, blob.blobId)
  const stored = Buffer.from(await blobs.read(key, Number.MAX_SAFE_INTEGER))
  await blobs.delete(key)
  const writer = await blobs.create(key)
  await pipeline(Readable.from([change(Buffer.from(stored))]), writer.sink)
  await writer.finish()
}

async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'opened',
    (thrown: unknown) => (thrown instanceof RegistryError ? thrown.kind : 'refused'),
  )
}

describe('sealed blobs', () => {
  const plain = randomBytes(3 * 2 ** 18 + 12_345)

  it('give back any range of what was written, before and after they are finished', async () => {
    const house = await vault()
    const writer = await house.sealed.create('o_1')
    await pipeline(Readable.from([plain]), writer.sink)
    expect((await buffer(await writer.open({ start: 262_100, end: 262_200 }))).equals(plain.subarray(262_100, 262_200))).to.equal(
      true,
    )
    const blob = { organizationId: 'o_1', blobId: writer.blobId, size: plain.length, ...(await writer.finish()) }
    expect(Buffer.from(await house.sealed.read(blob)).equals(plain)).to.equal(true)
    for (let i = 0; i < 1_000; i++) {
      const start = randomInt(plain.length + 1)
      const end = start + randomInt(Math.min(plain.length - start, i % 10 === 0 ? plain.length : 3_000) + 1)
      const range = await buffer(await house.sealed.open(blob, { start, end }))
      expect(range.equals(plain.subarray(start, end)), `${start}-${end}`).to.equal(true)
    }
  })

  it('lie in the store as noise', async () => {
    const house = await vault()
    const blob = await put(house, Buffer.from('MARKED PLAINTEXT '.repeat(1_000)))
    const stored = Buffer.from(await house.blobs.read(blobKey('o_1', blob.blobId), 1_000_000))
    expect(stored.includes('MARKED')).to.equal(false)
    expect(stored.length).to.equal(blob.storedSize)
  })

  it('never open as other bytes: every one of 2,000 manipulations is found', async () => {
    const house = await vault()
    const content = randomBytes(2 ** 18 + 500)
    const blob = await put(house, content)
    const key = blobKey('o_1', blob.blobId)
    const original = Buffer.from(await house.blobs.read(key, 1_000_000))
    let found = 0
    for (let i = 0; i < 2_000; i++) {
      await tamper(house, blob, () => {
        const changed = Buffer.from(original)
        if (i % 20 === 18) return changed.subarray(0, randomInt(changed.length))
        if (i % 20 === 19) return Buffer.concat([changed, randomBytes(1 + randomInt(40))])
        const at = i < 64 ? i : randomInt(changed.length)
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << randomInt(8)), at)
        return changed
      })
      // A process that never saw the blob: nothing is remembered of its header or key.
      const fresh = new SealedBlobStore(house.blobs, house.keys, 'app')
      const work = i % 2 === 0 ? fresh.read(blob) : fresh.open(blob).then((stream) => buffer(stream))
      const result = await work.then(
        (bytes) => Buffer.from(bytes).equals(content) && 'same',
        () => 'found',
      )
      // Bytes behind the end are never asked for by a stream; they cannot become content.
      if (result === 'found' || (result === 'same' && i % 20 === 19)) found++
    }
    expect(found).to.equal(2_000)
  })

  it('do not open as each other, neither bytes nor keys exchanged, in one organization or between two', async () => {
    const house = await vault()
    const [a, b, foreign] = [
      await put(house, Buffer.from('aaaa')),
      await put(house, Buffer.from('bbbb')),
      await put(house, Buffer.from('cccc'), 'o_2'),
    ]
    if (!b.key || !foreign.key) throw new Error('sealed without a key')
    expect(await outcome(house.sealed.read({ ...a, key: b.key }))).to.equal('internal')
    expect(await outcome(house.sealed.read({ ...a, key: foreign.key }))).to.equal('internal')
    const bytes = Buffer.from(await house.blobs.read(blobKey('o_1', b.blobId), 10_000))
    await tamper(house, a, () => bytes)
    expect(await outcome(house.sealed.read(a))).to.equal('internal')
    expect(await outcome(house.sealed.open(a).then((stream) => buffer(stream)))).to.equal('internal')
  })

  it('are out of reach within a minute after their organization key was destroyed, and stay so', async () => {
    const house = await vault()
    const blob = await put(house, Buffer.from('secret'))
    const elsewhere = new SealedBlobStore(
      house.blobs,
      new StoredOrganizationKeys(house.keyStore, memoryRootKey(randomBytes(32)), house.clock),
      'app',
    )
    expect(await outcome(elsewhere.read(blob))).to.equal('internal')
    await house.keys.destroy('o_1')
    house.clock.advance(60_000)
    expect(await outcome(new SealedBlobStore(house.blobs, house.keys, 'app').read(blob))).to.equal('unavailable')
  })

  it('lie in clear where sealing is off, and either kind is read in either mode', async () => {
    const house = await vault()
    const sealed = await put(house, Buffer.from('sealed'))
    const off = { ...house, sealed: new SealedBlobStore(house.blobs, house.keys, 'off') }
    const clear = await put(off, Buffer.from('in clear'))
    expect(clear.key).to.equal(undefined)
    expect(Buffer.from(await off.sealed.read(sealed)).toString()).to.equal('sealed')
    expect((await buffer(await house.sealed.open(clear))).toString()).to.equal('in clear')
  })

  it('leave nothing behind when they are aborted', async () => {
    const house = await vault()
    const writer = await house.sealed.create('o_1')
    await pipeline(Readable.from([plain]), writer.sink)
    await writer.abort()
    const keys: string[] = []
    for await (const key of house.blobs.list('')) keys.push(key)
    expect(keys).to.deep.equal([])
  })
})

describe('the root key', () => {
  it('is proved before anything else is done, and a wrong one writes nothing', async () => {
    const [right, wrong] = [memoryRootKey(randomBytes(32)), memoryRootKey(randomBytes(32))]
    const [keyStore, metadata] = [new MemoryMetadataStore(), new MemoryMetadataStore()]
    await checkCanary(keyStore, metadata, right)
    await checkCanary(keyStore, metadata, right)
    const before = await rows(keyStore)
    const refused = await checkCanary(keyStore, metadata, wrong).catch((thrown: Error) => thrown.message)
    expect(refused).to.equal('The root key is not the one that this data was stored under; nothing was changed')
    expect(await rows(keyStore)).to.deep.equal(before)
  })

  it('is refused where there is data without any keys', async () => {
    const [keyStore, metadata] = [new MemoryMetadataStore(), new MemoryMetadataStore()]
    await metadata.commit([{ op: 'put', key: { partition: 'x', path: ['y'] }, value: 1 }], 'one')
    const refused = await checkCanary(keyStore, metadata, memoryRootKey(randomBytes(32))).catch((thrown: Error) => thrown.message)
    expect(refused).to.match(/^The keys of this data are missing/)
    expect(await rows(keyStore)).to.deep.equal([])
  })
})

async function rows(store: MemoryMetadataStore): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const { entry } of store.scan()) found.push(entry)
  return found
}
