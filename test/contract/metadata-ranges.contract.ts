import { expect } from 'chai'
import { all, at, failure, paths, put, type Subject } from './metadata-words.js'

/** Order, prefixes, directions, pages. */
export function rangeContract(subject: () => Subject): void {
  describe('range', () => {
    const rows = ['a', 'a/b', 'a/b/c', 'a/c', 'a-b', 'a!', 'b', 'é', 'z', '日', '😀']
    /** Segment by segment, by UTF-8 bytes: a parent before its children, children before 'a!'. */
    const inOrder = ['a', 'a/b', 'a/b/c', 'a/c', 'a!', 'a-b', 'b', 'z', 'é', '日', '😀']
    beforeEach(() => subject().commit(...rows.map((row) => put(at('p', ...row.split('/')), row))))

    it('gives one partition in the byte order of encoded keys', async () => {
      await subject().commit(put(at('o', 'x'), 1), put(at('q', 'x'), 1))
      expect(await paths(subject().store.range('p', {}))).to.deep.equal(inOrder)
    })
    it('gives it backwards when asked', async () => {
      await subject().commit(put(at('o', 'x'), 1), put(at('q', 'x'), 1))
      expect(await paths(subject().store.range('p', { descending: true }))).to.deep.equal([...inOrder].reverse())
    })
    it('takes a prefix as whole segments', async () => {
      expect(await paths(subject().store.range('p', { prefix: ['a'] }))).to.deep.equal(['a', 'a/b', 'a/b/c', 'a/c'])
      expect(await paths(subject().store.range('p', { prefix: ['a', 'b'] }))).to.deep.equal(['a/b', 'a/b/c'])
      expect(await paths(subject().store.range('p', { prefix: ['a'], descending: true }))).to.deep.equal([
        'a/c',
        'a/b/c',
        'a/b',
        'a',
      ])
      expect(await paths(subject().store.range('p', { prefix: ['nothing'] }))).to.deep.equal([])
      expect(await paths(subject().store.range('p', { prefix: [] }))).to.deep.equal(inOrder)
    })
    it('begins behind a path, in either direction, whether or not that path exists', async () => {
      expect(await paths(subject().store.range('p', { after: ['a', 'c'] }))).to.deep.equal(inOrder.slice(4))
      expect(await paths(subject().store.range('p', { after: ['a', 'bb'] }))).to.deep.equal(inOrder.slice(3))
      expect(await paths(subject().store.range('p', { after: ['a', 'c'], descending: true }))).to.deep.equal([
        'a/b/c',
        'a/b',
        'a',
      ])
      expect(await paths(subject().store.range('p', { after: ['a', 'bb'], descending: true }))).to.deep.equal([
        'a/b/c',
        'a/b',
        'a',
      ])
      expect(await paths(subject().store.range('p', { after: ['a'], descending: true }))).to.deep.equal([])
      expect(await paths(subject().store.range('p', { after: ['😀'] }))).to.deep.equal([])
    })
    it('holds a prefix and a path to begin behind together', async () => {
      expect(await paths(subject().store.range('p', { prefix: ['a'], after: ['a', 'b'] }))).to.deep.equal(['a/b/c', 'a/c'])
      expect(await paths(subject().store.range('p', { prefix: ['a'], after: ['b'] }))).to.deep.equal([])
      expect(await paths(subject().store.range('p', { prefix: ['b'], after: ['a'] }))).to.deep.equal(['b'])
      expect(await paths(subject().store.range('p', { prefix: ['a'], after: ['z'], descending: true }))).to.deep.equal([
        'a/c',
        'a/b/c',
        'a/b',
        'a',
      ])
    })
    it('stops at its limit, zero included', async () => {
      expect(await paths(subject().store.range('p', { limit: 3 }))).to.deep.equal(inOrder.slice(0, 3))
      expect(await paths(subject().store.range('p', { limit: 2, descending: true }))).to.deep.equal(['😀', '日'])
      expect(await paths(subject().store.range('p', { limit: 0 }))).to.deep.equal([])
      for (const limit of [-1, 1.5, Number.NaN])
        expect((await failure(all(subject().store.range('p', { limit })))).kind).to.equal('invalid')
    })
    it('gives the revision that get gives', async () => {
      for await (const entry of subject().store.range('p', {})) expect(entry).to.deep.equal(await subject().store.get(entry.key))
    })
    it('gives every one of many entries, and may be left in the middle', async () => {
      const names = Array.from({ length: 2_345 }, (_, index) => String(index).padStart(5, '0'))
      for (let start = 0; start < names.length; start += 100) {
        await subject().commit(...names.slice(start, start + 100).map((entry) => put(at('many', entry), 'x'.repeat(50))))
      }
      expect(await paths(subject().store.range('many', {}))).to.deep.equal(names)
      expect(await paths(subject().store.range('many', { descending: true }))).to.deep.equal([...names].reverse())
      for await (const entry of subject().store.range('many', {})) if (entry.key.path[0] === '01500') break
      expect(await paths(subject().store.range('many', { limit: 1_234, after: ['00999'] }))).to.deep.equal(
        names.slice(1_000, 2_234),
      )
    })
    it('goes on where rows are put and deleted while it is read', async () => {
      const seen: string[] = []
      for await (const { key } of subject().store.range('p', {})) {
        seen.push(key.path.join('/'))
        await subject().commit({ op: 'delete', key })
      }
      expect(seen).to.deep.equal(inOrder)
      expect(await paths(subject().store.range('p', {}))).to.deep.equal([])
    })
  })
}
