import { expect } from 'chai'
import api from '../../plugins/api/index.js'
import raw from '../../plugins/raw/index.js'
import { FixedClock } from '../support/fixed-clock.js'
import { type House, openHouse } from '../support/house.js'
import { instanceOf, operatorOf } from '../support/management.js'
import { countedByHand } from '../support/usage-world.js'

const day = 86_400_000

describe('the days of an organization in which deletes can be undone', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [raw, api],
      repositories: [{ name: 'files', format: 'raw' }],
      clock,
      parts: async () => ({ limits: { keepVersions: 0 } }),
    })
  })
  afterEach(() => house.close())

  const set = (undoDays: number | null) => instanceOf(house).done('PATCH', 'organizations/acme', { undoDays })
  const put = (body: string, org = 'acme') =>
    house.call('PUT', `/${org}/files/a.txt`, { as: org === 'acme' ? 'dora' : 'bert', body })
  const remove = (org = 'acme') => house.call('DELETE', `/${org}/files/a.txt`, { as: org === 'acme' ? 'olga' : 'bert' })
  const left = async (org = 'acme') => {
    const [one] = await operatorOf(house, org).items('deleted?repository=files')
    return one && (new Date(String(one['purgeAfter'])).getTime() - clock.now().getTime()) / day
  }
  const sweep = () => house.kernel.chores.run('sweep', { dryRun: false })

  it('are fourteen, or as many as its row says: for what is deleted from then on', async () => {
    expect((await instanceOf(house).done('GET', 'organizations/acme'))['undoDays']).to.equal(null)
    for (const [days, expected] of [
      [null, 14],
      [90, 90],
      [3, 3],
    ] as const) {
      expect((await set(days))['undoDays']).to.equal(days)
      await put('content')
      await remove()
      expect(await left()).to.equal(expected)
      const [one] = await operatorOf(house).items('deleted?repository=files')
      await operatorOf(house).done('POST', `deleted/files/${one?.['id']}/undo`)
    }
    await put('content', 'beta')
    await remove('beta')
    expect(await left('beta')).to.equal(14)
    await remove()
    await set(90)
    expect(await left()).to.equal(3)
  })

  it('none: what is deleted is gone for good, and its bytes with the next sweep', async () => {
    await set(0)
    await put('content')
    await remove()
    expect(await left()).to.equal(undefined)
    clock.advance(600_000)
    await sweep()
    expect(await countedByHand(house)).to.deep.equal({ storageBytes: 0, files: 0, versions: 0 })
  })

  it('are those for which replaced versions are kept', async () => {
    await set(30)
    for (const org of ['acme', 'beta']) for (const body of ['one', 'two']) await put(body, org)
    clock.advance(20 * day)
    await sweep()
    expect([(await countedByHand(house)).versions, (await countedByHand(house, 'beta')).versions]).to.deep.equal([2, 1])
    clock.advance(11 * day)
    await sweep()
    expect((await countedByHand(house)).versions).to.equal(1)
  })

  it('are a whole number from 0 to 90', async () => {
    for (const undoDays of [-1, 91, 1.5, '14'])
      expect((await instanceOf(house).send('PATCH', 'organizations/acme', { undoDays })).status).to.equal(400)
    expect((await instanceOf(house).done('GET', 'organizations/acme'))['undoDays']).to.equal(null)
  })
})
