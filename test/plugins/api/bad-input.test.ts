import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf, type Thing } from '../../support/management.js'

/** Every route that takes a body, at an address that leads somewhere. */
const places: Readonly<Record<string, string>> = {
  organization: 'beta',
  repository: 'files',
  member: 'dora',
  group: 'builders',
  format: 'raw',
}
const taking = api.mounts.flatMap(({ scope, routes }) =>
  routes.flatMap(({ method, path, permission, describe: described }) =>
    described?.body === undefined
      ? []
      : [
          {
            method,
            /** By a session of one's own, where nobody else may. */
            browsed: permission === 'account.manage',
            target: `${scope === 'organization' ? '/acme' : ''}/-/api${path.replace(/\{(\w+)\}/g, (_, name) => places[name] ?? 'x')}`,
          },
        ],
  ),
)

describe('bad bodies at the management interface', () => {
  let house: House
  let stood: unknown
  const dora = new Map<string, string>()
  before(async () => {
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }] })
    await operatorOf(house).done('POST', 'groups', { name: 'builders' })
    const browser = new Browser(house)
    await browser.signIn('dora', house.password('dora'))
    dora.set('cookie', `sid=${browser.sid}`).set('x-csrf-token', browser.csrf).set('origin', house.url)
    stood = await everything()
  })
  after(() => house.close())

  /** What any of these routes could have changed. */
  async function everything(): Promise<unknown> {
    const operator = operatorOf(house)
    const lists = ['repositories', 'members', 'groups', 'grants', 'tokens']
    return Promise.all(['organization', ...lists].map((path) => operator.done('GET', path)))
  }
  const callerOf = (browsed: boolean): Record<string, string> =>
    browsed ? Object.fromEntries(dora) : { authorization: `Bearer ${house.operatorToken()}` }
  const send = async (method: string, target: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const browsed = taking.some((one) => one.browsed && one.method === method && one.target === target)
    const answer = await house.call(method, target, {
      as: 'nobody',
      headers: { ...callerOf(browsed), 'content-type': 'application/json', ...headers },
      body,
    })
    expect(answer.headers['content-type'], `${method} ${target}`).to.equal('application/problem+json')
    const { status, code, requestId } = answer.json() as Thing
    expect([status, requestId], `${method} ${target}`).to.deep.equal([answer.status, answer.headers['x-request-id']])
    return `${answer.status} ${code}`
  }

  const deep = (depth: number) => `{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const bodies: readonly (readonly [what: string, body: string | Uint8Array, expected: string])[] = [
    ['nothing', '', '400 json'],
    ['no JSON', 'name=x', '400 json'],
    ['JSON cut short', '{"name":"x"', '400 json'],
    ['two values', '{} {}', '400 json'],
    ['a list', '[]', '400 invalid'],
    ['a text', '"x"', '400 invalid'],
    ['null', 'null', '400 invalid'],
    ['an unknown field', '{"surprise":1}', '400 invalid'],
    ['__proto__', '{"__proto__":{"role":"owner"}}', '400 json'],
    ['constructor', '{"constructor":{"prototype":{}}}', '400 json'],
    ['a key twice', '{"name":"x","name":"y"}', '400 json'],
    ['half of a surrogate pair', '{"name":"\\ud800"}', '400 json'],
    ['a number out of range', '{"maxSize":1e999}', '400 json'],
    ['NaN', '{"maxSize":NaN}', '400 json'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), '400 json'],
    ['a byte order mark', '\ufeff{}', '400 json'],
    ['nested deeply', deep(40), '400 json'],
    ['nested as deep as is read', deep(20), '400 invalid'],
    ['nested without end', '['.repeat(100_000), '400 json'],
    ['ten thousand fields', `{${Array.from({ length: 10_001 }, (_, at) => `"k${at}":1`).join()}}`, '400 json'],
    ['more than a mebibyte', `{"name":"${'x'.repeat(1024 * 1024)}"}`, '413 too-large'],
    ['a zero byte in a name', '{"name":"a\\u0000b","surprise":1}', '400 invalid'],
  ]
  for (const [what, body, expected] of bodies)
    it(`are refused with ${expected} and change nothing: ${what}`, async () => {
      for (const { method, target } of taking) expect(await send(method, target, body), `${method} ${target}`).to.equal(expected)
      expect(await everything()).to.deep.equal(stood)
    })

  it('are refused unread where they do not call themselves JSON, or are encoded', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'text/json',
      '',
    ]
    for (const { method, target } of taking) {
      for (const type of types)
        expect(await send(method, target, '{}', { 'content-type': type }), type).to.equal('415 content-type')
      expect(await send(method, target, '{}', { 'content-encoding': 'gzip' })).to.equal('415 unsupported')
    }
    expect(await everything()).to.deep.equal(stood)
  })

  it('are held against the numbers of the description', async () => {
    for (const maxSize of ['0', '-1', '1.5', '1e400', '9007199254740993', '"1"', '107374182401'])
      expect(await send('PATCH', '/acme/-/api/v1/repositories/files', `{"maxSize":${maxSize}}`), maxSize).to.match(
        /^400 (invalid|json)$/,
      )
    for (const days of ['0', '366', '1.5', '-1', 'null'])
      expect(
        await send('POST', '/acme/-/api/v1/tokens', `{"member":"rita","name":"x","scopes":["org:read"],"expiresInDays":${days}}`),
        days,
      ).to.equal('400 invalid')
    for (const name of ['a\\u0000b', '', ' x', 'a:b', 'x\\u202ey', 'y'.repeat(255)])
      expect(await send('POST', '/acme/-/api/v1/members', `{"name":"${name}"}`), name).to.equal('400 invalid')
    expect(await everything()).to.deep.equal(stood)
  })

  it('take no parameter that is not described, at any address', async () => {
    for (const { scope, routes } of api.mounts)
      for (const { method, path, permission, describe: described } of routes) {
        const target = `${scope === 'organization' ? '/acme' : ''}/-/api${path.replace(/\{(\w+)\}/g, (_, name) => places[name] ?? 'x')}`
        const body = described?.body === undefined ? undefined : '{}'
        const answer = await house.call(method, `${target}?surprise=1`, {
          as: 'nobody',
          headers: { ...callerOf(permission === 'account.manage'), 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body }),
        })
        expect([answer.status, (answer.json() as Thing)['code']], `${method} ${target}`).to.deep.equal([400, 'invalid'])
      }
    expect(await everything()).to.deep.equal(stood)
  })
})
