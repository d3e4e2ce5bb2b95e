import { expect } from 'chai'
import { defaultLimits } from '../../../core/runtime/limits.js'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type Answer, type House, openHouse, type Somebody } from '../../support/house.js'
import { expectRefusal, memberOf, operatorOf } from '../../support/management.js'

const most = 3

describe('searches of one caller', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [npm, api],
      repositories: [
        { name: 'js', format: 'npm' },
        { name: 'open', format: 'npm', public: true },
      ],
      clock,
      behindProxy: true,
      parts: async () => ({ limits: { searchesPerMinute: most, auditsPerMinute: most + 1 } }),
    })
  })
  afterEach(() => house.close())

  const inJs = (as: Somebody = 'dora', org = 'acme') => house.call('GET', `/${org}/js/-/v1/search?text=ui`, { as })
  const stranger = (address: string) =>
    house.call('GET', '/acme/open/-/v1/search?text=ui', { as: 'nobody', headers: { 'x-forwarded-for': address } })
  async function statuses(times: number, search: () => Promise<Answer>): Promise<readonly number[]> {
    const found: number[] = []
    for (let at = 0; at < times; at++) found.push((await search()).status)
    return found
  }

  it('are sixty a minute where nobody says otherwise, and audits three hundred', () => {
    expect([defaultLimits.searchesPerMinute, defaultLimits.auditsPerMinute]).to.deep.equal([60, 300])
  })

  it('are counted apart from audits, which every installation asks for', async () => {
    const audit = () => house.call('POST', '/acme/js/-/npm/v1/security/advisories/bulk', { body: '{}' })
    expect(await statuses(3, inJs)).to.deep.equal([200, 200, 200])
    expect(await statuses(5, audit)).to.deep.equal([200, 200, 200, 200, 429])
    expect((await audit()).json()).to.deep.equal({ error: 'At most 4 audits a minute' })
  })

  it('are refused beyond their number, in the words of each door, until a minute has passed since the first', async () => {
    expect(await statuses(2, inJs)).to.deep.equal([200, 200])
    clock.advance(20_000)
    expect((await memberOf(house, 'dora').send('GET', 'search?q=ui')).status).to.equal(200)
    const refused = await inJs()
    expect([refused.status, refused.headers['retry-after'], refused.json()]).to.deep.equal([
      429,
      '40',
      { error: 'At most 3 searches a minute' },
    ])
    const managed = await memberOf(house, 'dora').send('GET', 'search?q=ui')
    expect([managed.status, managed.headers['retry-after']]).to.deep.equal([429, '40'])
    expect(managed.json()).to.deep.include({ status: 429, code: 'throttled', detail: 'At most 3 searches a minute' })
    // What was refused does not count.
    clock.advance(40_000)
    expect(await statuses(3, inJs)).to.deep.equal([200, 200, 429])
    clock.advance(20_000)
    expect(await statuses(2, inJs)).to.deep.equal([200, 429])
  })

  it('are nobody else`s: other members, other organizations and everything but searching go on', async () => {
    expect(await statuses(most + 1, inJs)).to.deep.equal([200, 200, 200, 429])
    expect((await inJs('rita')).status).to.equal(200)
    expect((await inJs('bert', 'beta')).status).to.equal(200)
    expect((await operatorOf(house).send('GET', 'search?q=ui')).status).to.equal(200)
    expect((await house.call('GET', '/acme/js/-/ping')).status).to.equal(200)
    expect((await memberOf(house, 'dora').send('GET', 'repositories')).status).to.equal(200)
  })

  it('of strangers count by address, of IPv6 by its /64', async () => {
    expect(await statuses(most + 1, () => stranger('203.0.113.7'))).to.deep.equal([200, 200, 200, 429])
    expect((await stranger('203.0.113.8')).status).to.equal(200)
    expect(await statuses(most, () => stranger('2001:db8:1:2::1'))).to.deep.equal([200, 200, 200])
    expect((await stranger('2001:db8:1:2:ffff::9')).status).to.equal(429)
    expect((await stranger('2001:db8:1:3::1')).status).to.equal(200)
  })

  it('are not counted for whoever may not search there at all', async () => {
    for (let at = 0; at < most + 2; at++) {
      expect((await inJs('gus')).status).to.equal(404)
      expect((await inJs('nobody')).status).to.equal(401)
    }
    expectRefusal(
      await memberOf(house, 'dora').send('GET', `search?q=${encodeURIComponent('é'.repeat(257))}`),
      400,
      'invalid',
      'The query is not as described: q: at most 512 bytes',
    )
  })
})
