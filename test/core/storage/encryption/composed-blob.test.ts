import { randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { RegistryError } from '../../../../core/errors/registry-error.js'
import { MemoryBlobStore } from '../../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../../core/storage/drivers/memory-metadata-store.js'
import { storedSizeOf } from '../../../../core/storage/encryption/crb1-format.js'
import { SealedBlobStore } from '../../../../core/storage/encryption/sealed-blob-store.js'
import type { SealedBlob } from '../../../../core/storage/encryption/sealed-blobs.js'
import { StoredOrganizationKeys } from '../../../../core/storage/encryption/stored-organization-keys.js'
import { blobKey } from '../../../../core/storage/tenant-keys.js'
import { FixedClock } from '../../../support/fixed-clock.js'
import { seededRootKeys } from '../../../support/root-key.js'

const chunk = 2 ** 18
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk + 77]
const composedId = '0123456789abcdef0123456789abcdef'

describe('A composed sealed blob', () => {
  let blobs: MemoryBlobStore
  let keys: StoredOrganizationKeys
  let sealed: SealedBlobStore
  beforeEach(async () => {
    blobs = new MemoryBlobStore()
    keys = new StoredOrganizationKeys(new MemoryMetadataStore(), seededRootKeys(['r', 1]), new FixedClock())
    await keys.create('org_a')
    sealed = stranger()
  })
  afterEach(() => keys.close())

  /** A process that has not seen any blob yet. */
  const stranger = (mode: 'app' | 'off' = 'app') => new SealedBlobStore(blobs, keys, mode)
  const store = async (plain: Uint8Array, into = sealed): Promise<SealedBlob> => {
    const writer = await into.create('org_a')
    await pipeline(Readable.from([Buffer.from(plain)]), writer.sink)
    return { organizationId: 'org_a', blobId: writer.blobId, size: plain.length, ...(await writer.finish()) }
  }
  const key = blobKey('org_a', composedId)
  const stored = () => blobs.read(key, 2 ** 30).then((bytes) => Buffer.from(bytes))
  const lay = async (bytes: Uint8Array) => {
    await blobs.delete(key)
    const writer = await blobs.create(key)
    await pipeline(Readable.from([bytes]), writer.sink)
    await writer.finish()
  }
  const kindOf = (reading: Promise<unknown>) =>
    reading.then(
      () => 'read',
      (thrown: unknown) => (thrown instanceof RegistryError ? (thrown.detail['code'] ?? thrown.kind) : String(thrown)),
    )

  it('is its pieces as they lie: every byte and range, here and in another process, after the pieces went', async () => {
    const plains = sizes.map((size) => randomBytes(size))
    const pieces = [await store(plains[0] ?? Buffer.of()), await store(plains[1] ?? Buffer.of(), stranger('off'))]
    for (const plain of plains.slice(2)) pieces.push(await store(plain))
    const whole = Buffer.concat(plains)
    const blob = await sealed.compose('org_a', composedId, pieces)
    if (blob === undefined) throw new Error('not composed')
    expect([blob.size, blob.storedSize]).to.deep.equal([whole.length, (await stored()).length])
    for (const piece of pieces) await sealed.delete('org_a', piece.blobId)
    for (const reader of [sealed, stranger()]) {
      expect((await buffer(await reader.open(blob))).equals(whole)).to.equal(true)
      expect(Buffer.from(await reader.read(blob)).equals(whole)).to.equal(true)
      for (let round = 0; round < 60; round += 1) {
        const start = randomInt(whole.length)
        const end = randomInt(start, whole.length + 1)
        expect((await buffer(await reader.open(blob, { start, end }))).equals(whole.subarray(start, end))).to.equal(true)
      }
    }
  })
  it('is damaged where a piece was changed or cut, or stands in the place of another', async () => {
    const plains = [chunk + 5, chunk + 5, 100].map((size) => randomBytes(size))
    const pieces = await Promise.all(plains.map((plain) => store(plain)))
    const blob = await sealed.compose('org_a', composedId, pieces)
    if (blob?.pieces === undefined) throw new Error('not composed')
    const bytes = await stored()
    const at = storedSizeOf(chunk + 5)
    const [first, second, third] = [bytes.subarray(0, at), bytes.subarray(at, 2 * at), bytes.subarray(2 * at)]
    const flipped = Buffer.from(bytes)
    flipped[at + 70] = (flipped[at + 70] ?? 0) ^ 1
    const inSecond = { start: chunk + 5, end: chunk + 10 }
    for (const laid of [flipped, Buffer.concat([second, first, third])]) {
      await lay(laid)
      expect(await kindOf(stranger().open(blob).then(buffer))).to.equal('damaged')
      expect(await kindOf(stranger().open(blob, inSecond).then(buffer))).to.equal('damaged')
      expect(await kindOf(stranger().read(blob))).to.equal('damaged')
    }
    await lay(bytes.subarray(0, -1))
    expect(await kindOf(stranger().open(blob).then(buffer))).to.not.equal('read')
    expect(await kindOf(stranger().open(blob, inSecond).then(buffer)), 'what is whole').to.equal('read')
    await lay(bytes)
    const [one, two, three] = blob.pieces
    if (!one || !two || !three) throw new Error('not of three')
    expect(
      await kindOf(
        stranger()
          .open({ ...blob, pieces: [two, one, three] })
          .then(buffer),
      ),
    ).to.equal('damaged')
    expect(await kindOf(stranger().read({ ...blob, size: blob.size - 1 }))).to.equal('damaged')
    expect((await buffer(await stranger().open(blob))).equals(Buffer.concat(plains))).to.equal(true)
  })
})
