import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, type Management, memberOf, operatorOf, type Thing } from '../../support/management.js'

describe('tokens of the management interface', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    const repositories = [
      { name: 'files', format: 'raw' },
      { name: 'other', format: 'raw' },
    ]
    house = await openHouse({ plugins: [raw, api], repositories })
    operator = operatorOf(house)
  })
  afterEach(() => house.close())

  const request = async (method: string, path: string, token: unknown) => {
    const headers = { authorization: `Bearer ${token}` }
    const body = method === 'PUT' ? { body: 'x' } : {}
    return (await house.call(method, `/acme/${path}`, { as: 'nobody', headers, ...body })).status
  }
  const issue = (body: object) =>
    operator.done('POST', 'tokens', { member: 'dora', name: 'ci', scopes: ['repo:*:read'], ...body })

  it('are issued by the operator, shown once, listed without the secret, and live ninety days', async () => {
    const before = Date.now()
    const answer = await operator.send('POST', 'tokens', { member: 'dora', name: 'ci', scopes: ['repo:*:write', 'org:read'] })
    const issued = answer.json() as Record<string, string>
    expect(answer.status).to.equal(201)
    expect(Object.keys(issued)).to.deep.equal(['id', 'token', 'prefix', 'expiresAt'])
    expect(issued['token']).to.match(/^crt_u_[0-9A-Za-z]{46}$/)
    expect(issued['prefix']).to.equal(issued['token']?.slice(0, 12))
    const lives = Date.parse(issued['expiresAt'] ?? '') - before
    expect(lives).to.be.within(90 * 86_400_000, 90 * 86_400_000 + 60_000)

    const list = await operator.send('GET', 'tokens?member=dora')
    expect(list.text()).to.not.contain(issued['token'])
    const { items } = list.json() as { items: Thing[] }
    expect(items.map(({ name }) => name).toSorted()).to.deep.equal(['ci', 'test'])
    const ci = items.find(({ id }) => id === issued['id'])
    expect(ci).to.deep.equal({
      id: issued['id'],
      member: 'dora',
      name: 'ci',
      prefix: issued['prefix'],
      scopes: ['repo:*:write', 'org:read'],
      createdAt: ci?.['createdAt'],
      expiresAt: issued['expiresAt'],
      lastUsedAt: null,
    })
  })

  it('do what their scopes and their owner may, and no more', async () => {
    const { id: files } = await operator.done('GET', 'repositories/files')
    const { token: reading } = await issue({})
    const { token: one } = await issue({ scopes: [`repo:${files}:write`] })
    const { token: above } = await issue({ member: 'rita', scopes: ['repo:*:delete'] })
    expect([await request('PUT', 'files/a', reading), await request('GET', 'files/', reading)]).to.deep.equal([403, 200])
    expect([await request('PUT', 'files/a', one), await request('DELETE', 'files/a', one)]).to.deep.equal([201, 403])
    expect([await request('PUT', 'other/a', one), await request('GET', 'other/', one)]).to.deep.equal([404, 404])
    expect([await request('GET', 'files/a', above), await request('PUT', 'files/a', above)]).to.deep.equal([200, 403])
    expect(await request('GET', '-/api/v1/repositories', one)).to.equal(200)
    expect(await request('GET', '-/api/v1/repositories/other', one)).to.equal(404)
    expect(await request('GET', '-/api/v1/organization', one)).to.equal(403)
  })

  it('of service accounts outlive nothing but have a life of their own', async () => {
    await operator.done('POST', 'members', { name: 'bot', kind: 'service', role: 'developer' })
    const { token } = await issue({ member: 'bot', scopes: ['repo:*:write'], expiresInDays: 365 })
    expect(token).to.match(/^crt_s_/)
    expect(await request('PUT', 'files/a', token)).to.equal(201)
    await operator.done('DELETE', 'members/bot')
    expect(await request('GET', 'files/a', token)).to.equal(401)
  })

  it('are dead at the next request once revoked, by whose they are or by the id alone', async () => {
    const first = await issue({})
    const second = await issue({ member: 'rita' })
    expect([await request('GET', 'files/', first['token']), await request('GET', 'files/', second['token'])]).to.deep.equal([
      200, 200,
    ])
    expectRefusal(
      await operator.send('DELETE', `tokens/${second['id']}?member=dora`),
      404,
      'not-found',
      `token not found: ${second['id']}`,
    )
    expect((await operator.send('DELETE', `tokens/${first['id']}?member=dora`)).status).to.equal(204)
    expect((await operator.send('DELETE', `tokens/${second['id']}`)).status).to.equal(204)
    expect([await request('GET', 'files/', first['token']), await request('GET', 'files/', second['token'])]).to.deep.equal([
      401, 401,
    ])
    for (const path of [`tokens/${first['id']}?member=dora`, `tokens/${first['id']}`]) {
      expectRefusal(await operator.send('DELETE', path), 404, 'not-found', `token not found: ${first['id']}`)
    }
    expectRefusal(
      await operatorOf(house, 'beta').send('DELETE', `tokens/${first['id']}`),
      404,
      'not-found',
      `token not found: ${first['id']}`,
    )
    expect((await operator.items('tokens')).map(({ member, name }) => [member, name])).to.deep.equal(
      ['dora', 'gus', 'olga', 'rita'].map((member) => [member, 'test']),
    )
  })

  it('make, list and revoke no tokens, whoever has them', async () => {
    const mine = await issue({ scopes: ['repo:*:delete', 'org:read'] })
    for (const somebody of ['olga', 'dora', 'rita'] as const) {
      const member = memberOf(house, somebody)
      for (const body of [
        { name: 'more', scopes: ['repo:*:read'] },
        { member: somebody, name: 'more', scopes: ['repo:*:read'] },
        { member: 'olga', name: 'more', scopes: ['repo:*:delete'] },
      ]) {
        expectForbidden(await member.send('POST', 'tokens', body), 'tokens.issue')
      }
      expectForbidden(await member.send('DELETE', `tokens/${mine['id']}`), 'tokens.issue')
      expectForbidden(await member.send('GET', 'tokens?member=dora'), 'members.read')
      expectRefusal(
        await member.send('GET', 'tokens'),
        403,
        'forbidden',
        'Tokens are managed by a member who signed in, never by a token',
      )
      const basic = Buffer.from(`any:${house.token(somebody)}`).toString('base64')
      const asBasic = await house.call('POST', '/acme/-/api/v1/tokens', {
        as: 'nobody',
        headers: { authorization: `Basic ${basic}` },
        body: '{"name":"more","scopes":["repo:*:read"]}',
      })
      expect(asBasic.status).to.equal(401)
    }
    expect(await operator.items('tokens?member=olga')).to.have.length(1)
  })

  it('of the operator are strangers on artifact addresses', async () => {
    await house.call('PUT', '/acme/files/a', { body: 'a' })
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect(await request(method, 'files/a', house.operatorToken()), method).to.equal(401)
    }
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a'])
  })

  it('refuse requests that name nobody, nothing or nonsense, and none is made', async () => {
    const send = (body: unknown) => operator.send('POST', 'tokens', body)
    const good = { member: 'dora', name: 'ci', scopes: ['repo:*:read'] }
    const shape = 'The body is not as described: '
    expectRefusal(await send({ name: 'ci', scopes: ['repo:*:read'] }), 400, 'invalid', 'Say whose token it is: member')
    expectRefusal(await send({ ...good, member: 'nobody' }), 404, 'not-found', 'member not found: nobody')
    expectRefusal(await send({ ...good, scopes: ['repo:*:administer'] }), 400, 'invalid', 'Unknown scope: repo:*:administer')
    expectRefusal(await send({ ...good, scopes: ['repo:r_1:read'] }), 404, 'not-found', 'repository not found: r_1')
    const { id: foreign } = await operatorOf(house, 'beta').done('GET', 'repositories/files')
    expectRefusal(await send({ ...good, scopes: [`repo:${foreign}:read`] }), 404, 'not-found', `repository not found: ${foreign}`)
    expectRefusal(
      await send({ ...good, scopes: [] }),
      400,
      'invalid',
      `${shape}scopes: Too small: expected array to have >=1 items`,
    )
    for (const expiresInDays of [0, 366, 1.5, '30']) {
      expect((await send({ ...good, expiresInDays })).status, String(expiresInDays)).to.equal(400)
    }
    expect((await send({ ...good, cidr: ['203.0.113.0/33'] })).status).to.equal(400)
    for (const field of ['kind', 'id', 'role', 'expiresAt', 'packages']) {
      expectRefusal(await send({ ...good, [field]: 'x' }), 400, 'invalid', `${shape}Unrecognized key: "${field}"`)
    }
    expect(await operator.items('tokens?member=dora')).to.have.length(1)
  })
})
