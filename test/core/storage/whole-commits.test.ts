import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { PiecemealStore } from '../../faults/piecemeal-store.js'
import { failure } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

const key = (at: number) => ['set', 'file', String(at).padStart(3, '0')] as const

/** Documents of one package, each with the round of its commit, read while rounds are committed: none lags behind the head that was read before. */
async function looks(documents: number, rounds: number, turns: number, tells = true): Promise<readonly string[]> {
  const world = await StorageWorld.open(new PiecemealStore(11, turns, tells))
  const wrong: string[] = []
  let over = false
  const reader = async () => {
    while (!over) {
      await setImmediate()
      const head = await world.documents.head('set')
      const found: number[] = []
      for await (const { value } of world.documents.list(['set', 'file'])) found.push((value as { round: number }).round)
      if (head && (found.length < documents || found.some((round) => round < head.sequence)))
        wrong.push(`${head.sequence}: ${found.join()}`)
    }
  }
  const readers = [reader(), reader()]
  for (let round = 1; round <= rounds; round++) {
    const change = world.change()
    for (let at = 0; at < documents; at++) change.putDocument(key(at), { round })
    await change.commit()
  }
  over = true
  await Promise.all(readers)
  return wrong
}

describe('a commit that appears row by row', () => {
  for (const [what, documents, rounds, turns] of [
    ['in one commit', 5, 25, 20],
    ['in a batch, and the commit that ends it', 110, 3, 3],
  ] as const) {
    it(`is seen whole by whoever has read its head: ${what}`, async () => {
      expect(await looks(documents, rounds, turns)).to.deep.equal([])
    })
    it(`would be seen in part where the store did not say so: ${what}`, async () => {
      expect(await looks(documents, rounds, turns, false)).to.not.deep.equal([])
    })
  }

  it('is taken as it stands where one of its documents was rewritten alone, once it has been waited for', async () => {
    const world = await StorageWorld.open(new PiecemealStore(3))
    await world.change().putDocument(['pkg', 'a'], 1).putDocument(['pkg', 'b'], 1).commit()
    const [a] = (await world.entries()).filter(({ key: { path } }) => path.join() === 'doc,a')
    await world.metadata.commit([{ op: 'put', key: a?.key ?? { partition: '', path: [] }, value: a?.value ?? null }], 'alone')
    expect((await world.documents.head('pkg'))?.sequence).to.equal(1)
    const again = performance.now()
    expect((await world.documents.head('pkg'))?.sequence).to.equal(1)
    expect(performance.now() - again).to.be.lessThan(1_000)
  })

  it('tells a removed document from one that has not gone yet', async () => {
    const world = await StorageWorld.open(new PiecemealStore(5, 20))
    await world.change().putDocument(['pkg', 'a'], 1).putDocument(['pkg', 'b'], 1).commit()
    await world.change().deleteDocument(['pkg', 'a']).commit()
    expect((await world.documents.head('pkg'))?.sequence).to.equal(2)
    expect((await failure(world.documents.get(['pkg', 'a']))).kind).to.equal('not-found')
  })
})
