import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { type BlobStore, type BlobWriter, RegistryError } from '#core/driver'

const id = () => randomBytes(16).toString('hex')
function newKey(org = 'org_a'): string {
  const blobId = id()
  return `${org}/b/${blobId.slice(0, 2)}/${blobId}`
}
async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown
    throw thrown
  }
  throw new Error('Nothing was thrown')
}

/** What every blob store must do. `open` gives an empty one for each test; the suite closes it. */
export function blobStoreContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`${name} as a blob store`, () => {
    let store: BlobStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const write = async (content: Uint8Array | readonly Uint8Array[], key = newKey()): Promise<BlobWriter> => {
      const writer = await store.create(key)
      await pipeline(Readable.from(content instanceof Uint8Array ? [content] : content, { objectMode: true }), writer.sink)
      return writer
    }
    const stored = async (content: Uint8Array, key = newKey()): Promise<string> => {
      await (await write(content, key)).finish()
      return key
    }
    const list = async (prefix = '') => {
      const keys: string[] = []
      for await (const key of store.list(prefix)) keys.push(key)
      return keys.sort()
    }

    it('gives back what was written, by stream and in one go, with its size and time', async () => {
      const before = Date.now() - 5_000
      for (const size of [0, 1, 65_535, 65_536, 262_144, 1_000_003]) {
        const content = randomBytes(size)
        const key = await stored(content)
        expect((await buffer(await store.open(key))).equals(content)).to.equal(true)
        expect(Buffer.from(await store.read(key, size)).equals(content)).to.equal(true)
        const found = await store.stat(key)
        expect(found?.size).to.equal(size)
        expect(found?.storedAt.getTime()).to.be.within(before, Date.now() + 5_000)
      }
    })
    it('joins pieces of any size in their order', async () => {
      const pieces = [1, 0, 70_000, 3, 262_144, 262_145, 17].map((size) => randomBytes(size))
      const key = newKey()
      await (await write(pieces, key)).finish()
      expect((await buffer(await store.open(key))).equals(Buffer.concat(pieces))).to.equal(true)
    })
    it('copies nothing of a buffer that its owner uses again after the write was taken', async () => {
      const writer = await store.create(newKey())
      const reused = Buffer.alloc(1_000)
      for (let round = 0; round < 10; round += 1) {
        reused.fill(round)
        await new Promise<void>((done, fail) => {
          writer.sink.write(reused, (error) => (error ? fail(error) : done()))
        })
      }
      await new Promise<void>((done) => writer.sink.end(done))
      const content = await buffer(await writer.open())
      expect(Array.from({ length: 10 }, (_, round) => content[round * 1_000])).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      await writer.abort()
    })

    describe('ranges', () => {
      const content = randomBytes(700_001)
      let key: string
      beforeEach(async () => {
        key = await stored(content)
      })
      it('give exactly the bytes asked for', async () => {
        for (const [start, end] of [
          [0, 0],
          [0, 1],
          [0, 262_144],
          [262_143, 262_145],
          [1, 700_000],
          [700_000, 700_001],
          [700_001, 700_001],
          [0, 700_001],
        ] as const) {
          expect((await buffer(await store.open(key, { start, end }))).equals(content.subarray(start, end))).to.equal(true)
        }
      })
      it('may be read many at a time, and left in the middle', async () => {
        const parts = await Promise.all(
          Array.from({ length: 20 }, async (_, index) =>
            buffer(await store.open(key, { start: index * 1_000, end: 500_000 + index })),
          ),
        )
        for (const [index, part] of parts.entries())
          expect(part.equals(content.subarray(index * 1_000, 500_000 + index))).to.equal(true)
        const left = await store.open(key)
        for await (const piece of left) {
          expect(Buffer.isBuffer(piece)).to.equal(true)
          break
        }
        expect(left.destroyed).to.equal(true)
      })
      it('that do not lie within the blob are invalid or fail the stream', async () => {
        for (const range of [
          { start: -1, end: 1 },
          { start: 5, end: 4 },
          { start: 0.5, end: 2 },
        ]) {
          expect((await failure(store.open(key, range))).kind).to.equal('invalid')
        }
        let failed = false
        try {
          await buffer(await store.open(key, { start: 700_000, end: 700_002 }))
        } catch {
          failed = true
        }
        expect(failed).to.equal(true)
      })
    })

    describe('a blob that is being written', () => {
      it('is invisible until it is finished', async () => {
        const key = newKey()
        const writer = await write(randomBytes(1_000), key)
        expect(await store.stat(key)).to.equal(undefined)
        expect((await failure(store.open(key))).kind).to.equal('not-found')
        expect((await failure(store.read(key, 2_000))).kind).to.equal('not-found')
        expect(await list()).to.deep.equal([])
        await writer.finish()
        expect(await list()).to.deep.equal([key])
      })
      it('can be read by its writer, whole and by range, before and after it is finished', async () => {
        const content = randomBytes(400_000)
        const writer = await write(content)
        expect((await buffer(await writer.open())).equals(content)).to.equal(true)
        expect((await buffer(await writer.open({ start: 5, end: 300_000 }))).equals(content.subarray(5, 300_000))).to.equal(true)
        await writer.finish()
        expect((await buffer(await writer.open({ start: 399_999, end: 400_000 }))).equals(content.subarray(399_999))).to.equal(
          true,
        )
      })
      it('cannot be read or finished while its sink is open', async () => {
        const writer = await store.create(newKey())
        writer.sink.write(randomBytes(10))
        expect((await failure(writer.open())).kind).to.equal('invalid')
        expect((await failure(writer.finish())).kind).to.equal('invalid')
        await writer.abort()
      })
      it('leaves nothing when aborted: unwritten, half written, written or finished, once or twice', async () => {
        const unwritten = await store.create(newKey())
        const half = await store.create(newKey())
        half.sink.write(randomBytes(300_000))
        const written = await write(randomBytes(1_000))
        const finished = await write(randomBytes(1_000))
        await finished.finish()
        for (const writer of [unwritten, half, written, finished]) {
          await writer.abort()
          await writer.abort()
          expect((await failure(writer.finish())).kind).to.equal('invalid')
        }
        expect(await list()).to.deep.equal([])
      })
      it('can be begun anew under its key after an abort', async () => {
        const key = newKey()
        await (await write(randomBytes(10), key)).abort()
        await stored(Buffer.from('second'), key)
        expect(Buffer.from(await store.read(key, 100)).toString()).to.equal('second')
      })
      it('leaves nothing when its source breaks, and its key takes the retry', async () => {
        const key = newKey()
        const writer = await store.create(key)
        const broken = Readable.from(
          (async function* () {
            yield randomBytes(100_000)
            throw new Error('the client went away')
          })(),
        )
        let failed = false
        await pipeline(broken, writer.sink).catch(() => {
          failed = true
        })
        expect(failed).to.equal(true)
        expect((await failure(writer.finish())).kind).to.equal('invalid')
        await writer.abort()
        expect(await list()).to.deep.equal([])
        await stored(Buffer.from('whole'), key)
        expect(Buffer.from(await store.read(key, 100)).toString()).to.equal('whole')
      })
    })

    describe('a key', () => {
      it('has one writer at a time, and is never written again', async () => {
        const key = newKey()
        const writer = await write(Buffer.from('first'), key)
        expect((await failure(store.create(key))).kind).to.equal('conflict')
        await writer.finish()
        expect((await failure(stored(Buffer.from('second'), key))).kind).to.equal('conflict')
        expect(Buffer.from(await store.read(key, 100)).toString()).to.equal('first')
      })
      it('goes to one of two writers that race for it', async () => {
        const key = newKey()
        const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => store.create(key)))
        const writers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
        expect(writers).to.have.length(1)
        await writers[0]?.abort()
      })
      it('is invalid with anything that means something to a file system', async () => {
        for (const key of [
          '',
          '/',
          'a//b',
          '../a',
          'a/../b',
          'a/./b',
          '.a',
          'a/.b',
          '/a',
          'a/',
          'A/b',
          'a\\b',
          'a\0b',
          'a b',
          'é',
          'a/b.part',
          'a/b.pieces',
          'a.pieces/b',
          'x'.repeat(600),
        ]) {
          expect((await failure(store.create(key))).kind, key).to.equal('invalid')
          expect((await failure(store.open(key))).kind, key).to.equal('invalid')
          expect((await failure(store.stat(key))).kind, key).to.equal('invalid')
          expect((await failure(store.delete(key))).kind, key).to.equal('invalid')
        }
      })
    })

    it('does not find what is not there, and deletes it without complaint', async () => {
      const key = newKey()
      expect((await failure(store.open(key))).kind).to.equal('not-found')
      expect((await failure(store.read(key, 10))).kind).to.equal('not-found')
      expect(await store.stat(key)).to.equal(undefined)
      await store.delete(key)
    })
    it('does not read in one go what is larger than the limit', async () => {
      const key = await stored(randomBytes(101))
      expect((await failure(store.read(key, 100))).kind).to.equal('too-large')
      expect((await store.read(key, 101)).length).to.equal(101)
    })
    it('deletes, and an open stream may still end', async () => {
      const key = await stored(randomBytes(1_000))
      await store.delete(key)
      expect(await store.stat(key)).to.equal(undefined)
      expect(await list()).to.deep.equal([])
      await store.delete(key)
    })
    it('lists by whole folders', async () => {
      const keys = ['org_a/b/00/x1', 'org_a/b/00/x2', 'org_a/b/01/x3', 'org_ab/b/00/x4', 'org_b/b/00/x5']
      for (const key of keys) await stored(Buffer.from(key), key)
      await write(Buffer.from('unfinished'), 'org_a/b/00/x9')
      expect(await list()).to.deep.equal(keys)
      expect(await list('org_a/')).to.deep.equal(keys.slice(0, 3))
      expect(await list('org_a/b/00/')).to.deep.equal(keys.slice(0, 2))
      expect(await list('org_c/')).to.deep.equal([])
      for (const prefix of ['org_a', '/', '../', 'org_a/../']) expect((await failure(list(prefix))).kind).to.equal('invalid')
    })
    it('lists past a page', async function () {
      this.timeout(120_000)
      const keys = Array.from(
        { length: 1_100 },
        (_, index) => `org_a/b/${String(index % 7).padStart(2, '0')}/n${String(index).padStart(5, '0')}`,
      )
      for (let start = 0; start < keys.length; start += 50) {
        await Promise.all(keys.slice(start, start + 50).map((key) => stored(Buffer.alloc(0), key)))
      }
      expect(await list('org_a/')).to.deep.equal([...keys].sort())
    })
    describe('strays', () => {
      const strays = async (prefix = '') => {
        const found: string[] = []
        for await (const { kind, key } of store.strays(prefix)) found.push(`${kind} ${key}`)
        return found.sort()
      }

      it('are uploads that nobody finished, and no blobs', async () => {
        await stored(randomBytes(10))
        const key = newKey()
        const writer = await write(randomBytes(1_000), key)
        const before = Date.now() - 60_000
        for await (const { since } of store.strays('')) expect(since.getTime()).to.be.within(before, Date.now() + 60_000)
        expect([await strays(), await strays('org_a/'), await strays('org_b/')]).to.deep.equal([
          [`part ${key}`],
          [`part ${key}`],
          [],
        ])
        await store.dropStray({ kind: 'part', key })
        expect(await strays()).to.deep.equal([])
        expect((await failure(writer.finish())).kind).to.equal('unavailable')
        expect(await list()).to.have.length(1)
      })

      it('are blobs that were set aside: not found, not listed, kept until they are dropped', async () => {
        const content = randomBytes(1_000)
        const key = await stored(content)
        const other = await stored(content)
        await store.setAside(key)
        expect([await list(), await store.stat(key), await strays(`${key.slice(0, key.lastIndexOf('/'))}/`)]).to.deep.equal([
          [other],
          undefined,
          [`aside ${key}`],
        ])
        expect((await failure(store.open(key))).kind).to.equal('not-found')
        for await (const { size } of store.strays('')) expect(size).to.equal(1_000)
        await store.dropStray({ kind: 'aside', key })
        expect([await strays(), await list()]).to.deep.equal([[], [other]])
      })

      it('that are gone are nothing to complain of', async () => {
        await store.setAside(newKey())
        await store.dropStray({ kind: 'aside', key: newKey() })
        await store.dropStray({ kind: 'part', key: newKey() })
        expect(await strays()).to.deep.equal([])
      })
    })

    it('has room for a byte', async () => {
      expect(await store.headroom(1)).to.equal(true)
      expect(await store.headroom(2 ** 60)).to.equal(false)
    })
  })
}
