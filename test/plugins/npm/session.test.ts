import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'

describe('npm: who is asking', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm, api], repositories: [{ name: 'js', format: 'npm' }] })
  })
  afterEach(() => house.close())

  const login = (name: string, password: string, headers: Record<string, string> = {}, after = '') =>
    house.call('PUT', `/acme/js/-/user/org.couchdb.user:${name}${after}`, {
      as: 'nobody',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        _id: `org.couchdb.user:${name}`,
        name,
        password,
        type: 'user',
        roles: [],
        date: '2026-11-21T23:20:49.414Z',
      }),
    })
  const withToken = (token: string, method: string, target: string, body?: string) =>
    house.call(method, `/acme/js/${target}`, {
      as: 'nobody',
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    })
  const tokenOf = async (name: Exclude<Somebody, 'nobody'>) =>
    ((await login(name, house.password(name))).json() as { token: string }).token

  it('logs in by name and password, with a token that can do what its member can here', async () => {
    const answer = await login('dora', house.password('dora'))
    expect(answer.status).to.equal(201)
    const { token, ...rest } = answer.json() as { token: string }
    expect(rest).to.deep.equal({ ok: true, id: 'org.couchdb.user:dora', rev: '_we_dont_use_revs_any_more' })
    expect(token).to.match(/^crt_u_/)
    expect((await withToken(token, 'GET', '-/whoami')).json()).to.deep.equal({ username: 'dora' })
    const body = JSON.stringify(await publishBody({ name: 'foo', version: '1.0.0' }))
    expect((await withToken(token, 'PUT', 'foo', body)).status).to.equal(201)
    const { _rev } = (await withToken(token, 'GET', 'foo')).json() as { _rev: string }
    expect((await withToken(token, 'DELETE', `foo/-rev/${_rev}`)).status).to.equal(403)
    expect((await withToken(await tokenOf('olga'), 'DELETE', `foo/-rev/${_rev}`)).status).to.equal(200)
  })

  it('gives no token for a password that could not be set today, and says what to do', async () => {
    const passwordHash =
      'pbkdf2+blake2b-512$000102030405060708090a0b$50000$144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'
    await operatorOf(house).done('POST', 'members', { name: 'bo', passwordHash, role: 'developer' })
    const answer = await login('bo', 'password')
    const words =
      'This password is among the first that are guessed: set another one, or use an API token instead of the password'
    expect([answer.status, answer.json()]).to.deep.equal([401, { error: words }])
    expect(answer.headers['npm-notice']).to.equal(words)
  })

  it('logs in whatever old token the client still sends, and at the address that npm tries after a conflict', async () => {
    expect((await login('rita', house.password('rita'), { authorization: 'Bearer crt_u_expired' })).status).to.equal(201)
    expect((await login('rita', house.password('rita'), {}, '/-rev/1-abc')).status).to.equal(201)
  })

  it('gives a reader a token that reads', async () => {
    const token = await tokenOf('rita')
    expect((await withToken(token, 'GET', '-/ping')).status).to.equal(200)
    const body = JSON.stringify(await publishBody({ name: 'foo', version: '1.0.0' }))
    expect((await withToken(token, 'PUT', 'foo', body)).status).to.equal(403)
  })

  it('tells nobody apart who may not come in: wrong password, unknown name, no right here, another organization', async () => {
    const answers = await Promise.all([
      login('dora', 'wrong'),
      login('nobody-known', 'wrong'),
      login('gus', house.password('gus')),
      login('bert', house.password('bert')),
      house.call('PUT', '/acme/nope/-/user/org.couchdb.user:dora', { as: 'nobody', body: '{}' }),
    ])
    for (const answer of answers) {
      expect(answer.status).to.equal(401)
      expect(answer.text()).to.equal(answers[0]?.text())
      expect(answer.headers['www-authenticate']).to.equal(answers[0]?.headers['www-authenticate'])
    }
  })

  it('tells everybody that there is no login by browser, in equal bytes whether the repository exists or not', async () => {
    const ask = (path: string, headers = {}) => house.call('POST', `${path}/-/v1/login`, { as: 'nobody', headers, body: '{}' })
    const answers = [
      await ask('/acme/js'),
      await ask('/acme/nope'),
      await ask('/nope/js'),
      await ask('/acme/js', { authorization: 'Bearer crt_u_expired' }),
      await house.call('POST', '/acme/js/-/v1/login', { as: 'dora', body: '{}' }),
    ]
    for (const { status, body, headers } of answers) {
      expect(status).to.equal(404)
      expect(body.toString()).to.equal(answers[0]?.body.toString())
      expect(headers['content-type']).to.equal(answers[0]?.headers['content-type'])
    }
  })

  it('logs out: the token is dead at once', async () => {
    const token = await tokenOf('dora')
    const answer = await withToken(token, 'DELETE', `-/user/token/${encodeURIComponent(token)}`)
    expect([answer.status, answer.json()]).to.deep.equal([200, { ok: true }])
    expect((await withToken(token, 'GET', '-/whoami')).status).to.equal(401)
  })

  it('takes name and password, or any name and a token, on every address', async () => {
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
    for (const pair of [`dora:${house.password('dora')}`, `dora:${house.token('dora')}`, `whoever:${house.token('dora')}`]) {
      const answer = await house.call('GET', '/acme/js/-/whoami', { as: 'nobody', headers: basic(pair) })
      expect([answer.status, answer.json()]).to.deep.equal([200, { username: 'dora' }])
    }
    expect((await house.call('GET', '/acme/js/-/whoami', { as: 'nobody', headers: basic('dora:wrong') })).status).to.equal(401)
  })

  it('answers ping, whoami, profile and the root', async () => {
    const get = async (target: string) => (await house.call('GET', `/acme/js${target}`)).json()
    expect(await get('/-/ping')).to.deep.equal({})
    expect(await get('/-/ping?write=true')).to.deep.equal({})
    expect(await get('/-/whoami')).to.deep.equal({ username: 'dora' })
    expect(await get('/')).to.deep.equal({ name: 'js', format: 'npm' })
    expect(await get('')).to.deep.equal({ name: 'js', format: 'npm' })
    expect(await get('/-/npm/v1/user')).to.deep.include({ name: 'dora', tfa: null, cidr_whitelist: null })
    expect((await house.call('GET', '/acme/js/-/whoami', { as: 'nobody' })).status).to.equal(401)
  })

  it('looks people up for whoever may know them, and everybody for oneself', async () => {
    const lookUp = (name: string, as: 'olga' | 'dora') => {
      const pair = Buffer.from(`${as}:${house.password(as)}`).toString('base64')
      return house.call('GET', `/acme/js/-/user/org.couchdb.user:${name}`, {
        as: 'nobody',
        headers: { authorization: `Basic ${pair}` },
      })
    }
    expect((await lookUp('rita', 'olga')).json()).to.deep.include({ _id: 'org.couchdb.user:rita', name: 'rita' })
    const none = await lookUp('zoe', 'olga')
    expect([none.status, none.json()]).to.deep.equal([404, { error: 'user not found: zoe' }])
    const other = await lookUp('rita', 'dora')
    expect([other.status, other.json()]).to.deep.equal([
      403,
      { error: 'You do not have permission to look up members. A token never has: it takes name and password (_auth).' },
    ])
    const oneself = await house.call('GET', '/acme/js/-/user/org.couchdb.user:dora')
    expect(oneself.json()).to.deep.equal({ _id: 'org.couchdb.user:dora', name: 'dora', email: '' })
  })
})
