import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectRefusal, instanceOf, type Management } from '../../support/management.js'

describe('chores of the management interface', () => {
  let house: House
  let instance: Management
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }], clock })
    instance = instanceOf(house)
  })
  afterEach(() => house.close())

  it('are shown with what they last did', async () => {
    const chores = (await instance.send('GET', 'chores')).json() as { name: string; intervalSeconds: number }[]
    expect(chores.map(({ name, intervalSeconds }) => [name, intervalSeconds])).to.deep.include.members([
      ['clock', 60],
      ['reminders', 1],
      ['sweep', 86_400],
    ])
    expect(await instance.done('GET', 'chores/sweep')).to.deep.equal({
      name: 'sweep',
      intervalSeconds: 86_400,
      running: false,
      runs: 0,
      failures: 0,
      last: null,
    })
  })

  it('run when they are told to: the sweeper tells first what would go', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'one' })
    await house.call('DELETE', '/acme/files/a.txt', { as: 'olga' })
    clock.advance(15 * 86_400_000)
    const at = clock.now().toISOString()
    const told = await instance.done('POST', 'chores/sweep/run', { dryRun: true })
    const last = told['last'] as { result: { samples: unknown[] } }
    const { samples, ...result } = last.result
    const { organization, repository } = samples[0] as { organization: string; repository: string }
    expect([told['runs'], { ...last, result }]).to.deep.equal([
      1,
      {
        at,
        milliseconds: 0,
        outcome: 'done',
        result: {
          dryRun: true,
          blobs: 1,
          bytes: result['bytes' as never],
          waitingBlobs: 0,
          waitingBytes: 0,
          done: { purge: 1, 'forget-deletion': 1 },
        },
        error: null,
      },
    ])
    expect(samples).to.have.deep.members([
      { organization, repository, deed: 'forget-deletion', why: 'It can no longer be undone' },
      { organization, repository, deed: 'purge', path: 'a.txt', version: 1, why: 'It was deleted' },
    ])
    const done = await instance.done('POST', 'chores/sweep/run', {})
    expect((done['last'] as { result: { done: unknown } }).result.done).to.deep.equal({
      purge: 1,
      condemn: 1,
      'forget-deletion': 1,
    })
  })

  it('that nobody knows, or asked for otherwise than told, are refused', async () => {
    expectRefusal(await instance.send('POST', 'chores/nothing/run', {}), 404, 'not-found', 'chore not found: nothing')
    expectRefusal(await instance.send('GET', 'chores/nothing'), 404, 'not-found', 'chore not found: nothing')
    expectRefusal(
      await instance.send('POST', 'chores/sweep/run', { force: true }),
      400,
      'invalid',
      'The body is not as described: Unrecognized key: "force"',
    )
  })

  it('are for the operator alone', async () => {
    for (const path of ['chores', 'chores/sweep'])
      expect((await house.call('GET', `/-/api/v1/${path}`, { as: 'olga' })).status).to.be.oneOf([401, 403])
  })
})
