import { expect } from 'chai'
import { SeenSet } from '../../../host/move/seen-set.js'

describe('A set of numbers that were met', () => {
  it('has what was added, however large, and nothing beside it', () => {
    const seen = new SeenSet()
    const added = [0, 7, 8, 8_191, 8_192, 20_000_001]
    for (const one of added) seen.add(one)
    expect(added.map((one) => seen.has(one))).to.deep.equal(added.map(() => true))
    expect([1, 6, 9, 8_190, 8_193, 20_000_000, 20_000_002, 4e9].map((one) => seen.has(one))).to.deep.equal(Array(8).fill(false))
  })
})
