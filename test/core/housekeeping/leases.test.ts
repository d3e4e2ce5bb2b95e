import { expect } from 'chai'
import { LeaseLost, Leases } from '../../../core/housekeeping/leases.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import type { MetadataStore } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { failure } from '../../support/commit-outcome.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { emptyMetadataStore } from '../../support/metadata-under-test.js'

describe('leases', () => {
  let metadata: MetadataStore
  let oneClock: FixedClock
  let otherClock: FixedClock
  let one: Leases
  let other: Leases
  beforeEach(async () => {
    metadata = await emptyMetadataStore()
    oneClock = new FixedClock()
    otherClock = new FixedClock(oneClock.now().getTime() + 290_000)
    one = new Leases(metadata, oneClock, 'one', 15_000)
    other = new Leases(metadata, otherClock, 'other', 15_000)
  })
  const pass = (milliseconds: number) => {
    oneClock.advance(milliseconds)
    otherClock.advance(milliseconds)
  }
  const write = (name: string) => ({ op: 'put' as const, key: tenantKeys.instance(name), value: { v: 1 } })

  it('are had by one, and by the next at once when they are given back', async () => {
    const lease = await one.take('sweep')
    expect([lease?.fence, await one.holderOf('sweep'), await other.take('sweep')]).to.deep.equal([1, 'one', undefined])
    await lease?.release()
    expect(await one.holderOf('sweep')).to.equal(undefined)
    expect((await other.take('sweep'))?.fence).to.equal(2)
    expect(() => lease?.check()).to.throw(LeaseLost)
  })

  it('stay with a holder that shows signs of life, and are taken over from one that shows none', async () => {
    const lease = await one.take('sweep')
    expect(await other.take('sweep')).to.equal(undefined)
    for (let beat = 0; beat < 4; beat++) {
      pass(9_000)
      await lease?.renew()
      lease?.check()
      expect(await other.take('sweep')).to.equal(undefined)
    }
    pass(14_999)
    expect(await other.take('sweep')).to.equal(undefined)
    pass(1)
    const taken = await other.take('sweep')
    expect(taken?.fence).to.equal(2)
    taken?.check()
  })

  it('are given up by their holder before anybody else may have them', async () => {
    const lease = await one.take('sweep')
    await other.take('sweep')
    pass(10_000)
    expect(() => lease?.check()).to.throw(LeaseLost)
    expect(await other.take('sweep')).to.equal(undefined)
    await lease?.renew()
    lease?.check()
  })

  it('lost while their holder slept fail its commits, whatever its clock says', async () => {
    const lease = await one.take('sweep')
    if (!lease) throw new Error('no lease')
    await metadata.commit([lease.guard(), write('before')], randomHex())
    await other.take('sweep')
    otherClock.advance(15_000)
    expect((await other.take('sweep'))?.fence).to.equal(2)
    // Its own clock stood still: it still believes.
    lease.check()
    expect((await failure(metadata.commit([lease.guard(), write('after')], randomHex()))).kind).to.equal('stale')
    expect(await metadata.get(tenantKeys.instance('after'))).to.equal(undefined)
    const lost: unknown = await lease.renew().catch((thrown: unknown) => thrown)
    expect(lost).to.be.instanceOf(LeaseLost)
    expect(() => lease.check()).to.throw(LeaseLost)
    await lease.release()
    expect(await one.holderOf('sweep')).to.equal('other')
  })

  for (const hours of [-87_600, -2, 2, 87_600])
    it(`do not move when the wall clock jumps by ${hours} hours`, async () => {
      const lease = await one.take('sweep')
      await other.take('sweep')
      oneClock.jump(hours * 3_600_000)
      otherClock.jump(-hours * 3_600_000)
      lease?.check()
      expect(await other.take('sweep')).to.equal(undefined)
      await lease?.renew()
      expect(await other.take('sweep')).to.equal(undefined)
    })

  it('go to one of many who ask at once', async () => {
    const asked = Array.from({ length: 20 }, (_, at) => new Leases(metadata, oneClock, `p${at}`))
    const given = (await Promise.all(asked.map((leases) => leases.take('sweep')))).filter((lease) => lease !== undefined)
    expect(given.map(({ fence }) => fence)).to.deep.equal([1])
  })
})
