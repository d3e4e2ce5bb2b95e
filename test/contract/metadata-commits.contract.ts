import { expect } from 'chai'
import { type Mutation, RegistryError } from '#core/driver'
import { all, at, failure, paths, put, type Subject } from './metadata-words.js'

/** All or nothing, conditions, races, repeats. */
export function commitContract(subject: () => Subject): void {
  describe('commit', () => {
    it('applies puts, deletes and checks of several partitions together', async () => {
      await subject().commit(put(at('p', 'old'), 1), put(at('r', 'there'), 1))
      await subject().commit(
        put(at('p', 'new'), 2, 'absent'),
        { op: 'delete', key: at('p', 'old'), if: 'present' },
        put(at('q', 'x'), 3),
        {
          op: 'check',
          key: at('r', 'there'),
          if: 'present',
        },
      )
      expect(await paths(subject().store.range('p', {}))).to.deep.equal(['new'])
      expect((await subject().store.get(at('q', 'x')))?.value).to.equal(3)
      expect((await subject().store.get(at('r', 'there')))?.value).to.equal(1)
    })
    it('changes nothing when one condition fails, and names the first that did', async () => {
      await subject().commit(put(at('p', 'a'), 'a'), put(at('p', 'b'), 'b'))
      const a = (await subject().store.get(at('p', 'a')))?.revision ?? ''
      await subject().commit(put(at('p', 'a'), 'a2'))
      const before = await all(subject().store.range('p', {}))
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
        const error = await failure(subject().commit(put(at('p', 'z1'), 1), mutation, put(at('p', 'b2'), 1, 'present')))
        expect(error.kind).to.equal(kind)
        expect(error.detail).to.deep.include({ mutation: 1 })
        expect(await all(subject().store.range('p', {}))).to.deep.equal(before)
      }
    })
    it('holds a revision that fits, to put and to delete', async () => {
      await subject().commit(put(at('p', 'a'), 1))
      await subject().commit(put(at('p', 'a'), 2, { revision: (await subject().store.get(at('p', 'a')))?.revision ?? '' }))
      expect((await subject().store.get(at('p', 'a')))?.value).to.equal(2)
      await subject().commit({
        op: 'delete',
        key: at('p', 'a'),
        if: { revision: (await subject().store.get(at('p', 'a')))?.revision ?? '' },
      })
      expect(await subject().store.get(at('p', 'a'))).to.equal(undefined)
    })
    it('does not take the revision of an entry that was deleted and made again', async () => {
      await subject().commit(put(at('p', 'a'), 1))
      const old = (await subject().store.get(at('p', 'a')))?.revision ?? ''
      await subject().commit({ op: 'delete', key: at('p', 'a') })
      await subject().commit(put(at('p', 'a'), 1))
      expect((await failure(subject().commit(put(at('p', 'a'), 2, { revision: old })))).kind).to.equal('stale')
    })
    it('lets one of racing commits win', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          subject().commit(put(at('p', 'one'), index, 'absent'), put(at('p', `by-${index}`), index)),
        ),
      )
      const won = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
      expect(won).to.have.length(1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect((outcome.reason as RegistryError).kind).to.equal('conflict')
      }
      expect((await subject().store.get(at('p', 'one')))?.value).to.equal(won[0])
      expect(await paths(subject().store.range('p', {}))).to.deep.equal([`by-${won[0]}`, 'one'])
    })
    it('loses no update of racing writers that repeat when stale', async () => {
      await subject().commit(put(at('p', 'count'), 0))
      const raise = async () => {
        for (;;) {
          const seen = await subject().store.get(at('p', 'count'))
          try {
            return await subject().commit(put(at('p', 'count'), Number(seen?.value) + 1, { revision: seen?.revision ?? '' }))
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
      expect((await subject().store.get(at('p', 'count')))?.value).to.equal(40)
    })
    it('is seen by the read that follows it', async () => {
      for (let round = 0; round < 50; round += 1) {
        await subject().commit(put(at('p', 'a'), round))
        expect((await subject().store.get(at('p', 'a')))?.value).to.equal(round)
        expect((await all(subject().store.range('p', {}))).map(({ value }) => value)).to.deep.equal([round])
      }
    })
    it('takes an equal repeat under one token for the same commit, at once or later', async () => {
      const mutations = [put(at('p', 'a'), 1, 'absent'), put(at('p', 'b'), 1)]
      await Promise.all([subject().store.commit(mutations, 'repeat'), subject().store.commit(mutations, 'repeat')])
      const before = await all(subject().store.range('p', {}))
      await subject().store.commit(mutations, 'repeat')
      expect(await all(subject().store.range('p', {}))).to.deep.equal(before)
    })
    it('refuses a token that was used for other mutations', async () => {
      await subject().store.commit([put(at('p', 'a'), 1)], 'used')
      expect((await failure(subject().store.commit([put(at('p', 'b'), 1)], 'used'))).kind).to.equal('invalid')
      expect(await paths(subject().store.range('p', {}))).to.deep.equal(['a'])
    })
    it('tries a repeat anew after the first failed', async () => {
      const mutations = [put(at('p', 'a'), 1, 'present')]
      expect((await failure(subject().store.commit(mutations, 'anew'))).kind).to.equal('conflict')
      await subject().commit(put(at('p', 'a'), 0))
      await subject().store.commit(mutations, 'anew')
      expect((await subject().store.get(at('p', 'a')))?.value).to.equal(1)
    })
  })
}
