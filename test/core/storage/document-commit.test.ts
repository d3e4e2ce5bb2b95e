import { expect } from 'chai'
import { failure } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

describe('a commit of documents', () => {
  it('raises the head of each package it touches by one, strictly later, however many race', async () => {
    const world = await StorageWorld.open()
    const committed = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        world
          .change()
          .putDocument(['p', String(i)], i)
          .describe('p', { latest: String(i) })
          .commit(),
      ),
    )
    const sequences = committed.map(({ heads }) => heads.get('p') ?? 0).sort((a, b) => a - b)
    expect(sequences).to.deep.equal(Array.from({ length: 30 }, (_, i) => i + 1))
    const head = await world.documents.head('p')
    expect(head?.sequence).to.equal(30)
    expect(head?.modified.getTime()).to.equal(world.clock.now().getTime() + 29)
  })

  it('refuses a decision that rests on a package which moved, and names the document whose condition failed', async () => {
    const world = await StorageWorld.open()
    await world.change().putDocument(['p', 'a'], 1).commit()
    const moved = await failure(world.change().requireHead('p', 0).putDocument(['p', 'b'], 1).commit())
    expect([moved.kind, moved.detail['package']]).to.deep.equal(['stale', 'p'])
    await world.change().requireHead('p', 1).putDocument(['p', 'b'], 1).commit()
    const there = await failure(world.change().putDocument(['p', 'b'], 2, 'absent').commit())
    expect([there.kind, there.detail['document']]).to.deep.equal(['conflict', ['p', 'b']])
    expect((await world.documents.get(['p', 'b'])).value).to.equal(1)
  })
})
