import { expect } from 'chai'
import {
  type Condition,
  type Entry,
  type Json,
  type Key,
  type MetadataStore,
  type Mutation,
  metadataLimits,
  RegistryError,
} from '#core/driver'

const put = (key: Key, value: Json, condition?: Condition): Mutation =>
  condition === undefined ? { op: 'put', key, value } : { op: 'put', key, value, if: condition }
const at = (partition: string, ...path: string[]): Key => ({ partition, path })

async function all(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const found: Entry[] = []
  for await (const entry of entries) found.push(entry)
  return found
}
async function paths(entries: AsyncIterable<Entry>): Promise<string[]> {
  return (await all(entries)).map(({ key }) => key.path.join('/'))
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

    describe('range', () => {
      const rows = ['a', 'a/b', 'a/b/c', 'a/c', 'a-b', 'a!', 'b', 'é', 'z', '日', '😀']
      /** Segment by segment, by UTF-8 bytes: a parent before its children, children before 'a!'. */
      const inOrder = ['a', 'a/b', 'a/b/c', 'a/c', 'a!', 'a-b', 'b', 'z', 'é', '日', '😀']
      beforeEach(() => commit(...rows.map((row) => put(at('p', ...row.split('/')), row))))

      it('gives one partition in the byte order of encoded keys', async () => {
        await commit(put(at('o', 'x'), 1), put(at('q', 'x'), 1))
        expect(await paths(store.range('p', {}))).to.deep.equal(inOrder)
      })
      it('gives it backwards when asked', async () => {
        await commit(put(at('o', 'x'), 1), put(at('q', 'x'), 1))
        expect(await paths(store.range('p', { descending: true }))).to.deep.equal([...inOrder].reverse())
      })
      it('takes a prefix as whole segments', async () => {
        expect(await paths(store.range('p', { prefix: ['a'] }))).to.deep.equal(['a', 'a/b', 'a/b/c', 'a/c'])
        expect(await paths(store.range('p', { prefix: ['a', 'b'] }))).to.deep.equal(['a/b', 'a/b/c'])
        expect(await paths(store.range('p', { prefix: ['a'], descending: true }))).to.deep.equal(['a/c', 'a/b/c', 'a/b', 'a'])
        expect(await paths(store.range('p', { prefix: ['nothing'] }))).to.deep.equal([])
        expect(await paths(store.range('p', { prefix: [] }))).to.deep.equal(inOrder)
      })
      it('begins behind a path, in either direction, whether or not that path exists', async () => {
        expect(await paths(store.range('p', { after: ['a', 'c'] }))).to.deep.equal(inOrder.slice(4))
        expect(await paths(store.range('p', { after: ['a', 'bb'] }))).to.deep.equal(inOrder.slice(3))
        expect(await paths(store.range('p', { after: ['a', 'c'], descending: true }))).to.deep.equal(['a/b/c', 'a/b', 'a'])
        expect(await paths(store.range('p', { after: ['a', 'bb'], descending: true }))).to.deep.equal(['a/b/c', 'a/b', 'a'])
        expect(await paths(store.range('p', { after: ['a'], descending: true }))).to.deep.equal([])
        expect(await paths(store.range('p', { after: ['😀'] }))).to.deep.equal([])
      })
      it('holds a prefix and a path to begin behind together', async () => {
        expect(await paths(store.range('p', { prefix: ['a'], after: ['a', 'b'] }))).to.deep.equal(['a/b/c', 'a/c'])
        expect(await paths(store.range('p', { prefix: ['a'], after: ['b'] }))).to.deep.equal([])
        expect(await paths(store.range('p', { prefix: ['b'], after: ['a'] }))).to.deep.equal(['b'])
        expect(await paths(store.range('p', { prefix: ['a'], after: ['z'], descending: true }))).to.deep.equal([
          'a/c',
          'a/b/c',
          'a/b',
          'a',
        ])
      })
      it('stops at its limit, zero included', async () => {
        expect(await paths(store.range('p', { limit: 3 }))).to.deep.equal(inOrder.slice(0, 3))
        expect(await paths(store.range('p', { limit: 2, descending: true }))).to.deep.equal(['😀', '日'])
        expect(await paths(store.range('p', { limit: 0 }))).to.deep.equal([])
        for (const limit of [-1, 1.5, Number.NaN])
          expect((await failure(all(store.range('p', { limit })))).kind).to.equal('invalid')
      })
      it('gives the revision that get gives', async () => {
        for await (const entry of store.range('p', {})) expect(entry).to.deep.equal(await store.get(entry.key))
      })
      it('gives every one of many entries, and may be left in the middle', async () => {
        const names = Array.from({ length: 2_345 }, (_, index) => String(index).padStart(5, '0'))
        for (let start = 0; start < names.length; start += 100) {
          await commit(...names.slice(start, start + 100).map((entry) => put(at('many', entry), 'x'.repeat(50))))
        }
        expect(await paths(store.range('many', {}))).to.deep.equal(names)
        expect(await paths(store.range('many', { descending: true }))).to.deep.equal([...names].reverse())
        for await (const entry of store.range('many', {})) if (entry.key.path[0] === '01500') break
        expect(await paths(store.range('many', { limit: 1_234, after: ['00999'] }))).to.deep.equal(names.slice(1_000, 2_234))
      })
      it('goes on where rows are put and deleted while it is read', async () => {
        const seen: string[] = []
        for await (const { key } of store.range('p', {})) {
          seen.push(key.path.join('/'))
          await commit({ op: 'delete', key })
        }
        expect(seen).to.deep.equal(inOrder)
        expect(await paths(store.range('p', {}))).to.deep.equal([])
      })
    })

    describe('commit', () => {
      it('applies puts, deletes and checks of several partitions together', async () => {
        await commit(put(at('p', 'old'), 1), put(at('r', 'there'), 1))
        await commit(
          put(at('p', 'new'), 2, 'absent'),
          { op: 'delete', key: at('p', 'old'), if: 'present' },
          put(at('q', 'x'), 3),
          {
            op: 'check',
            key: at('r', 'there'),
            if: 'present',
          },
        )
        expect(await paths(store.range('p', {}))).to.deep.equal(['new'])
        expect((await store.get(at('q', 'x')))?.value).to.equal(3)
        expect((await store.get(at('r', 'there')))?.value).to.equal(1)
      })
      it('changes nothing when one condition fails, and names the first that did', async () => {
        await commit(put(at('p', 'a'), 'a'), put(at('p', 'b'), 'b'))
        const a = (await store.get(at('p', 'a')))?.revision ?? ''
        await commit(put(at('p', 'a'), 'a2'))
        const before = await all(store.range('p', {}))
        const cases: [Mutation, string][] = [
          [put(at('p', 'b'), 9, 'absent'), 'conflict'],
          [put(at('p', 'missing'), 9, 'present'), 'conflict'],
          [put(at('p', 'a'), 9, { revision: a }), 'stale'],
          [put(at('p', 'missing'), 9, { revision: a }), 'stale'],
          [{ op: 'delete', key: at('p', 'missing'), if: 'present' }, 'conflict'],
          [{ op: 'delete', key: at('p', 'a'), if: { revision: a } }, 'stale'],
          [{ op: 'check', key: at('p', 'b'), if: 'absent' }, 'conflict'],
          [{ op: 'check', key: at('p', 'missing'), if: 'present' }, 'conflict'],
          [{ op: 'check', key: at('p', 'a'), if: { revision: a } }, 'stale'],
        ]
        for (const [mutation, kind] of cases) {
          const error = await failure(commit(put(at('p', 'z1'), 1), mutation, put(at('p', 'b2'), 1, 'present')))
          expect(error.kind).to.equal(kind)
          expect(error.detail).to.deep.include({ mutation: 1 })
          expect(await all(store.range('p', {}))).to.deep.equal(before)
        }
      })
      it('holds a revision that fits, to put and to delete', async () => {
        await commit(put(at('p', 'a'), 1))
        await commit(put(at('p', 'a'), 2, { revision: (await store.get(at('p', 'a')))?.revision ?? '' }))
        expect((await store.get(at('p', 'a')))?.value).to.equal(2)
        await commit({ op: 'delete', key: at('p', 'a'), if: { revision: (await store.get(at('p', 'a')))?.revision ?? '' } })
        expect(await store.get(at('p', 'a'))).to.equal(undefined)
      })
      it('does not take the revision of an entry that was deleted and made again', async () => {
        await commit(put(at('p', 'a'), 1))
        const old = (await store.get(at('p', 'a')))?.revision ?? ''
        await commit({ op: 'delete', key: at('p', 'a') })
        await commit(put(at('p', 'a'), 1))
        expect((await failure(commit(put(at('p', 'a'), 2, { revision: old })))).kind).to.equal('stale')
      })
      it('lets one of racing commits win', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 40 }, (_, index) =>
            commit(put(at('p', 'one'), index, 'absent'), put(at('p', `by-${index}`), index)),
          ),
        )
        const won = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
        expect(won).to.have.length(1)
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect((outcome.reason as RegistryError).kind).to.equal('conflict')
        }
        expect((await store.get(at('p', 'one')))?.value).to.equal(won[0])
        expect(await paths(store.range('p', {}))).to.deep.equal([`by-${won[0]}`, 'one'])
      })
      it('loses no update of racing writers that repeat when stale', async () => {
        await commit(put(at('p', 'count'), 0))
        const raise = async () => {
          for (;;) {
            const seen = await store.get(at('p', 'count'))
            try {
              return await commit(put(at('p', 'count'), Number(seen?.value) + 1, { revision: seen?.revision ?? '' }))
            } catch (thrown) {
              if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
            }
          }
        }
        await Promise.all(
          Array.from({ length: 8 }, async () => {
            for (let round = 0; round < 5; round += 1) await raise()
          }),
        )
        expect((await store.get(at('p', 'count')))?.value).to.equal(40)
      })
      it('is seen by the read that follows it', async () => {
        for (let round = 0; round < 50; round += 1) {
          await commit(put(at('p', 'a'), round))
          expect((await store.get(at('p', 'a')))?.value).to.equal(round)
          expect((await all(store.range('p', {}))).map(({ value }) => value)).to.deep.equal([round])
        }
      })
      it('takes an equal repeat under one token for the same commit, at once or later', async () => {
        const mutations = [put(at('p', 'a'), 1, 'absent'), put(at('p', 'b'), 1)]
        await Promise.all([store.commit(mutations, 'repeat'), store.commit(mutations, 'repeat')])
        const before = await all(store.range('p', {}))
        await store.commit(mutations, 'repeat')
        expect(await all(store.range('p', {}))).to.deep.equal(before)
      })
      it('refuses a token that was used for other mutations', async () => {
        await store.commit([put(at('p', 'a'), 1)], 'used')
        expect((await failure(store.commit([put(at('p', 'b'), 1)], 'used'))).kind).to.equal('invalid')
        expect(await paths(store.range('p', {}))).to.deep.equal(['a'])
      })
      it('tries a repeat anew after the first failed', async () => {
        const mutations = [put(at('p', 'a'), 1, 'present')]
        expect((await failure(store.commit(mutations, 'anew'))).kind).to.equal('conflict')
        await commit(put(at('p', 'a'), 0))
        await store.commit(mutations, 'anew')
        expect((await store.get(at('p', 'a')))?.value).to.equal(1)
      })
    })

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
