import { randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { RegistryError } from '../../../../core/errors/registry-error.js'
import { type Logger, silentLogger } from '../../../../core/runtime/logger.js'
import type { BlobStore } from '../../../../core/storage/blob-store.js'
import { MemoryBlobStore } from '../../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../../core/storage/drivers/memory-metadata-store.js'
import { SealedBlobStore } from '../../../../core/storage/encryption/sealed-blob-store.js'
import type { SealedBlob } from '../../../../core/storage/encryption/sealed-blobs.js'
import { StoredOrganizationKeys } from '../../../../core/storage/encryption/stored-organization-keys.js'
import { blobKey } from '../../../../core/storage/tenant-keys.js'
import { FixedClock } from '../../../support/fixed-clock.js'
import { seededRootKeys } from '../../../support/root-key.js'

const chunk = 2 ** 18
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk + 77]

describe('SealedBlobStore', () => {
  let blobs: MemoryBlobStore
  let keys: StoredOrganizationKeys
  let sealed: SealedBlobStore
  let damages: unknown[]
  const log: Logger = {
    ...silentLogger,
    error: (event, fields) => damages.push([event, fields?.['organization'], fields?.['blob']]),
  }
  const clock = new FixedClock()
  beforeEach(async () => {
    blobs = new MemoryBlobStore()
    keys = new StoredOrganizationKeys(new MemoryMetadataStore(), seededRootKeys(['r', 1]), clock)
    await keys.create('org_a')
    await keys.create('org_b')
    damages = []
    sealed = new SealedBlobStore(blobs, keys, 'app', log, clock)
  })
  afterEach(() => keys.close())

  const store = async (plain: Uint8Array, org = 'org_a', into = sealed): Promise<SealedBlob> => {
    const writer = await into.create(org)
    await pipeline(Readable.from([Buffer.from(plain)]), writer.sink)
    return { organizationId: org, blobId: writer.blobId, size: plain.length, ...(await writer.finish()) }
  }
  const raw = (blob: SealedBlob) =>
    blobs.read(blobKey(blob.organizationId, blob.blobId), 2 ** 30).then((bytes) => Buffer.from(bytes))
  const lay = async (blob: SealedBlob, bytes: Uint8Array) => {
    const key = blobKey(blob.organizationId, blob.blobId)
    await blobs.delete(key)
    const writer = await blobs.create(key)
    await pipeline(Readable.from([bytes]), writer.sink)
    await writer.finish()
  }
  /** A process that has not seen any blob yet. */
  const stranger = (over: BlobStore = blobs) => new SealedBlobStore(over, keys, 'app', log, clock)
  const outcome = async (reading: () => Promise<Uint8Array>): Promise<Uint8Array | RegistryError> => {
    try {
      return await reading()
    } catch (thrown) {
      if (thrown instanceof RegistryError) return thrown
      throw thrown
    }
  }
  const isDamage = (result: Uint8Array | RegistryError) => result instanceof RegistryError && result.detail['code'] === 'damaged'

  it('gives back every size, by stream and in one go, here and in another process', async () => {
    for (const size of sizes) {
      const plain = randomBytes(size)
      const blob = await store(plain)
      expect(blob.storedSize).to.equal((await raw(blob)).length)
      for (const reader of [sealed, stranger()]) {
        expect((await buffer(await reader.open(blob))).equals(plain)).to.equal(true)
        expect(Buffer.from(await reader.read(blob)).equals(plain)).to.equal(true)
      }
    }
  })
  it('stores nothing that shows the content, and nothing twice for equal content', async () => {
    const plain = Buffer.alloc(100_000, 'marker of the plain text ')
    const one = await store(plain)
    const other = await store(plain)
    expect((await raw(one)).includes('marker')).to.equal(false)
    expect((await raw(one)).subarray(24).equals((await raw(other)).subarray(24))).to.equal(false)
    expect(one.key?.k).to.not.equal(other.key?.k)
  })
  it('gives exactly the bytes of 1,200 random ranges', async () => {
    const plain = randomBytes(5 * chunk + 12_345)
    const blob = await store(plain)
    const edges = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 5 * chunk, plain.length - 1, plain.length]
    const ranges = edges.flatMap((start) => edges.filter((end) => end >= start).map((end) => ({ start, end })))
    while (ranges.length < 1_200) {
      const start = randomInt(plain.length)
      ranges.push({
        start,
        end: start + randomInt(Math.min(plain.length - start, ranges.length % 3 === 0 ? plain.length : 3_000) + 1),
      })
    }
    let wrong = 0
    for (const [index, range] of ranges.entries()) {
      const reader = index % 40 === 0 ? stranger() : sealed
      if (!(await buffer(await reader.open(blob, range))).equals(plain.subarray(range.start, range.end))) wrong += 1
    }
    expect(wrong).to.equal(0)
  })
  it('refuses a range outside the blob', async () => {
    const blob = await store(randomBytes(10))
    for (const range of [
      { start: 0, end: 11 },
      { start: -1, end: 1 },
      { start: 5, end: 4 },
    ]) {
      expect(((await outcome(async () => buffer(await sealed.open(blob, range)))) as RegistryError).kind).to.equal('invalid')
    }
  })
  it('finds every one of 2,200 manipulations: flipped bits, cuts, extensions, swapped and repeated chunks', async function () {
    this.timeout(60_000)
    const plain = randomBytes(2 * chunk + 1_000)
    const blob = await store(plain)
    const good = await raw(blob)
    const part = (index: number) =>
      good.subarray(64 + index * (chunk + 16), Math.min(good.length, 64 + (index + 1) * (chunk + 16)))
    const header = good.subarray(0, 64)
    const manipulated: Buffer[] = [
      Buffer.concat([header, part(1), part(0), part(2)]),
      Buffer.concat([header, part(0), part(0), part(2)]),
      Buffer.concat([header, part(0), part(2)]),
      Buffer.concat([header, part(0), part(1)]),
      Buffer.concat([header, part(0)]),
      Buffer.concat([header, part(0), part(1), part(1), part(2)]),
      header,
      Buffer.alloc(0),
    ]
    for (let trial = 0; trial < 100; trial += 1) manipulated.push(good.subarray(0, randomInt(good.length)))
    for (let trial = 0; trial < 100; trial += 1) manipulated.push(Buffer.concat([good, randomBytes(randomInt(1, 40))]))
    for (let bit = 0; bit < 64 * 8; bit += 1) manipulated.push(flipped(good, bit))
    while (manipulated.length < 2_200) manipulated.push(flipped(good, randomInt(good.length * 8)))
    let found = 0
    let wrong = 0
    for (const [index, bytes] of manipulated.entries()) {
      const over = new OneBlob(bytes)
      const reader = stranger(over)
      const result = await outcome(async () => (index % 2 === 0 ? reader.read(blob) : buffer(await reader.open(blob))))
      if (isDamage(result)) found += 1
      else wrong += 1
    }
    expect([found, wrong]).to.deep.equal([2_200, 0])
    expect(damages).to.deep.equal(Array(2_200).fill(['storage.integrity', 'org_a', blob.blobId]))
  })
  it('gives right bytes or breaks for ranges that end before, in and behind a damaged chunk', async () => {
    const plain = randomBytes(3 * chunk)
    const blob = await store(plain)
    await lay(blob, flipped(await raw(blob), (64 + chunk + 16 + 500) * 8))
    const whole = (range: { start: number; end: number }) => outcome(async () => buffer(await stranger().open(blob, range)))
    expect(Buffer.compare((await whole({ start: 0, end: chunk })) as Buffer, plain.subarray(0, chunk))).to.equal(0)
    expect(Buffer.compare((await whole({ start: 2 * chunk, end: 3 * chunk })) as Buffer, plain.subarray(2 * chunk))).to.equal(0)
    for (const range of [
      { start: 0, end: chunk + 1 },
      { start: chunk, end: chunk + 1 },
      { start: 2 * chunk - 1, end: 3 * chunk },
    ]) {
      expect(isDamage(await whole(range))).to.equal(true)
    }
    const released: Buffer[] = []
    const stream = await stranger().open(blob)
    await (async () => {
      for await (const piece of stream) released.push(piece as Buffer)
    })().catch(() => {})
    expect(Buffer.concat(released).equals(plain.subarray(0, chunk))).to.equal(true)
    expect(stream.destroyed).to.equal(true)
  })
  it('opens no blob in the place of another, in one organization or across two', async () => {
    const one = await store(randomBytes(1_000))
    for (const other of [await store(randomBytes(1_000)), await store(randomBytes(1_000), 'org_b')]) {
      const [bytesOfOne, bytesOfOther] = [await raw(one), await raw(other)]
      await lay(one, bytesOfOther)
      await lay(other, bytesOfOne)
      for (const blob of [one, other]) {
        expect(isDamage(await outcome(() => stranger().read(blob)))).to.equal(true)
        expect(isDamage(await outcome(async () => buffer(await sealed.open(blob, { start: 5, end: 9 }))))).to.equal(true)
      }
      await lay(one, bytesOfOne)
      await lay(other, bytesOfOther)
      expect((await sealed.read(one)).length).to.equal(1_000)
    }
  })
  it('opens nothing by the wrapped key of another blob, in one organization or across two', async () => {
    const one = await store(randomBytes(1_000))
    for (const other of [await store(randomBytes(1_000)), await store(randomBytes(1_000), 'org_b')]) {
      if (one.key === undefined || other.key === undefined) throw new Error('Not sealed')
      for (const reader of [sealed, stranger()]) {
        expect(((await outcome(() => reader.read({ ...one, key: other.key as never }))) as RegistryError).kind).to.equal(
          'internal',
        )
        expect(((await outcome(() => reader.read({ ...other, key: one.key as never }))) as RegistryError).kind).to.equal(
          'internal',
        )
      }
    }
  })
  it('opens nothing under another root key', async () => {
    const keyStore = new MemoryMetadataStore()
    const right = new StoredOrganizationKeys(keyStore, seededRootKeys(['r', 1]), clock)
    await right.create('org_a')
    const blob = await store(randomBytes(100), 'org_a', new SealedBlobStore(blobs, right, 'app'))
    const wrong = new StoredOrganizationKeys(keyStore, seededRootKeys(['r', 2]), clock)
    const result = await outcome(() => new SealedBlobStore(blobs, wrong, 'app').read(blob))
    expect((result as RegistryError).kind).to.equal('unavailable')
    right.close()
    wrong.close()
  })
  it('refuses a row whose sizes do not fit each other', async () => {
    const blob = await store(randomBytes(1_000))
    for (const bad of [
      { ...blob, size: 999 },
      { ...blob, storedSize: blob.storedSize - 1 },
      { ...blob, size: 900, storedSize: blob.storedSize - 100 },
    ]) {
      expect(isDamage(await outcome(() => stranger().read(bad)))).to.equal(true)
      expect(isDamage(await outcome(async () => buffer(await stranger().open(bad))))).to.equal(true)
    }
  })
  it('lets nobody read what is no longer to be opened: a destroyed organization is closed within a minute', async () => {
    const blob = await store(randomBytes(100))
    await keys.destroy('org_a')
    clock.advance(60_000)
    expect(((await outcome(() => sealed.read(blob))) as RegistryError).kind).to.equal('unavailable')
  })
  it('lets its writer read the plain bytes before it is finished, and leaves nothing when aborted', async () => {
    const plain = randomBytes(chunk + 500)
    const writer = await sealed.create('org_a')
    writer.sink.write(plain.subarray(0, 10))
    expect(((await outcome(async () => buffer(await writer.open()))) as RegistryError).kind).to.equal('invalid')
    await new Promise<void>((done) => writer.sink.end(plain.subarray(10), done))
    expect((await buffer(await writer.open())).equals(plain)).to.equal(true)
    expect(
      (await buffer(await writer.open({ start: chunk - 5, end: chunk + 5 }))).equals(plain.subarray(chunk - 5, chunk + 5)),
    ).to.equal(true)
    await writer.abort()
    const half = await sealed.create('org_a')
    half.sink.write(randomBytes(chunk * 2))
    await half.abort()
    for await (const key of blobs.list('')) throw new Error(`left: ${key}`)
  })
  it('leaves nothing when the organization has no key to wrap by', async () => {
    const writer = await sealed.create('org_none')
    await pipeline(Readable.from([randomBytes(10)]), writer.sink)
    expect(((await outcome(async () => (await writer.finish()) as never)) as RegistryError).kind).to.equal('unavailable')
    for await (const key of blobs.list('')) throw new Error(`left: ${key}`)
  })
  it('does not change what its owner writes again into a buffer that was taken', async () => {
    const writer = await sealed.create('org_a')
    const reused = Buffer.alloc(100_000)
    for (let round = 0; round < 7; round += 1) {
      reused.fill(round)
      await new Promise<void>((done, fail) => {
        writer.sink.write(reused, (error) => (error ? fail(error) : done()))
      })
    }
    await new Promise<void>((done) => writer.sink.end(done))
    const plain = await buffer(await writer.open())
    for (let round = 0; round < 7; round += 1) {
      expect(plain.subarray(round * 100_000, (round + 1) * 100_000).every((byte) => byte === round)).to.equal(true)
    }
    await writer.abort()
  })
  it('stores in clear when off, and still opens what was sealed before', async () => {
    const before = await store(Buffer.from('sealed'))
    const off = new SealedBlobStore(blobs, keys, 'off')
    const blob = await store(Buffer.from('in clear'), 'org_a', off)
    expect([blob.key, blob.storedSize]).to.deep.equal([undefined, 8])
    expect((await raw(blob)).toString()).to.equal('in clear')
    for (const reader of [off, sealed]) {
      expect(Buffer.from(await reader.read(blob)).toString()).to.equal('in clear')
      expect((await buffer(await reader.open(blob, { start: 3, end: 8 }))).toString()).to.equal('clear')
      expect(Buffer.from(await reader.read(before)).toString()).to.equal('sealed')
    }
  })
})

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >>> 3] = (copy[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

/** Every key has these bytes. */
class OneBlob extends MemoryBlobStore {
  constructor(private readonly bytes: Buffer) {
    super()
  }
  override async open(_key: string, range?: { start: number; end: number }): Promise<Readable> {
    const { bytes } = this
    return Readable.from(
      (function* () {
        const end = range?.end ?? bytes.length
        for (let at = range?.start ?? 0; at < Math.min(end, bytes.length); at += 200_000)
          yield bytes.subarray(at, Math.min(end, at + 200_000))
        if (end > bytes.length) throw new RegistryError('internal', 'short', { detail: { code: 'damaged' } })
      })(),
      { objectMode: false },
    )
  }
  override async read(_key: string, limit: number): Promise<Uint8Array> {
    if (this.bytes.length > limit) throw new RegistryError('too-large', 'large')
    return this.bytes
  }
}
