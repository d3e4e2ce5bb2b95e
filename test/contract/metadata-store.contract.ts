import { expect } from 'chai'
import { type Key, type MetadataStore, type Mutation, metadataLimits } from '#core/driver'
import { commitContract } from './metadata-commits.contract.js'
import { rangeContract } from './metadata-ranges.contract.js'
import { all, at, failure, put } from './metadata-words.js'

/** What every metadata store must do. `open` gives an empty one for each test; the suite closes it. */
export function metadataStoreContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(`${name} as a metadata store`, () => {
    let store: MetadataStore
    let tokens = 0
    const commit = (...mutations: Mutation[]) => {
      tokens += 1
      return store.commit(mutations, `token-${tokens}`)
    }
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    describe('a single entry', () => {
      it('comes back as it was put, under its key', async () => {
        const value = { text: 'grüße \u0000 \u2028 "', list: [1, -0.5, null, true, { deep: {} }], empty: '' }
        await commit(put(at('p', 'a', 'b'), value))
        const entry = await store.get(at('p', 'a', 'b'))
        expect(entry?.key).to.deep.equal(at('p', 'a', 'b'))
        expect(entry?.value).to.deep.equal(value)
        expect(entry?.revision).to.be.a('string').that.is.not.empty
      })
      it('may be any JSON, null and false too', async () => {
        await commit(put(at('p', 'null'), null), put(at('p', 'false'), false), put(at('p', 'zero'), 0), put(at('p', 'none'), ''))
        expect((await store.get(at('p', 'null')))?.value).to.equal(null)
        expect((await store.get(at('p', 'false')))?.value).to.equal(false)
        expect((await store.get(at('p', 'zero')))?.value).to.equal(0)
        expect((await store.get(at('p', 'none')))?.value).to.equal('')
      })
      it('is undefined where nothing was put, in the partition or in another', async () => {
        await commit(put(at('p', 'a'), 1))
        expect(await store.get(at('p', 'b'))).to.equal(undefined)
        expect(await store.get(at('p', 'a', 'b'))).to.equal(undefined)
        expect(await store.get(at('q', 'a'))).to.equal(undefined)
      })
      it('changes its revision with every put, also after it was deleted and made again with the same value', async () => {
        const seen = new Set<string>()
        for (let round = 0; round < 5; round += 1) {
          await commit(put(at('p', 'a'), 'same'))
          seen.add((await store.get(at('p', 'a')))?.revision ?? '')
          if (round % 2 === 1) await commit({ op: 'delete', key: at('p', 'a') })
        }
        expect(seen.size).to.equal(5)
      })
      it('keeps its revision while others change', async () => {
        await commit(put(at('p', 'a'), 1))
        const before = (await store.get(at('p', 'a')))?.revision
        await commit(put(at('p', 'b'), 1))
        expect((await store.get(at('p', 'a')))?.revision).to.equal(before)
      })
      it('is not changed by what the caller does to the object afterwards', async () => {
        const value = { list: [1] }
        await commit(put(at('p', 'a'), value))
        value.list.push(2)
        const read = (await store.get(at('p', 'a')))?.value as { list: number[] }
        read.list.push(3)
        expect((await store.get(at('p', 'a')))?.value).to.deep.equal({ list: [1] })
      })
      it('goes when deleted, and deleting nothing is harmless', async () => {
        await commit(put(at('p', 'a'), 1))
        await commit({ op: 'delete', key: at('p', 'a') })
        expect(await store.get(at('p', 'a'))).to.equal(undefined)
        await commit({ op: 'delete', key: at('p', 'a') })
      })
    })

    describe('keys', () => {
      it('keep partitions apart that hold zero bytes, end in one, or begin with one another', async () => {
        const partitions = ['o', 'o\0f', 'o\0f\0', 'o\0f\0r', 'o\0f\0r\0', 'o\0f\0r\0a', 'of', 'p']
        await commit(...partitions.map((partition, index) => put(at(partition, 'a'), index)))
        for (const [index, partition] of partitions.entries()) {
          expect((await all(store.range(partition, {}))).map(({ key, value }) => [key.partition, value])).to.deep.equal([
            [partition, index],
          ])
        }
      })
      it('take every character but the zero byte in a segment', async () => {
        const names = [
          'é',
          'e\u0301',
          '日本',
          '😀',
          ' ',
          '/',
          '.',
          '\u0001',
          '\u007f',
          '\uffff',
          '__proto__',
          'constructor',
          'a'.repeat(600),
        ]
        await commit(...names.map((segment) => put(at('p', segment, 'x'), segment)))
        for (const segment of names) expect((await store.get(at('p', segment, 'x')))?.value).to.equal(segment)
        expect((await all(store.range('p', {}))).map(({ key }) => key.path[0]).sort()).to.deep.equal([...names].sort())
      })
      it('are invalid with an empty segment, a zero byte, no segment, ill-formed text or an empty partition', async () => {
        for (const key of [
          at('p'),
          at('p', ''),
          at('p', 'a', ''),
          at('p', 'a\0b'),
          at('p', '\ud800'),
          at('', 'a'),
          at('\udc00', 'a'),
        ]) {
          expect((await failure(store.get(key))).kind).to.equal('invalid')
          expect((await failure(commit(put(key, 1)))).kind).to.equal('invalid')
        }
        expect(await all(store.range('p', {}))).to.deep.equal([])
      })
    })

    rangeContract(() => ({ store, commit }))
    commitContract(() => ({ store, commit }))

    describe('limits', () => {
      const longest = (bytes: number) => 'é'.repeat(Math.floor(bytes / 2)) + 'x'.repeat(bytes % 2)
      it('are reached: the longest partition with the longest path, the largest value', async () => {
        const key = at(longest(metadataLimits.partitionBytes), longest(metadataLimits.pathBytes - 1))
        const value = longest(metadataLimits.valueBytes - 2)
        await commit(put(key, value))
        expect((await store.get(key))?.value).to.equal(value)
        expect(await all(store.range(key.partition, { prefix: key.path }))).to.have.length(1)
      })
      it('are reached: a hundred mutations, and as many bytes as a commit may have', async () => {
        const size = Math.floor(metadataLimits.commitBytes / 100) - 200
        await commit(...Array.from({ length: 100 }, (_, index) => put(at('p', String(index).padStart(3, '0')), 'x'.repeat(size))))
        expect(await all(store.range('p', {}))).to.have.length(100)
      })
      it('refuse whatever passes them, and nothing is written', async () => {
        const large = 'x'.repeat(metadataLimits.valueBytes - 2)
        const tooMuch: Mutation[][] = [
          [put(at(`${longest(metadataLimits.partitionBytes)}x`, 'a'), 1)],
          [put(at('p', longest(metadataLimits.pathBytes)), 1)],
          [put(at('p', 'a'), `${large}x`)],
          [put(at('p', 'a'), 'é'.repeat(metadataLimits.valueBytes / 2))],
          Array.from({ length: 101 }, (_, index) => put(at('p', String(index)), 1)),
          Array.from({ length: 13 }, (_, index) => put(at('p', String(index)), large)),
          [put(at('p', 'a'), 1), put(at('p', 'a'), 2)],
          [put(at('p', 'a'), 1), { op: 'check', key: at('p', 'a'), if: 'absent' }],
          [{ op: 'check', key: at('p', 'a') }],
          [],
        ]
        for (const mutations of tooMuch) {
          expect((await failure(commit(...mutations))).kind).to.equal('invalid')
        }
        expect(await all(store.range('p', {}))).to.deep.equal([])
      })
      it('refuse a token that is empty or longer than 36 characters', async () => {
        for (const token of ['', 'x'.repeat(37)]) {
          expect((await failure(store.commit([put(at('p', 'a'), 1)], token))).kind).to.equal('invalid')
        }
        await store.commit([put(at('p', 'a'), 1)], 'x'.repeat(36))
      })
    })

    describe('scan', () => {
      const keys = ['a', 'a\0b', 'b', 'c\0'].flatMap((partition) => ['x', 'y', 'z'].map((segment) => at(partition, segment)))
      const text = ({ partition, path }: Key) => JSON.stringify([partition, ...path])
      beforeEach(() => commit(...keys.map((key) => put(key, text(key)))))

      it('gives every entry of every partition once', async () => {
        const seen: string[] = []
        for await (const { entry } of store.scan()) {
          expect(entry).to.deep.equal(await store.get(entry.key))
          seen.push(text(entry.key))
        }
        expect(seen.sort()).to.deep.equal(keys.map(text).sort())
      })
      it('goes on behind any cursor it gave', async () => {
        const whole: { key: string; cursor: string }[] = []
        for await (const { entry, cursor } of store.scan()) whole.push({ key: text(entry.key), cursor })
        for (const [index, { cursor }] of whole.entries()) {
          const rest: string[] = []
          for await (const { entry } of store.scan(cursor)) rest.push(text(entry.key))
          expect(rest).to.deep.equal(whole.slice(index + 1).map(({ key }) => key))
        }
      })
      it('refuses a cursor that is none', async () => {
        for (const cursor of ['', 'x', '!!!', 'AAAA']) {
          const read = async () => {
            for await (const _ of store.scan(cursor)) break
          }
          expect((await failure(read())).kind).to.equal('invalid')
        }
      })
    })

    it('is unavailable once closed', async () => {
      await store.close()
      expect((await failure(store.get(at('p', 'a')))).kind).to.equal('unavailable')
      expect((await failure(commit(put(at('p', 'a'), 1)))).kind).to.equal('unavailable')
      expect((await failure(all(store.range('p', {})))).kind).to.equal('unavailable')
    })
  })
}
