import { expect } from 'chai'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { Sweeping, SweptWorld } from '../../support/sweeping.js'

const hour = 3_600_000
const day = 24 * hour

describe('the brakes of the sweeper', () => {
  let swept: SweptWorld
  beforeEach(async () => {
    swept = await SweptWorld.open({ sweepFloorBlobs: 3, undoDays: 0 })
  })
  const fill = async (kept: number, deleted: number) => {
    for (let at = 0; at < kept + deleted; at++) await swept.put(`f${at}`, `content ${at}`)
    for (let at = 0; at < deleted; at++) await swept.remove(`f${at}`)
    swept.world.clock.advance(2 * day)
    await swept.sweeping.run()
    await swept.sweeping.run()
    swept.world.clock.advance(2 * day)
  }

  it('stop a run that would remove more than 5 % of all blobs, before it removes any, until an operator confirms', async () => {
    await fill(60, 4)
    const told = await swept.sweeping.run()
    expect([told.brake, told.done]).to.deep.equal(['More than 5 % of all blobs would go: 4 of 64', {}])
    expect((await swept.states()).filter((state) => state === 'deleting')).to.deep.equal([])
    const dry = await swept.sweeping.run({ dryRun: true })
    expect([dry.brake, dry.done]).to.deep.equal(['More than 5 % of all blobs would go: 4 of 64', { mark: 4 }])
    expect((await swept.sweeping.run({ dryRun: false, confirmed: true })).done).to.deep.equal({ mark: 4 })
    // What was confirmed needs no second word.
    swept.world.clock.advance(29 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ remove: 4 })
    expect(await swept.world.keys()).to.have.length(60)
  })

  it('let a run go on that removes less', async () => {
    await fill(96, 4)
    expect((await swept.sweeping.run()).done).to.deep.equal({ mark: 4 })
  })

  for (const years of [-10, 10])
    it(`stop when the clock jumps by ${years} years, for 24 hours or until an operator confirms`, async () => {
      await fill(10, 2)
      swept.world.clock.jump(years * 365 * day)
      const before = await swept.rows()
      expect((await swept.sweeping.run()).brake).to.match(/^The clock was moved: nothing is removed before /)
      swept.world.clock.advance(23 * hour)
      expect((await swept.sweeping.run()).brake).to.not.equal(undefined)
      // Another process, begun since, knows it too.
      expect((await new Sweeping(swept.world).run()).brake).to.not.equal(undefined)
      expect(await swept.rows()).to.deep.equal(before)
      swept.world.clock.advance(2 * hour)
      expect((await swept.sweeping.run()).brake).to.equal(undefined)
      swept.world.clock.jump(2 * hour)
      expect((await swept.sweeping.run()).brake).to.not.equal(undefined)
      expect((await swept.sweeping.run({ dryRun: false, confirmed: true })).brake).to.equal(undefined)
      expect((await swept.sweeping.run()).brake).to.equal(undefined)
    })

  it('do not mind minutes', async () => {
    await fill(10, 1)
    for (const minutes of [-10, 10, 50]) {
      swept.world.clock.jump(minutes * 60_000)
      expect((await swept.sweeping.run()).brake).to.equal(undefined)
      await swept.sweeping.watch.confirm()
    }
  })

  it('stop while a restore is open', async () => {
    await fill(10, 2)
    await swept.world.metadata.commit([{ op: 'put', key: tenantKeys.instance('restore'), value: { v: 1 } }], randomHex())
    expect((await swept.sweeping.run()).brake).to.equal('A restore is open')
  })
})
