import { expect } from 'chai'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { failure, textOf } from '../../support/commit-outcome.js'
import { SweptWorld } from '../../support/sweeping.js'

const hour = 3_600_000
const day = 24 * hour

describe('the sweeper, of objects without rows', () => {
  let swept: SweptWorld
  beforeEach(async () => {
    swept = await SweptWorld.open()
  })
  /** An upload whose process died behind `finish`. */
  const crashed = async (content: string) => {
    const upload = await swept.world.stage(content)
    await upload.finish()
    return upload
  }

  it('wait for their intent, then a week, are set aside, and go after the delay', async () => {
    await swept.put('kept.txt', 'kept')
    const upload = await crashed('lost')
    swept.world.clock.advance(24 * hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({})
    swept.world.clock.advance(hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({ expire: 1 })
    const refused = await failure(swept.world.change().putArtifact('late.txt', upload).commit())
    expect([refused.kind, await swept.world.keys()]).to.deep.equal(['unavailable', await swept.world.keys()])
    swept.world.clock.advance(7 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'set-aside': 1 })
    expect(await swept.world.keys()).to.have.length(1)
    swept.world.clock.advance(28 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({})
    swept.world.clock.advance(hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'drop-aside': 1 })
    const strays: string[] = []
    for await (const { key } of swept.world.blobs.strays('')) strays.push(key)
    expect([strays, await textOf(swept.world, 'kept.txt')]).to.deep.equal([[], 'kept'])
  })

  it('of an upload that is only slow are left to it, however old they are', async () => {
    const upload = await crashed('slow')
    const intent = tenantKeys.intent('o_1', upload.uploadId)
    for (let at = 0; at < 10; at++) {
      swept.world.clock.advance(day)
      const entry = await swept.world.metadata.get(intent)
      if (!entry) throw new Error('the intent is gone')
      const renewed = { ...(entry.value as object), expires: swept.world.clock.now().getTime() + day }
      await swept.world.metadata.commit([{ op: 'put', key: intent, value: renewed, if: 'present' }], randomHex())
      expect((await swept.sweeping.run()).done).to.deep.equal({})
    }
    await swept.world.change().putArtifact('slow.txt', upload).commit()
    await swept.sweepEach(5 * day, 12)
    expect(await textOf(swept.world, 'slow.txt')).to.equal('slow')
  })

  it('that were never finished go after a week', async () => {
    await swept.world.stage('half')
    const parts = async () => {
      const found: string[] = []
      for await (const { kind } of swept.world.blobs.strays('')) found.push(kind)
      return found
    }
    swept.world.clock.advance(2 * day)
    await swept.sweeping.run()
    expect(await parts()).to.deep.equal(['part'])
    swept.world.clock.advance(6 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'drop-part': 1 })
    expect(await parts()).to.deep.equal([])
  })
})
