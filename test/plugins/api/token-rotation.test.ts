import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { memberOf, operatorOf } from '../../support/management.js'

const day = 24 * 60 * 60_000
interface Issued {
  readonly id: string
  readonly token: string
  readonly prefix: string
  readonly expiresAt: string
}

describe('rotation of tokens', () => {
  let clock: FixedClock
  let house: House
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }], clock, idle: true })
  })
  afterEach(() => house.close())

  const get = async (token: string) =>
    (await house.call('GET', '/acme/files/', { as: 'nobody', headers: { authorization: `Bearer ${token}` } })).status
  const issue = async (body: object) => (await operatorOf(house).done('POST', 'tokens', body)) as unknown as Issued
  const rotate = (id: string, body: object) => operatorOf(house).send('POST', `tokens/${id}/rotate`, body)

  it('gives another one of the same scopes and life, and leaves the old one as long as it is asked to', async () => {
    const old = await issue({ member: 'rita', name: 'ci', scopes: ['repo:*:read'], expiresInDays: 30 })
    clock.advance(10 * day)
    const answer = await rotate(old.id, { overlapDays: 7 })
    expect(answer.status).to.equal(201)
    const fresh = answer.json() as Issued
    expect(fresh.expiresAt).to.equal(new Date(clock.now().getTime() + 30 * day).toISOString())
    expect(fresh.prefix).to.equal(fresh.token.slice(0, 12))
    const listed = (await operatorOf(house).items('tokens?member=rita')).filter(({ name }) => name === 'ci')
    expect(
      listed
        .map(({ id, scopes, expiresAt }) => ({ id, scopes, expiresAt }))
        .sort((a, b) => (a.id === old.id ? -1 : b.id === old.id ? 1 : 0)),
    ).to.deep.equal([
      { id: old.id, scopes: ['repo:*:read'], expiresAt: new Date(clock.now().getTime() + 7 * day).toISOString() },
      { id: fresh.id, scopes: ['repo:*:read'], expiresAt: fresh.expiresAt },
    ])
    clock.advance(7 * day - 1)
    expect([await get(old.token), await get(fresh.token)]).to.deep.equal([200, 200])
    clock.advance(1)
    expect([await get(old.token), await get(fresh.token)]).to.deep.equal([401, 200])
    expect((await rotate(old.id, {})).status, 'one that ran out').to.equal(404)
  })

  it('ends the old one at once where no overlap is asked for, and never gives it a longer life', async () => {
    const old = await issue({ member: 'rita', name: 'ci', scopes: ['repo:*:read'], expiresInDays: 30 })
    const at = clock.now().getTime()
    const fresh = (await rotate(old.id, { overlapDays: 0, member: 'rita' })).json() as Issued
    expect([await get(old.token), await get(fresh.token)]).to.deep.equal([401, 200])
    clock.advance(28 * day)
    await rotate(fresh.id, { overlapDays: 7 })
    const listed = (await operatorOf(house).items('tokens?member=rita')).find(({ id }) => id === fresh.id)
    expect(listed?.['expiresAt']).to.equal(new Date(at + 30 * day).toISOString())
  })

  it('is for a member in a session of theirs, for tokens of their own, and never for a token', async () => {
    const own = await issue({ member: 'dora', name: 'ci', scopes: ['repo:*:write'] })
    const foreign = await issue({ member: 'rita', name: 'ci', scopes: ['repo:*:read'] })
    const browser = new Browser(house)
    await browser.signIn('dora', house.password('dora'))
    expect((await browser.call('POST', `tokens/${own.id}/rotate`, { body: {} })).status).to.equal(201)
    expect((await browser.call('POST', `tokens/${foreign.id}/rotate`, { body: {} })).status).to.equal(404)
    expect((await browser.call('POST', `tokens/${foreign.id}/rotate`, { body: { member: 'rita' } })).status).to.equal(403)
    expect((await memberOf(house, 'dora').send('POST', `tokens/${own.id}/rotate`, {})).status).to.equal(403)
    for (const overlapDays of [-1, 8, 1.5, '1', null])
      expect((await rotate(own.id, { overlapDays })).status, String(overlapDays)).to.equal(400)
    clock.advance(11 * 60_000)
    expect((await browser.call('POST', `tokens/${own.id}/rotate`, { body: {} })).status, 'no step-up').to.equal(403)
  })
})
