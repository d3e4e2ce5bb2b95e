import { expect } from 'chai'
import type { Chore, ChoreWork } from '../../../core/housekeeping/chore.js'
import { Chores } from '../../../core/housekeeping/chores.js'
import { Leases } from '../../../core/housekeeping/leases.js'
import { silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { failure } from '../../support/commit-outcome.js'
import { FixedClock } from '../../support/fixed-clock.js'

describe('chores', () => {
  let metadata: MemoryMetadataStore
  let clock: FixedClock
  let errors: unknown[]
  beforeEach(() => {
    metadata = new MemoryMetadataStore()
    clock = new FixedClock()
    errors = []
  })
  const log = { ...silentLogger, error: (event: string, fields?: object) => void errors.push([event, fields]) }
  const house = (chore: Chore, holder: string) => {
    const chores = new Chores(metadata, new Leases(metadata, clock, holder), clock, log)
    chores.add(chore)
    return chores
  }
  const chore = (run: Chore['run'], resident = false): Chore => ({ name: 'tidy', interval: 86_400_000, resident, run })
  /** A chore that does not end before it is told to. */
  const held = () => {
    let end = () => {}
    let begun = () => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    const running = new Promise<void>((resolve) => (begun = resolve))
    const run = async () => {
      begun()
      await ended
      return { done: 1 }
    }
    return { run, running, end }
  }

  it('leave a row of what they did, which any process shows', async () => {
    const one = house(
      chore(async ({ dryRun, confirmed }) => {
        clock.advance(250)
        return { dryRun: dryRun ?? null, confirmed: confirmed ?? null }
      }),
      'one',
    )
    const at = clock.now()
    const { status } = await one.run('tidy', { dryRun: true })
    expect(status).to.deep.equal({
      name: 'tidy',
      interval: 86_400_000,
      running: false,
      last: { at, milliseconds: 250, outcome: 'done', result: { dryRun: true, confirmed: null } },
      runs: 1,
      failures: 0,
    })
    expect(
      await house(
        chore(async () => undefined),
        'other',
      ).list(),
    ).to.deep.equal([status])
  })

  it('that fail are logged, counted and shown without their secrets', async () => {
    const one = house(
      chore(async () => {
        throw new Error('password is plum')
      }),
      'one',
    )
    const { last, runs, failures } = (await one.run('tidy')).status
    expect([last?.outcome, last?.error, runs, failures]).to.deep.equal(['failed', 'It failed; the log says why', 1, 1])
    expect(errors).to.have.length(1)
    expect((await one.run('tidy')).status.failures).to.equal(2)
  })

  it('run on one process at a time', async () => {
    const { run, running, end } = held()
    const one = house(chore(run), 'one')
    const two = house(chore(run), 'two')
    const first = one.run('tidy')
    await running
    expect((await failure(two.run('tidy'))).kind).to.equal('conflict')
    expect((await two.get('tidy')).running).to.equal(true)
    end()
    expect((await first).status.last?.result).to.deep.equal({ done: 1 })
    expect((await two.run('tidy')).status.runs).to.equal(2)
  })

  it('are waited for no longer than asked', async () => {
    const { run, running, end } = held()
    const one = house(chore(run), 'one')
    const early = await one.run('tidy', {}, 1)
    expect([early.done, early.status.running, early.status.last]).to.deep.equal([false, true, undefined])
    await running
    end()
    await one.stop()
    expect((await one.get('tidy')).last?.result).to.deep.equal({ done: 1 })
  })

  it('are told that the house goes down, and waited for; the lease is free afterwards', async () => {
    let work: ChoreWork | undefined
    let begun = () => {}
    const running = new Promise<void>((resolve) => (begun = resolve))
    const one = house(
      chore(async (given) => {
        work = given
        begun()
        await new Promise<void>((resolve) => given.signal.addEventListener('abort', () => resolve()))
        return { half: 1 }
      }),
      'one',
    )
    const first = one.run('tidy')
    await running
    await one.stop()
    expect((await first).status.last?.outcome).to.equal('stopped')
    expect(work?.signal.aborted).to.equal(true)
    expect(
      (
        await house(
          chore(async () => ({})),
          'two',
        ).run('tidy')
      ).status.runs,
    ).to.equal(2)
    expect((await failure(one.run('tidy'))).kind).to.equal('conflict')
  })

  it('without a name are not found', async () => {
    const one = house(
      chore(async () => undefined),
      'one',
    )
    expect((await failure(one.run('other'))).kind).to.equal('not-found')
    expect((await failure(one.get('other'))).kind).to.equal('not-found')
  })
})
