import { expect } from 'chai'
import api from '../../plugins/api/index.js'
import type { Answer, CallOptions, House } from '../support/house.js'
import { operatorOf } from '../support/management.js'
import { routeAddresses } from '../support/route-addresses.js'
import {
  basic,
  expectUnharmed,
  openWholeHouse,
  packages,
  type Stored,
  sendUpload,
  stored,
  type Upload,
  uploads,
} from './whole-house.js'

describe('attacks with credentials (security guide 4, A)', function () {
  this.timeout(60_000)
  let house: House
  let written: Stored
  before(async () => {
    house = await openWholeHouse({ behindProxy: true })
    written = await stored(house)
  })
  afterEach('nothing was written, and everything is answered as ever', () => expectUnharmed(house, written))
  after(() => house.close())

  const send = (upload: Upload, options: Pick<CallOptions, 'as' | 'headers'>) => sendUpload(house, upload, options)
  const as = (authorization: string) => ({ as: 'nobody' as const, headers: { authorization } })
  const login = (body: unknown, headers: Record<string, string> = {}) =>
    house.call('PUT', '/acme/js/-/user/org.couchdb.user:dora', {
      as: 'nobody',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  async function issue(scopes: readonly string[]): Promise<string> {
    return (await operatorOf(house).done('POST', 'tokens', { member: 'dora', name: 'test', scopes }))['token'] as string
  }

  it('A2 a token that reads publishes nothing, in whatever scheme it comes: four equal refusals', async () => {
    const token = await issue(['repo:*:read'])
    for (const upload of await uploads('acme', '2.0')) {
      const answers: Answer[] = []
      for (const authorization of [`Bearer ${token}`, `BEARER ${token}`, basic('dora', token), basic('anything', token)])
        answers.push(await send(upload, as(authorization)))
      expect(
        answers.map(({ status }) => status),
        upload.target,
      ).to.deep.equal([403, 403, 403, 403])
      const bodies = answers.map((answer) => answer.text().replaceAll(answer.headers['x-request-id'] ?? '?', ''))
      expect(new Set(bodies).size, upload.target).to.equal(1)
    }
  })

  it('A4 a token makes no token: by no scheme, and not as the password of a login', async () => {
    const token = house.token('olga')
    const wanted = JSON.stringify({ name: 'more', scopes: ['repo:*:read'] })
    const headers = { 'content-type': 'application/json' }
    const attempts: [number, string][] = [
      [403, `Bearer ${token}`],
      [401, basic('olga', token)],
      [401, basic('olga', house.password('olga'))],
      [401, basic('operator', house.operatorToken())],
    ]
    for (const [status, authorization] of attempts) {
      const answer = await house.call('POST', '/acme/-/api/v1/tokens', {
        as: 'nobody',
        headers: { ...headers, authorization },
        body: wanted,
      })
      expect(answer.status, authorization.slice(0, 12)).to.equal(status)
    }
    for (const password of [house.token('dora'), token, house.operatorToken()]) {
      const answer = await login({ name: 'dora', password })
      expect([answer.status, answer.text().includes('crt_')]).to.deep.equal([401, false])
    }
    for (const target of packages('acme'))
      for (const authorization of [`Bearer ${house.operatorToken()}`, basic('operator', house.operatorToken())])
        expect((await house.call('GET', target, as(authorization))).status, target).to.equal(401)
  })

  it('A8 nobody gets no token, whatever nobody says', async () => {
    const bodies = [
      ...[
        {},
        { name: 'dora' },
        { name: 'dora', password: '' },
        { name: 'dora', password: null },
        { name: 'dora', password: ['x'] },
      ],
      ...[
        { name: '', password: '' },
        { name: 'dora', password: true },
        { name: 'anonymous', password: 'anonymous' },
        null,
        [],
        'dora',
      ],
      ...[
        { name: 'dora', password: { $ne: '' } },
        { name: { $gt: '' }, password: 'x' },
        { name: 'admin', password: 'admin' },
      ],
    ]
    for (const body of bodies) {
      const answer = await login(body, { 'x-forwarded-for': '10.3.0.1' })
      expect(answer.status, JSON.stringify(body)).to.be.oneOf([400, 401])
      expect(answer.text()).to.not.contain('crt_')
    }
    for (const authorization of [
      'Basic',
      'Basic Og==',
      'Basic OjpA',
      'Bearer',
      'Bearer null',
      'Bearer undefined',
      'Negotiate x',
      'Basic !!',
      ',',
    ])
      for (const target of [...packages('acme'), '/acme/-/api/v1/members'])
        expect(
          (await house.call('GET', target, { ...as(authorization), headers: { authorization, 'x-forwarded-for': '10.3.0.2' } }))
            .status,
          authorization,
        ).to.equal(401)
  })

  it('A13 cookies are no credentials, and the management interface takes no Basic', async () => {
    for (const name of ['session', 'sid', 'token', 'authorization', 'connect.sid', '__Host-session'])
      for (const target of [...packages('acme'), '/acme/-/api/v1/members', '/-/api/v1/organizations'])
        for (const token of [house.token('olga'), house.operatorToken()]) {
          const answer = await house.call('GET', target, { as: 'nobody', headers: { cookie: `${name}=${token}` } })
          expect(answer.status, target).to.equal(401)
        }
    for (const { scope, method, path } of routeAddresses(api).filter(({ permission }) => permission !== 'none')) {
      const target = scope === 'instance' ? `/-/api${path}` : `/acme/-/api${path}`
      for (const authorization of [basic('olga', house.password('olga')), basic('x', house.operatorToken())]) {
        const answer = await house.call(method, target, as(authorization))
        expect(answer.status, `${method} ${target}`).to.equal(401)
      }
    }
  })

  it('A16 a token that is bound to a network is bound in every scheme, and no header moves its caller', async () => {
    const wanted = { member: 'dora', name: 'bound', scopes: ['repo:*:read', 'org:read'], cidr: ['203.0.113.0/24'] }
    const token = (await operatorOf(house).done('POST', 'tokens', wanted))['token'] as string
    const inside = '203.0.113.7'
    const outside: Record<string, string>[] = [
      { 'x-forwarded-for': '198.51.100.1' },
      { 'x-forwarded-for': `${inside}, 198.51.100.1` },
      { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': inside, forwarded: `for=${inside}`, 'client-ip': inside },
      { 'x-forwarded-for': `::ffff:198.51.100.1` },
      { 'x-forwarded-for': '203.0.113.7.evil' },
      {},
    ]
    for (const target of packages('acme'))
      for (const authorization of [`Bearer ${token}`, basic('dora', token), basic(token, '')]) {
        const from = (headers: Record<string, string>) =>
          house.call('GET', target, { as: 'nobody', headers: { authorization, ...headers } })
        expect((await from({ 'x-forwarded-for': inside })).status, target).to.equal(200)
        for (const headers of outside) expect((await from(headers)).status, JSON.stringify(headers)).to.equal(401)
      }
  })
})
