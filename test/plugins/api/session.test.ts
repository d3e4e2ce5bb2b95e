import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'

const minute = 60_000
const hour = 60 * minute
const problemOf = (answer: { json(): unknown }) => (answer.json() as { code: string }).code

describe('sessions of the management interface', () => {
  let clock: FixedClock
  let house: House

  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [api, raw],
      repositories: [{ name: 'files', format: 'raw' }],
      clock,
      behindProxy: true,
      idle: true,
    })
  })
  afterEach(() => house.close())

  const signedIn = async (who: 'dora' | 'olga' | 'gus' = 'dora', browser = new Browser(house)) => {
    const answer = await browser.signIn(who, house.password(who))
    expect(answer.status).to.equal(201)
    return browser
  }
  const sessionRows = async () => {
    const rows: string[] = []
    for await (const { entry } of house.parts.metadata.scan()) {
      const { partition, path } = entry.key
      if (path[0] === 'session')
        rows.push(partition.split('\0')[1] === 't' ? `secret ${partition.split('\0')[2]}` : `listed ${path[1]}`)
    }
    return rows.sort()
  }

  it('begin with a password, tell who it is, and end; their secret is in the cookie alone', async () => {
    const browser = new Browser(house)
    const begun = await browser.signIn('dora', house.password('dora'))
    expect(begun.status).to.equal(201)
    const cookies = begun.headers['set-cookie'] ?? ''
    expect(cookies).to.match(
      /^sid=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800, dev=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=31536000$/,
    )
    expect(begun.headers['cache-control']).to.equal('no-store')
    const told = begun.json() as { csrfToken: string; member: { id: string } }
    expect(told).to.deep.equal({
      state: 'authenticated',
      pending: null,
      member: { id: told.member.id, name: 'dora', role: 'developer' },
      csrfToken: browser.csrf,
      authenticatedAt: clock.now().toISOString(),
      methods: ['pwd'],
      secondFactor: { enrolled: false, required: false, recoveryCodes: 0 },
    })
    expect(begun.text()).to.not.include(browser.sid)
    const shown = await browser.call('GET', 'session')
    expect([shown.status, shown.json()]).to.deep.equal([200, told])
    const [listed, secret] = await sessionRows()
    expect(secret).to.match(/^secret [0-9a-f]{64}$/)
    expect(listed).to.equal(secret?.replace('secret', 'listed'))

    const stolen = new Map(browser.cookies)
    const ended = await browser.call('DELETE', 'session')
    expect([ended.status, ended.headers['clear-site-data']]).to.deep.equal([204, '"cookies", "storage"'])
    expect(ended.headers['set-cookie']).to.equal('sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0')
    expect(await sessionRows()).to.deep.equal([])
    for (const [name, value] of stolen) browser.cookies.set(name, value)
    expect((await browser.call('GET', 'session')).status).to.equal(401)
  })

  it('do what their member may, by name and by role, as a token does', async () => {
    const olga = await signedIn('olga')
    expect((await olga.call('GET', 'members')).status).to.equal(200)
    expect((await olga.call('POST', 'members', { body: { name: 'newt' } })).status).to.equal(201)
    const dora = await signedIn('dora')
    expect((await dora.call('GET', 'repositories')).status).to.equal(200)
    expect((await dora.call('GET', 'members')).status).to.equal(403)
    const gus = await signedIn('gus')
    expect((await gus.call('GET', 'session')).status).to.equal(200)
    expect((await gus.call('GET', 'repositories')).status).to.equal(403)
  })

  it('are refused in the same words for a wrong password, an unknown login and an organization that is not there', async () => {
    const answers = await Promise.all([
      new Browser(house).signIn('dora', 'wrong horse battery'),
      new Browser(house).signIn('nobody-here', 'wrong horse battery'),
      new Browser(house, 'nowhere').signIn('dora', house.password('dora')),
      new Browser(house, 'beta').signIn('dora', house.password('dora')),
    ])
    for (const answer of answers) {
      expect(answer.status).to.equal(401)
      expect(answer.headers['set-cookie']).to.equal(undefined)
    }
    expect(new Set(answers.map((answer) => answer.text()))).to.have.property('size', 1)
    expect(await sessionRows()).to.deep.equal([])
  })

  it('are of one organization, and are no credential anywhere else', async () => {
    const browser = await signedIn('olga')
    const cookie = `sid=${browser.sid}`
    const ask = (target: string, method = 'GET') =>
      house.call(method, target, { as: 'nobody', headers: { cookie, origin: house.url, 'x-csrf-token': browser.csrf } })
    expect((await ask('/acme/-/api/v1/session')).status).to.equal(200)
    expect((await ask('/beta/-/api/v1/session')).status).to.equal(401)
    expect((await ask('/nowhere/-/api/v1/session')).status).to.equal(401)
    expect((await ask('/-/api/v1/organizations')).status).to.equal(401)
    expect((await ask('/acme/files/a.txt')).status).to.equal(401)
    expect((await ask('/acme/files/a.txt', 'PUT')).status).to.equal(401)
    const both = await house.call('GET', '/acme/-/api/v1/session', { as: 'dora', headers: { cookie } })
    expect(both.status, 'a token beside it is what counts').to.equal(403)
  })

  it('change nothing for a page of somebody else', async () => {
    const browser = await signedIn('olga')
    const body = { name: 'newt' }
    const refused: readonly [string, Record<string, string | null>, number, string][] = [
      ['another origin', { origin: 'https://evil.example' }, 403, 'cross-site'],
      ['a site beside', { 'sec-fetch-site': 'same-site' }, 403, 'cross-site'],
      ['no origin and no referer', { origin: null, 'sec-fetch-site': null }, 403, 'cross-site'],
      ['a referer elsewhere', { origin: null, referer: 'https://evil.example/x' }, 403, 'cross-site'],
      ['no token', { 'x-csrf-token': null }, 403, 'csrf'],
      ['a token of another session', { 'x-csrf-token': (await signedIn('olga')).csrf }, 403, 'csrf'],
      ['a form', { 'content-type': 'text/plain' }, 415, 'content-type'],
    ]
    for (const [what, headers, status, code] of refused) {
      const answer = await browser.call('POST', 'members', { body, headers })
      expect([answer.status, problemOf(answer)], what).to.deep.equal([status, code])
    }
    const referred = { origin: null, referer: `${house.url}/-/ui/acme/members` }
    expect((await browser.call('POST', 'members', { body, headers: referred })).status).to.equal(201)
    const foreign = await new Browser(house).call('POST', 'session', {
      body: { login: 'dora', password: house.password('dora') },
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    })
    expect([foreign.status, foreign.headers['set-cookie']], 'login by another site').to.deep.equal([403, undefined])
  })

  it('get another secret at each step, and take none that the house did not set', async () => {
    const browser = new Browser(house)
    const planted = 'A'.repeat(43)
    browser.cookies.set('sid', planted)
    await signedIn('dora', browser)
    const first = browser.sid
    expect(first).to.not.equal(planted)
    const stepped = await browser.call('POST', 'session/step-up', { body: { password: house.password('dora') } })
    expect(stepped.status).to.equal(200)
    expect(browser.sid).to.not.equal(first)
    const old = await house.call('GET', '/acme/-/api/v1/session', { as: 'nobody', headers: { cookie: `sid=${first}` } })
    expect(old.status).to.equal(401)
    const twice = await house.call('GET', '/acme/-/api/v1/session', {
      as: 'nobody',
      headers: { cookie: `sid=${planted}; sid=${browser.sid}` },
    })
    expect(twice.status, 'a name that stands twice').to.equal(401)
    await signedIn('dora', browser)
    expect(
      (await sessionRows()).filter((row) => row.startsWith('secret')),
      'the one before is gone',
    ).to.have.length(1)
  })

  it('are called __Host-sid over https, and begin nowhere where they would travel in the clear', async () => {
    const call: House['call'] = (method, target, options = {}) =>
      house.call(method, target, {
        ...options,
        headers: { host: 'repo.acme.example', 'x-forwarded-proto': 'https', ...options.headers },
      })
    const browser = new Browser({ call, url: 'https://repo.acme.example' })
    const begun = await browser.signIn('dora', house.password('dora'))
    expect(begun.status).to.equal(201)
    expect(begun.headers['set-cookie']).to.match(
      /^__Host-sid=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=604800, __Host-dev=[\w-]{43}; Path=\/; Secure; /,
    )
    expect((await browser.call('GET', 'session')).status).to.equal(200)
    const plain = await house.call('GET', '/acme/-/api/v1/session', { as: 'nobody', headers: { cookie: `sid=${browser.sid}` } })
    expect(plain.status).to.equal(200)
    const clear = await house.call('POST', '/acme/-/api/v1/session', {
      as: 'nobody',
      headers: { host: 'repo.acme.example', 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'dora', password: house.password('dora') }),
    })
    expect([clear.status, problemOf(clear), clear.headers['set-cookie']]).to.deep.equal([403, 'https', undefined])
  })

  it('end twelve hours after their last request, and a week after they began', async () => {
    const browser = await signedIn()
    clock.advance(12 * hour - 1)
    expect((await browser.call('GET', 'session')).status).to.equal(200)
    clock.advance(12 * hour - 1)
    expect((await browser.call('GET', 'session')).status, 'each request counts').to.equal(200)
    clock.advance(12 * hour)
    expect((await browser.call('GET', 'session')).status).to.equal(401)

    const busy = await signedIn()
    for (let spent = 0; spent + 6 * hour < 7 * 24 * hour; spent += 6 * hour) {
      clock.advance(6 * hour)
      expect((await busy.call('GET', 'session')).status).to.equal(200)
      if (spent === 24 * hour) await busy.call('POST', 'session/step-up', { body: { password: house.password('dora') } })
    }
    clock.advance(6 * hour)
    expect((await busy.call('GET', 'session')).status, 'whatever steps it took').to.equal(401)
  })

  it('issue tokens within ten minutes of the password, for their member and by nobody else', async () => {
    const browser = await signedIn()
    const wanted = { name: 'ci', scopes: ['repo:*:write'] }
    clock.advance(10 * minute)
    const issued = await browser.call('POST', 'tokens', { body: wanted })
    expect(issued.status).to.equal(201)
    const { token } = issued.json() as { token: string }
    expect(
      (await house.call('PUT', '/acme/files/a.txt', { as: 'nobody', headers: { authorization: `Bearer ${token}` }, body: 'a' }))
        .status,
    ).to.equal(201)
    clock.advance(1)
    const late = await browser.call('POST', 'tokens', { body: wanted })
    expect([late.status, problemOf(late)]).to.deep.equal([403, 'step-up'])
    expect((await browser.call('POST', 'session/step-up', { body: { password: 'wrong horse battery' } })).status).to.equal(401)
    expect((await browser.call('POST', 'session/step-up', { body: { password: house.password('dora') } })).status).to.equal(200)
    expect((await browser.call('POST', 'tokens', { body: wanted })).status).to.equal(201)
    const byToken = await house.call('POST', '/acme/-/api/v1/tokens', {
      body: JSON.stringify(wanted),
      headers: { 'content-type': 'application/json' },
    })
    expect(byToken.status, 'a token makes no token').to.equal(403)
  })

  it('die with the next request of every process when their member is deactivated', async () => {
    const other = await openHouse({ plugins: [api, raw], clock, beside: house, behindProxy: true, idle: true })
    try {
      const browser = await signedIn('dora')
      const elsewhere = () =>
        other.call('GET', '/acme/-/api/v1/session', { as: 'nobody', headers: { cookie: `sid=${browser.sid}` } })
      expect((await elsewhere()).status, 'begun there, known here').to.equal(200)
      const olga = await signedIn('olga')
      expect((await olga.call('PATCH', 'members/dora', { body: { status: 'inactive' } })).status).to.equal(200)
      expect((await elsewhere()).status).to.equal(401)
      expect((await browser.call('GET', 'session')).status).to.equal(401)
    } finally {
      await other.close()
    }
  })

  it('are refused whole where the body is not as described, with nothing written', async () => {
    const bad = [
      {},
      { login: 'dora' },
      { login: ['dora'], password: 'x' },
      { login: 'dora', password: { a: 1 } },
      { login: 'dora', password: 'x', extra: 1 },
    ]
    for (const body of bad) expect((await new Browser(house).call('POST', 'session', { body })).status).to.equal(400)
    const form = await house.call('POST', '/acme/-/api/v1/session', {
      as: 'nobody',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `login=dora&password=${house.password('dora')}`,
    })
    expect(form.status).to.equal(415)
    expect(await sessionRows()).to.deep.equal([])
  })
})
