import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { type BlobStore, RegistryError } from '#core/driver'

const kindOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (thrown: unknown) => (thrown instanceof RegistryError ? thrown.kind : String(thrown)),
  )

/** What a blob store must do that has `compose`. `open` gives an empty one for each test; the suite closes it. */
export function blobCompositionContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`a blob that ${name} composed of others`, () => {
    let store: BlobStore
    let pieces: { readonly key: string; readonly content: Buffer }[]
    let whole: Buffer
    const key = 'org_a/b/0f/0f00'
    const compose = (under = key, of = pieces) => {
      if (store.compose === undefined) throw new Error('This store composes nothing')
      return store.compose(
        under,
        of.map((piece) => piece.key),
      )
    }
    const list = async () => {
      const keys: string[] = []
      for await (const found of store.list('')) keys.push(found)
      return keys.sort()
    }
    const strays = async () => {
      const found: string[] = []
      for await (const stray of store.strays('')) found.push(`${stray.kind} ${stray.key} ${stray.size}`)
      return found
    }
    const stored = async (under: string, content: Buffer) => {
      const writer = await store.create(under)
      await pipeline(Readable.from([content]), writer.sink)
      await writer.finish()
    }
    beforeEach(async () => {
      store = await open()
      pieces = []
      for (const [at, size] of [300_000, 1, 0, 262_144, 70_001].entries()) {
        const piece = { key: `org_a/b/0${at}/0${at}00`, content: randomBytes(size) }
        await stored(piece.key, piece.content)
        pieces.push(piece)
      }
      whole = Buffer.concat(pieces.map(({ content }) => content))
    })
    afterEach(() => store.close())

    it('holds their bytes in order, by stream, in one go and by range, with its own size and time', async () => {
      const before = Date.now() - 5_000
      expect(await compose()).to.equal(true)
      expect((await buffer(await store.open(key))).equals(whole)).to.equal(true)
      expect(Buffer.from(await store.read(key, whole.length)).equals(whole)).to.equal(true)
      expect(await kindOf(store.read(key, whole.length - 1))).to.equal('too-large')
      const found = await store.stat(key)
      expect(found?.size).to.equal(whole.length)
      expect(found?.storedAt.getTime()).to.be.within(before, Date.now() + 5_000)
      const edges = [0, 1, 299_999, 300_000, 300_001, 300_002, 562_144, 562_145, whole.length - 1, whole.length]
      for (const start of edges)
        for (const end of edges.filter((edge) => edge >= start))
          expect(
            (await buffer(await store.open(key, { start, end }))).equals(whole.subarray(start, end)),
            `${start}-${end}`,
          ).to.equal(true)
      expect(await kindOf(store.open(key, { start: 5, end: 4 }))).to.equal('invalid')
      expect(await kindOf(store.open(key, { start: 0, end: whole.length + 1 }).then(buffer))).to.not.equal('none')
      expect(await kindOf(store.open(key, { start: whole.length - 5, end: whole.length + 1 }).then(buffer))).to.not.equal('none')
    })

    it('is listed once beside them, and outlives them', async () => {
      await compose()
      expect(await list()).to.deep.equal([...pieces.map((piece) => piece.key), key])
      for (const piece of pieces) await store.delete(piece.key)
      expect([await list(), await strays()]).to.deep.equal([[key], []])
      expect((await buffer(await store.open(key))).equals(whole)).to.equal(true)
    })

    it('goes without them: deleted, or set aside and dropped', async () => {
      await compose()
      await compose('org_a/b/0f/0f01')
      await store.delete(key)
      await store.setAside('org_a/b/0f/0f01')
      expect([await list(), await store.stat(key), await kindOf(store.open('org_a/b/0f/0f01'))]).to.deep.equal([
        pieces.map((piece) => piece.key),
        undefined,
        'not-found',
      ])
      expect(await strays()).to.deep.equal([`aside org_a/b/0f/0f01 ${whole.length}`])
      await store.dropStray({ kind: 'aside', key: 'org_a/b/0f/0f01' })
      expect([await strays(), (await list()).length]).to.deep.equal([[], pieces.length])
      for (const { key: piece, content } of pieces) expect((await buffer(await store.open(piece))).equals(content)).to.equal(true)
    })

    it('takes no key that is taken, and gives none away twice', async () => {
      const [first] = pieces
      expect(await kindOf(compose(first?.key))).to.equal('conflict')
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => kindOf(compose())))
      expect(outcomes.sort()).to.deep.equal(['conflict', 'conflict', 'conflict', 'none'])
      expect(await kindOf(stored(key, Buffer.from('other')))).to.equal('conflict')
      expect((await buffer(await store.open(key))).equals(whole)).to.equal(true)
      const writer = await store.create('org_a/b/0f/0f02')
      expect(await kindOf(compose('org_a/b/0f/0f02'))).to.equal('conflict')
      await writer.abort()
    })

    it('leaves nothing where a piece is missing or no key', async () => {
      const before = await list()
      expect(await kindOf(compose(key, [...pieces, { key: 'org_a/b/0f/none', content: whole }]))).to.equal('not-found')
      expect(await kindOf(compose(key, [...pieces, { key: '../x', content: whole }]))).to.equal('invalid')
      expect([await list(), await strays()]).to.deep.equal([before, []])
      expect(await compose()).to.equal(true)
    })
  })
}
