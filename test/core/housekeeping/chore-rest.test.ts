import { expect } from 'chai'
import type { Chore } from '../../../core/housekeeping/chore.js'
import { ChoreRest, quietBefore } from '../../../core/housekeeping/chore-rest.js'
import { Chores } from '../../../core/housekeeping/chores.js'
import { Leases } from '../../../core/housekeeping/leases.js'
import { silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Key, Mutation, RangeQuery } from '../../../core/storage/metadata-store.js'
import { FixedClock } from '../../support/fixed-clock.js'

class CountedStore extends MemoryMetadataStore {
  calls = { gets: 0, ranges: 0, commits: 0 }
  override get(key: Key) {
    this.calls.gets += 1
    return super.get(key)
  }
  override range(partition: string, query: RangeQuery) {
    this.calls.ranges += 1
    return super.range(partition, query)
  }
  override commit(mutations: readonly Mutation[], token: string) {
    this.calls.commits += 1
    return super.commit(mutations, token)
  }
}

describe('a chore that runs every second', () => {
  let metadata: CountedStore
  let clock: FixedClock
  beforeEach(() => {
    metadata = new CountedStore()
    clock = new FixedClock()
  })
  const rest = () => new ChoreRest('outbox', metadata, clock)
  /** Has found nothing for a minute, and looked once more. */
  const resting = async () => {
    const holder = rest()
    holder.found(20_000)
    clock.advance(quietBefore)
    expect(await holder.goesOn()).to.equal(false)
    holder.found(20_000)
    expect(await holder.goesOn()).to.equal(true)
    return holder
  }

  it('rests after a minute without work, as long as it said, at the price of one read each second', async () => {
    const holder = rest()
    holder.found(20_000)
    clock.advance(quietBefore - 1)
    expect([await holder.goesOn(), metadata.calls.gets]).to.deep.equal([false, 0])
    clock.advance(1)
    expect(await holder.goesOn()).to.equal(false)
    holder.found(20_000)
    metadata.calls = { gets: 0, ranges: 0, commits: 0 }
    const rests: boolean[] = []
    for (let second = 1; second <= 20; second++) {
      clock.advance(1_000)
      rests.push(await holder.goesOn())
    }
    expect(rests).to.deep.equal([...Array.from({ length: 19 }, () => true), false])
    expect(metadata.calls).to.deep.equal({ gets: 20, ranges: 0, commits: 0 })
  })

  it('is awake for another minute when any process rings, which does so three times a minute at most', async () => {
    const holder = await resting()
    const other = rest()
    metadata.calls.commits = 0
    for (let at = 0; at < 100; at++) await other.ring()
    expect(metadata.calls.commits).to.equal(1)
    expect(await holder.goesOn()).to.equal(false)
    holder.found(20_000)
    clock.advance(quietBefore - 1)
    expect(await holder.goesOn()).to.equal(false)
    for (let at = 0; at < 100; at++) await other.ring()
    expect(metadata.calls.commits).to.equal(2)
    clock.advance(1)
    expect(await holder.goesOn()).to.equal(false)
    holder.found(20_000)
    expect(await holder.goesOn()).to.equal(true)
  })

  it('does not rest over a bell that rings while it looks', async () => {
    const holder = rest()
    holder.found(20_000)
    clock.advance(quietBefore)
    expect(await holder.goesOn()).to.equal(false)
    await rest().ring()
    holder.found(20_000)
    expect(await holder.goesOn()).to.equal(false)
  })

  it('is rung for again where the store did not take it', async () => {
    const holder = await resting()
    const other = rest()
    const commit = metadata.commit
    metadata.commit = async () => {
      throw new Error('no answer')
    }
    let failed: unknown
    await other.ring().catch((thrown: unknown) => (failed = thrown))
    expect(failed).to.be.an('error')
    metadata.commit = commit
    await other.ring()
    expect(await holder.goesOn()).to.equal(false)
  })

  describe('on a timer', () => {
    let runs: number
    beforeEach(() => (runs = 0))
    const house = (holder: string) => {
      const run = async () => {
        runs += 1
        return undefined
      }
      const chore: Chore = { name: 'outbox', interval: 1, resident: true, idleFor: () => 3_600_000, run }
      const chores = new Chores(metadata, new Leases(metadata, clock, holder), clock, silentLogger)
      chores.add(chore)
      return chores
    }
    const until = async (done: () => boolean) => {
      while (!done()) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const times = (count: number, figure: () => number) => {
      const before = figure()
      return until(() => figure() >= before + count)
    }

    it('shows a sign of life while it rests, and runs when somebody nudges', async () => {
      const one = house('one')
      await one.run('outbox')
      one.start()
      try {
        clock.advance(quietBefore)
        await times(5, () => metadata.calls.gets)
        const atRest = runs
        metadata.calls = { gets: 0, ranges: 0, commits: 0 }
        // Six lives of its lease, in steps of a fifth.
        for (let step = 1; step <= 30; step++) {
          clock.advance(3_000)
          await times(3, () => metadata.calls.gets)
        }
        expect(runs).to.equal(atRest)
        expect(metadata.calls.commits).to.equal(15)
        one.nudge('outbox')
        await until(() => runs > atRest)
      } finally {
        await one.stop()
      }
    })

    it('does not begin once all was stopped while it looked at its bell', async () => {
      const one = house('one')
      await one.run('outbox')
      clock.advance(quietBefore)
      let look = () => {}
      const looking = new Promise<void>((resolve) => (look = resolve))
      let answer = () => {}
      const answered = new Promise<void>((resolve) => (answer = resolve))
      const get = metadata.get.bind(metadata)
      metadata.get = async (key) => {
        if (key.path[1] === 'bell') {
          look()
          await answered
        }
        return get(key)
      }
      one.start()
      await looking
      await one.stop()
      const before = runs
      metadata.calls = { gets: 0, ranges: 0, commits: 0 }
      answer()
      await until(() => metadata.calls.gets > 0)
      await new Promise((resolve) => setTimeout(resolve, 1))
      expect([runs, metadata.calls.commits]).to.deep.equal([before, 0])
    })

    it('that another process has is asked for three times in the life of its lease', async () => {
      await new Leases(metadata, clock, 'one').take('outbox')
      const two = house('two')
      let looks = 0
      const monotonic = clock.monotonic.bind(clock)
      clock.monotonic = () => {
        looks += 1
        return monotonic()
      }
      two.start()
      try {
        metadata.calls.gets = 0
        const asked: number[] = []
        for (let step = 1; step <= 3; step++) {
          await times(20, () => looks)
          asked.push(metadata.calls.gets)
          clock.advance(5_000)
        }
        expect([asked, runs]).to.deep.equal([[2, 4, 6], 0])
        await until(() => runs > 0)
      } finally {
        await two.stop()
      }
    })
  })
})
