import { expect } from 'chai'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { at, put } from '../../contract/metadata-words.js'
import { PartitionTouches } from '../../support/partition-touches.js'
import { manyOf, SpreadHouse } from '../../support/spread-house.js'

describe('uploads of 64 clients into one organization', function () {
  this.timeout(120_000)
  let spread: SpreadHouse
  before(async () => {
    spread = await SpreadHouse.open(2_000)
  })
  after(() => spread.close())

  for (const [what, version] of [
    ['new packages', '1.0.0'],
    ['next versions of packages', '2.0.0'],
  ] as const)
    it(`spread: no partition takes 5 % of the requests, and no two transactions meet, in ${what} of all formats`, async () => {
      const { requests, busiest, partition, conflicts } = await spread.measure(manyOf(40, 'pkg', undefined, version))
      expect(requests).to.be.greaterThan(4_000)
      expect(busiest, partition).to.be.lessThan(0.05)
      expect(conflicts, [...spread.touches.conflicts.keys()].join()).to.equal(0)
    })
})

describe('the count of what a store is asked', () => {
  it('sees a partition that all commits share, and transactions that meet in an item, by a check as well', async () => {
    const touches = new PartitionTouches(new MemoryMetadataStore())
    await touches.commit([put(at('shared', 'row'), 1)], 'before')
    touches.begin()
    const check = { op: 'check', key: at('shared', 'row'), if: 'present' } as const
    await Promise.all(
      Array.from({ length: 8 }, (_, one) => touches.commit([check, put(at(`own ${one}`, 'x'), 1, 'absent')], `token ${one}`)),
    )
    await touches.get(at('shared', 'row'))
    for await (const _ of touches.range('own 1', {})) break
    touches.end()
    expect(touches.partitions()[0]?.partition).to.equal('shared')
    expect(touches.busiest()).to.be.greaterThan(0.4)
    expect([...touches.conflicts.keys()]).to.deep.equal(['shared\0row'])
    expect(touches.partitions().find(({ partition }) => partition === 'own 1')?.reads).to.equal(1)
  })
})
