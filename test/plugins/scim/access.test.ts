import { expect } from 'chai'
import { FixedClock } from '../../support/fixed-clock.js'
import type { House } from '../../support/house.js'
import { memberOf, operatorOf } from '../../support/management.js'
import { expectScimError, mediaType, Provider, scimHouse, urn } from '../../support/scim.js'

const wanted = 'This address wants a SCIM token of its organization'

describe('the way in to SCIM', () => {
  let house: House
  beforeEach(async () => {
    house = await scimHouse({ behindProxy: true })
  })
  afterEach(() => house.close())

  it('is a token of the organization for SCIM, and nothing else', async () => {
    const okta = await Provider.of(house)
    expect((await okta.list('/Users')).totalResults).to.equal(4)
    const operator = house.operatorToken()
    const basic = Buffer.from(`olga:${house.password('olga')}`).toString('base64')
    const strangers = [
      undefined,
      `Bearer ${house.token('olga')}`,
      `Bearer ${operator}`,
      `Basic ${basic}`,
      'non-token',
      `Bearer ${okta.token}x`,
    ]
    for (const [at, authorization] of strangers.entries()) {
      for (const path of ['Users', 'Users/', 'Nowhere', 'Bulk', 'Me']) {
        const headers = { 'x-forwarded-for': `192.0.2.${at}`, ...(authorization === undefined ? {} : { authorization }) }
        const answer = await house.call('GET', `/acme/-/scim/v2/${path}`, { as: 'nobody', headers })
        expectScimError(answer, 401, wanted)
        expect(answer.headers['www-authenticate']).to.equal('Bearer realm="acme"')
      }
    }
    for (const organization of ['beta', 'nowhere']) {
      const elsewhere = await new Provider(house, okta.token, organization).send('GET', '/Users')
      expectScimError(elsewhere, 401, wanted)
    }
    const headers = { authorization: `bearer ${okta.token}` }
    expect((await house.call('GET', '/acme/-/scim/v2/Users/', { as: 'nobody', headers })).status).to.equal(200)
    const useless = ['/acme/files/', '/acme/-/api/v1/members', '/acme/-/api/v1/scim-tokens', '/-/api/v1/organizations']
    for (const target of useless)
      expect((await house.call('GET', target, { as: 'nobody', headers })).status, target).to.equal(401)
  })

  it("answers in SCIM's words whatever is asked", async () => {
    const okta = await Provider.of(house)
    const refusals: readonly (readonly [string, string, number, string])[] = [
      ['GET', '/Nowhere', 404, 'Address not found: /v2/Nowhere'],
      ['PUT', '/Users', 405, 'Method not allowed'],
      ['GET', '/Users/.search', 405, 'Method not allowed'],
      ['POST', '/Schemas', 405, 'Method not allowed'],
      ['GET', '/Bulk', 405, 'Method not allowed'],
    ]
    for (const [method, path, status, detail] of refusals) {
      const answer = await okta.send(method, path, method === 'GET' ? undefined : {})
      expectScimError(answer, status, detail)
      if (status === 405) expect(answer.headers['allow']).to.match(/OPTIONS$/)
    }
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await okta.send(method, '/Me')
      expect([answer.status, (answer.json() as { detail: string }).detail]).to.deep.equal([
        501,
        `A token of an identity provider belongs to no user: there is no /Me (request ${answer.headers['x-request-id']})`,
      ])
    }
    const old = await house.call('GET', '/acme/-/scim/v1/Users', {
      as: 'nobody',
      headers: { authorization: `Bearer ${okta.token}` },
    })
    expect([old.status, old.headers['content-type']]).to.deep.equal([404, mediaType])
  })

  it('has two tokens for each provider, revoked at once', async () => {
    const operator = operatorOf(house)
    const one = await operator.done('POST', 'scim-tokens', { connection: 'okta', cidr: ['127.0.0.0/8'] })
    const two = await operator.done('POST', 'scim-tokens', { connection: 'okta', expiresInDays: 1 })
    expect(Object.keys(one)).to.deep.equal(['id', 'token', 'prefix', 'expiresAt'])
    expect(one['token']).to.match(/^crt_x_[0-9A-Za-z]{46}$/)
    const third = await operator.send('POST', 'scim-tokens', { connection: 'okta' })
    expect([third.status, (third.json() as { detail: string }).detail]).to.deep.equal([
      409,
      'okta has 2 tokens already: revoke the one that is not used any more',
    ])
    const [first, second] = [one, two].map(({ token }) => new Provider(house, String(token)))
    expect([(await first?.send('GET', '/Users'))?.status, (await second?.send('GET', '/Users'))?.status]).to.deep.equal([
      200, 200,
    ])
    expect((await first?.send('GET', '/Users', undefined, { 'x-forwarded-for': '192.0.2.9' }))?.status).to.equal(401)
    const items = await operator.items('scim-tokens')
    expect(items.map(({ id, connection, cidr }) => [id, connection, cidr]).sort()).to.deep.equal(
      [
        [one['id'], 'okta', ['127.0.0.0/8']],
        [two['id'], 'okta', []],
      ].sort(),
    )
    expect(JSON.stringify(items)).to.not.contain(String(one['token']))
    await operator.done('DELETE', `scim-tokens/${one['id']}`)
    expect((await first?.send('GET', '/Users'))?.status).to.equal(401)
    expect((await operator.send('DELETE', `scim-tokens/${one['id']}`)).status).to.equal(404)
    await operator.done('POST', 'scim-tokens', { connection: 'okta' })
    // Of two that are made at one moment one is one too many.
    const racing = await Promise.all(
      Array.from({ length: 5 }, () => operator.send('POST', 'scim-tokens', { connection: 'entra' })),
    )
    expect(racing.map(({ status }) => status).sort()).to.deep.equal([201, 201, 409, 409, 409])
    expect((await memberOf(house, 'dora').send('POST', 'scim-tokens', { connection: 'x' })).status).to.equal(403)
    expect((await operator.send('POST', 'scim-tokens', { connection: 'No Name' })).status).to.equal(400)
  })

  it('is as wide as fifty requests a second, two hundred at once, whichever of its tokens a provider uses', async () => {
    const clock = new FixedClock()
    const still = await scimHouse({ clock, idle: true })
    try {
      const [okta, again, entra] = [await Provider.of(still), await Provider.of(still), await Provider.of(still, 'acme', 'entra')]
      const look = (provider: Provider) => provider.send('GET', '/Users?count=0')
      for (let at = 0; at < 200; at += 1) expect((await look(at % 2 ? okta : again)).status, String(at)).to.equal(200)
      for (const provider of [okta, again]) {
        const answer = await look(provider)
        expectScimError(answer, 429, 'At most 200 requests in 4 seconds')
        expect(answer.headers['retry-after']).to.equal('4')
      }
      expect((await look(entra)).status).to.equal(200)
      clock.advance(3_999)
      expect((await look(okta)).status).to.equal(429)
      clock.advance(1)
      expect((await look(okta)).status).to.equal(200)
    } finally {
      await still.close()
    }
  })

  it('ends what a leaver has on the next request, and brings nothing of it back', async () => {
    const okta = await Provider.of(house)
    const operator = operatorOf(house)
    const [dora] = (await okta.list('/Users?filter=userName+eq+%22dora%22')).Resources
    const look = async (authorization: string) =>
      (await house.call('GET', '/acme/files/', { as: 'nobody', headers: { authorization } })).status
    const token = `Bearer ${house.token('dora')}`
    const basic = `Basic ${Buffer.from(`dora:${house.password('dora')}`).toString('base64')}`
    expect([await look(token), await look(basic)]).to.deep.equal([200, 200])
    expect((await okta.patch(`/Users/${dora?.id}`, { op: 'Replace', path: 'active', value: 'False' })).status).to.equal(200)
    expect([await look(token), await look(basic)]).to.deep.equal([401, 401])
    expect(await okta.names('userName eq "dora" and active eq false')).to.deep.equal(['dora'])
    expect((await okta.patch(`/Users/${dora?.id}`, { op: 'replace', value: { active: true } })).status).to.equal(200)
    expect(await look(basic)).to.equal(200)
    const owners = await okta.list('/Users?filter=userName+eq+%22olga%22')
    const last = await okta.patch(`/Users/${owners.Resources[0]?.id}`, { op: 'replace', value: { active: false } })
    expectScimError(last, 409, 'The last active owner stays an owner')
    expect(await operator.done('GET', 'members/olga')).to.deep.include({ status: 'active' })
    expect(
      (await okta.send('POST', '/Users', { schemas: [urn.user], userName: 'x', roles: [{ value: 'owner' }] })).status,
    ).to.equal(201)
    expect(await operator.done('GET', 'members/x')).to.deep.include({ role: null })
  })
})
