import { expect } from 'chai'
import { TOTP } from 'otpauth'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'

describe('npm: one-time codes', () => {
  let clock: FixedClock
  let house: House
  let app: () => string
  let dora: Browser

  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [api, npm], repositories: [{ name: 'js', format: 'npm' }], clock, idle: true })
    dora = new Browser(house)
    await dora.signIn('dora', house.password('dora'))
    const { secret } = (await dora.call('POST', 'mfa/totp')).json() as { secret: string }
    app = () => new TOTP({ secret }).generate({ timestamp: clock.now().getTime() })
    expect((await dora.call('POST', 'mfa/totp/confirm', { body: { code: app() } })).status).to.equal(200)
    clock.advance(30_000)
  })
  afterEach(() => house.close())

  const otp = (code?: string): Record<string, string> => (code === undefined ? {} : { 'npm-otp': code })
  const publish = async (name: string, code?: string, as: 'dora' | 'olga' = 'dora') =>
    house.call('PUT', `/acme/js/${name}`, {
      as,
      headers: { 'content-type': 'application/json', ...otp(code) },
      body: JSON.stringify(await publishBody({ name, version: '1.0.0' })),
    })
  const send = (method: string, target: string, body: unknown, code?: string) =>
    house.call(method, `/acme/js/${target}`, {
      headers: { 'content-type': 'application/json', ...otp(code) },
      body: JSON.stringify(body),
    })
  const login = (code?: string) =>
    house.call('PUT', '/acme/js/-/user/org.couchdb.user:dora', {
      as: 'nobody',
      headers: { 'content-type': 'application/json', ...otp(code) },
      body: JSON.stringify({ _id: 'org.couchdb.user:dora', name: 'dora', password: house.password('dora'), type: 'user' }),
    })
  const expectChallenge = (answer: Awaited<ReturnType<typeof publish>>) => {
    expect(answer.status).to.equal(401)
    expect(answer.headers['www-authenticate']).to.equal('OTP')
    expect(answer.json()).to.deep.equal({ error: 'You must provide a one-time pass.' })
  }

  it('are not asked for where neither the member nor the organization wants them', async () => {
    expect((await publish('plain')).status).to.equal(201)
  })

  it('are asked for before every change once the member wants them, in the answer that npm knows', async () => {
    expect((await dora.call('PATCH', 'mfa', { body: { codeOnPublish: true } })).status).to.equal(204)
    expectChallenge(await publish('ui'))
    expectChallenge(await publish('ui', '000000'))
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await publish('ui', app())).status).to.equal(201)
    expect(await house.storedFiles()).to.deep.equal(['acme/js/ui/-/ui-1.0.0.tgz'])
    clock.advance(90_000)
    expectChallenge(await send('PUT', '-/package/ui/dist-tags/latest', '1.0.0'))
    expectChallenge(await send('PUT', '-/package/ui/owners', { user: 'olga' }))
    expect((await publish('ui', undefined, 'olga')).status, 'olga wants none').to.equal(403)
    expect((await publish('mine', undefined, 'olga')).status).to.equal(201)
  })

  it('leave stars and tags other than latest alone, and readers read', async () => {
    await publish('ui')
    await dora.call('PATCH', 'mfa', { body: { codeOnPublish: true } })
    const starred = await send('PUT', 'ui', { _id: 'ui', _rev: '1', users: { dora: true } })
    expect(starred.status, starred.text()).to.be.oneOf([200, 201])
    expect((await send('PUT', '-/package/ui/dist-tags/next', '1.0.0')).status).to.equal(201)
    expect((await house.call('GET', '/acme/js/ui')).status).to.equal(200)
  })

  it('open a minute of writes to the credential they came with, and to no other', async () => {
    await dora.call('PATCH', 'mfa', { body: { codeOnPublish: true } })
    const code = app()
    expect((await publish('one', code)).status).to.equal(201)
    clock.advance(59_000)
    expect((await publish('two', code)).status, 'one command, several packages').to.equal(201)
    const { token } = (await operatorOf(house).done('POST', 'tokens', {
      member: 'dora',
      name: 'other',
      scopes: ['repo:*:write'],
    })) as { token: string }
    const stolen = await house.call('PUT', '/acme/js/three', {
      as: 'nobody',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...otp(code) },
      body: JSON.stringify(await publishBody({ name: 'three', version: '1.0.0' })),
    })
    expectChallenge(stolen)
    clock.advance(1_000)
    expectChallenge(await publish('three', code))
  })

  it('are wanted of every member where the organization says so, and of no service account', async () => {
    await operatorOf(house).done('PATCH', 'organization', { codeOnPublish: true })
    expectChallenge(await publish('ui'))
    const without = await publish('ui', undefined, 'olga')
    expect([without.status, without.json()]).to.deep.equal([
      403,
      { error: 'This organization wants a one-time code here: set up a second factor, or use a token of a service account' },
    ])
    const removal = await house.call('DELETE', '/acme/js/ui/-rev/1-0', { as: 'olga' })
    expect([removal.status, removal.json()]).to.deep.equal([403, without.json()])
    await operatorOf(house).done('POST', 'members', { name: 'robot', kind: 'service', role: 'developer' })
    const { token } = (await operatorOf(house).done('POST', 'tokens', {
      member: 'robot',
      name: 'ci',
      scopes: ['repo:*:write'],
    })) as {
      token: string
    }
    const built = await house.call('PUT', '/acme/js/ui', {
      as: 'nobody',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(await publishBody({ name: 'ui', version: '1.0.0' })),
    })
    expect(built.status).to.equal(201)
  })

  it('belong to npm login, once there is a second factor: a password alone makes no token', async () => {
    expectChallenge(await login())
    expectChallenge(await login('000000'))
    const code = app()
    const answer = await login(code)
    expect(answer.status).to.equal(201)
    expect((answer.json() as { token: string }).token).to.match(/^crt_u_/)
    expectChallenge(await login(code))
    const created = await house.call('POST', '/acme/js/-/npm/v1/tokens', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: house.password('dora'), name: 'x' }),
    })
    expectChallenge(created)
  })

  it('are set up first where the organization wants a second factor: until then npm login makes no token', async () => {
    await operatorOf(house).done('PATCH', 'organization', { mfa: 'required' })
    const answer = await house.call('PUT', '/acme/js/-/user/org.couchdb.user:rita', {
      as: 'nobody',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ _id: 'org.couchdb.user:rita', name: 'rita', password: house.password('rita'), type: 'user' }),
    })
    const words = 'This organization wants a second factor: set one up, and use an API token instead of the password'
    expect([answer.status, answer.headers['npm-notice'], answer.json()]).to.deep.equal([401, words, { error: words }])
  })
})
