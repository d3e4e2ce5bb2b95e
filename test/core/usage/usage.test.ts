import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { instanceOf, memberOf, operatorOf } from '../../support/management.js'
import { countedByHand, idOf, saidUsage } from '../../support/usage-world.js'

const minute = 60_000
const week = 7 * 86_400_000

describe('usage', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [raw, api],
      clock,
      repositories: [
        { name: 'one', format: 'raw' },
        { name: 'two', format: 'raw' },
      ],
    })
  })
  afterEach(() => house.close())

  const put = async (path: string, bytes: number | string, somebody: 'dora' | 'bert' = 'dora') => {
    const body = typeof bytes === 'string' ? bytes : Buffer.alloc(bytes, path)
    const answer = await house.call('PUT', path, { as: somebody, body })
    expect(answer.status, answer.text()).to.be.within(200, 204)
  }
  const chore = async (confirmed = false) => (await house.kernel.chores.run('usage', { confirmed })).status.last?.result
  /** Usage is what a look at every row says; then folded, it still is. */
  const agreed = async () => {
    const byHand = await countedByHand(house)
    expect(await saidUsage(house), 'before it was folded').to.deep.equal(byHand)
    clock.advance(3 * minute)
    await chore()
    expect(await saidUsage(house), 'after it was folded').to.deep.equal(byHand)
    return byHand
  }

  it('is the sum over the rows of versions, in each repository and in all', async () => {
    await put('/acme/one/a.bin', 1_000)
    await put('/acme/one/b/c.bin', 200)
    await put('/acme/two/d.bin', 30)
    await put('/beta/one/e.bin', 4, 'bert')
    expect(await agreed()).to.deep.equal({ storageBytes: 1_230, files: 3, versions: 3 })
    const { countedAt, ...usage } = await operatorOf(house).done('GET', 'usage')
    expect(countedAt).to.be.a('string')
    expect(usage).to.deep.equal({
      organization: 'acme',
      storageBytes: 1_230,
      files: 3,
      versions: 3,
      quota: null,
      reservedBytes: 0,
      repositories: [
        { repository: 'one', storageBytes: 1_200, files: 2, versions: 2 },
        { repository: 'two', storageBytes: 30, files: 1, versions: 1 },
      ],
    })
    expect((await instanceOf(house).items('usage')).map((one) => [one['organization'], one['storageBytes']])).to.deep.equal([
      ['acme', 1_230],
      ['beta', 4],
    ])
  })

  it('counts equal bytes each time, and what was replaced or deleted as long as it is kept', async () => {
    await put('/acme/one/a.bin', 'equal')
    await put('/acme/one/b.bin', 'equal')
    await put('/acme/one/a.bin', 'equal')
    await put('/acme/one/b.bin', 'changed')
    expect((await house.call('DELETE', '/acme/one/a.bin', { as: 'olga' })).status).to.equal(204)
    expect(await agreed()).to.deep.equal({ storageBytes: 17, files: 1, versions: 3 })
    await put('/acme/one/a.bin', 'equal')
    expect(await agreed()).to.deep.equal({ storageBytes: 22, files: 2, versions: 4 })
  })

  it('does not count what broke off or was refused, and what belonged to a repository that is gone until it is purged', async () => {
    await put('/acme/one/a.bin', 100)
    await put('/acme/two/b.bin', 1_000)
    expect((await house.call('PUT', '/acme/one/c.bin', { body: 'x', headers: { digest: 'sha-256=AAAA' } })).status).to.equal(400)
    await operatorOf(house).done('DELETE', 'repositories/two')
    expect(await agreed()).to.deep.equal({ storageBytes: 1_100, files: 2, versions: 2 })
    await operatorOf(house).done('DELETE', 'deleted-repositories/two')
    expect(await saidUsage(house)).to.deep.equal({ storageBytes: 100, files: 1, versions: 1 })
    clock.advance(11 * minute)
    await house.kernel.wakeReminders()
    await chore()
    expect(await saidUsage(house)).to.deep.equal(await countedByHand(house))
    const left = []
    for await (const { key } of house.parts.metadata.range(`${await idOf(house, 'acme')}\0q`, {})) left.push(key.path[0])
    expect(left).to.deep.equal(['repository', 'usage'])
  })

  it('folds each log row once, whoever folds and however often', async () => {
    for (let n = 0; n < 30; n++) await put(`/acme/one/${n}.bin`, n)
    clock.advance(3 * minute)
    expect(await chore()).to.deep.equal({ folded: 30, returned: 0 })
    const other = await openHouse({ plugins: [raw, api], clock, beside: house })
    try {
      clock.advance(5 * minute)
      expect((await other.kernel.chores.run('usage', {})).status.last?.result).to.equal(undefined)
      await put('/acme/two/more.bin', 7)
      clock.advance(3 * minute)
      expect((await other.kernel.chores.run('usage', {})).status.last?.result).to.deep.equal({ folded: 1, returned: 0 })
    } finally {
      await other.close()
    }
    expect(await agreed()).to.deep.equal({ storageBytes: 442, files: 31, versions: 31 })
  })

  it('misses nothing of a node whose clock is a minute behind that of the node that folds', async () => {
    const late = new FixedClock(clock.now().getTime() - minute - 1_000)
    const other = await openHouse({ plugins: [raw, api], clock: late, beside: house })
    try {
      await put('/acme/one/first.bin', 100)
      clock.advance(4 * minute)
      late.advance(4 * minute)
      await chore()
      const answer = await other.call('PUT', '/acme/one/late.bin', { body: Buffer.alloc(7) })
      expect(answer.status).to.equal(201)
      expect(await agreed()).to.deep.equal({ storageBytes: 107, files: 2, versions: 2 })
    } finally {
      await other.close()
    }
  })

  it('is counted from the rows once a week, and corrected where it was wrong', async () => {
    await put('/acme/one/a.bin', 100)
    await put('/acme/two/b.bin', 10)
    const key = { partition: `${await idOf(house, 'acme')}\0q`, path: ['repository', 'bogus'] }
    clock.advance(3 * minute)
    await chore()
    await house.parts.metadata.commit([{ op: 'put', key, value: { v: 1, bytes: 5, files: 5, versions: 5 } }], 'bogus')
    await put('/acme/one/c.bin', 1)
    clock.advance(week)
    // Younger than the moment that is counted: it is in the log, and stays there.
    await put('/acme/one/d.bin', 1_000)
    const result = await chore()
    expect(result).to.include({ counted: 2, corrected: 0 })
    expect(await agreed()).to.deep.equal({ storageBytes: 1_111, files: 4, versions: 4 })
  })

  it('of a store that was never counted is told after the first count', async () => {
    await put('/acme/one/a.bin', 100)
    await put('/acme/one/a.bin', 'younger')
    expect((await house.call('DELETE', '/acme/one/a.bin', { as: 'olga' })).status).to.equal(204)
    await put('/acme/two/b.bin', 10)
    const partition = `${await idOf(house, 'acme')}\0q`
    await house.parts.metadata.commit([{ op: 'delete', key: { partition, path: ['usage'] } }], 'uncounted')
    expect((await operatorOf(house).done('GET', 'usage'))['storageBytes']).to.equal(null)
    clock.advance(3 * minute)
    await put('/acme/two/c.bin', 1)
    expect(await chore()).to.include({ counted: 2, corrected: 117 })
    expect(await agreed()).to.deep.equal({ storageBytes: 118, files: 2, versions: 4 })
  })

  it('is shown to members of the organization, with the repositories that they may read', async () => {
    await put('/acme/one/a.bin', 100)
    const dora = await memberOf(house, 'dora').done('GET', 'usage')
    expect([dora['storageBytes'], (dora['repositories'] as unknown[]).length]).to.deep.equal([100, 2])
    expect((await memberOf(house, 'bert').send('GET', 'usage')).status).to.equal(401)
    expect((await memberOf(house, 'gus').send('GET', 'usage')).status).to.be.oneOf([403, 200])
    expect((await house.call('GET', '/-/api/v1/usage', { as: 'olga' })).status).to.be.oneOf([401, 403])
  })
})
