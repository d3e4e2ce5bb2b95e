import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

type Person = Exclude<Somebody, 'nobody'>
interface TokenList {
  readonly objects: readonly { readonly key: string; readonly token: string; readonly name: string; readonly readonly: boolean }[]
  readonly total: number
  readonly urls: Readonly<Record<string, string>>
}

describe('npm: accounts', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
  })
  afterEach(() => house.close())

  const send = (authorization: string, method: string, target: string, body?: unknown) =>
    house.call(method, `/acme/js/${target}`, {
      as: 'nobody',
      headers: {
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        // Node's client frames no body of a DELETE by itself.
        ...(body !== undefined && method === 'DELETE' ? { 'transfer-encoding': 'chunked' } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const basic = (name: string, password = house.password(name as Person)) =>
    `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
  const bearer = (token: string) => `Bearer ${token}`
  const publish = async (name: string) => {
    const body = JSON.stringify(await publishBody({ name, version: '1.0.0' }))
    expect((await house.call('PUT', `/acme/js/${name.replace('/', '%2f')}`, { body })).status).to.equal(201)
  }
  const refused = async (answer: ReturnType<typeof send>, status: number, error: RegExp) => {
    const { status: told, ...rest } = await answer
    expect(told).to.equal(status)
    expect((rest.json() as { error: string }).error).to.match(error)
  }

  describe('profiles', () => {
    it('are read by whoever they are of, with a token too', async () => {
      const profile = (await house.call('GET', '/acme/js/-/npm/v1/user')).json() as Record<string, unknown>
      expect(profile).to.deep.include({
        name: 'dora',
        email: '',
        email_verified: false,
        fullname: '',
        tfa: null,
        cidr_whitelist: null,
      })
      expect(Object.keys(profile).sort()).to.include.members(['created', 'updated'])
      expect((await house.call('GET', '/acme/js/-/npm/v1/user', { as: 'nobody' })).status).to.equal(401)
    })

    it('get another name by who signed in, never by a token', async () => {
      const profile = (await send(basic('dora'), 'GET', '-/npm/v1/user')).json() as object
      const changed = await send(basic('dora'), 'POST', '-/npm/v1/user', { ...profile, fullname: 'Dora D.' })
      expect([changed.status, changed.json()]).to.have.nested.property('[1].fullname', 'Dora D.')
      expect((await send(bearer(house.token('dora')), 'GET', '-/npm/v1/user')).json()).to.deep.include({ fullname: 'Dora D.' })
      const same = await send(bearer(house.token('dora')), 'POST', '-/npm/v1/user', { fullname: 'Dora D.', email: '' })
      expect(same.status).to.equal(200)
      await refused(
        send(bearer(house.token('dora')), 'POST', '-/npm/v1/user', { fullname: 'Evil' }),
        403,
        /token changes nothing/,
      )
      await refused(send(basic('dora'), 'POST', '-/npm/v1/user', { email: 'x@example.com' }), 403, /administrator/)
      await refused(
        send(basic('dora'), 'POST', '-/npm/v1/user', { tfa: { mode: 'auth-only', password: 'x' } }),
        403,
        /Two-factor/,
      )
      await refused(send(basic('dora'), 'POST', '-/npm/v1/user', []), 400, /not a JSON object/)
    })

    it('get another password by the old one alone', async () => {
      const wanted = 'a completely different secret'
      const token = bearer(house.token('dora'))
      const change = (current: string, next: string) =>
        send(token, 'POST', '-/npm/v1/user', { password: { old: current, new: next } })
      expect((await change('wrong', wanted)).status).to.equal(401)
      await refused(change(house.password('rita'), wanted), 401, /./)
      await refused(send(token, 'POST', '-/npm/v1/user', { password: 'x' }), 400, /old and the new/)
      expect((await change(house.password('dora'), 'short')).status).to.be.within(400, 422)
      expect((await send(basic('dora'), 'GET', '-/whoami')).status).to.equal(200)
      expect((await change(house.password('dora'), wanted)).status).to.equal(200)
      expect((await send(basic('dora'), 'GET', '-/whoami')).status).to.equal(401)
      expect((await send(basic('dora', wanted), 'GET', '-/whoami')).json()).to.deep.equal({ username: 'dora' })
    })
  })

  describe('tokens', () => {
    const create = async (name: string, body: object, authorization = basic(name)) =>
      send(authorization, 'POST', '-/npm/v1/tokens', { password: house.password(name as Person), ...body })
    const list = async (authorization: string, query = '') =>
      (await send(authorization, 'GET', `-/npm/v1/tokens${query}`)).json() as TokenList

    it('are made with the password in the body, for this repository and no more than its owner may', async () => {
      const answer = await create('dora', { name: 'ci', expires: 30 }, bearer(house.token('dora')))
      const { token, key, created, updated, expires, ...rest } = answer.json() as Record<string, string>
      expect(answer.status).to.equal(200)
      expect(answer.headers['cache-control']).to.equal('no-store')
      expect(rest).to.deep.equal({ name: 'ci', readonly: false, cidr_whitelist: null })
      expect(Date.parse(expires ?? '') - Date.parse(created ?? '')).to.be.closeTo(30 * 86_400_000, 60_000)
      expect([key, updated]).to.not.include(undefined)
      const body = await publishBody({ name: 'foo', version: '1.0.0' })
      expect((await send(bearer(token ?? ''), 'PUT', 'foo', body)).status).to.equal(201)
      const readOnly = (await create('dora', { readonly: true })).json() as { token: string; readonly: boolean }
      expect(readOnly.readonly).to.equal(true)
      expect((await send(bearer(readOnly.token), 'GET', 'foo')).status).to.equal(200)
      expect((await send(bearer(readOnly.token), 'PUT', 'foo', body)).status).to.equal(403)
      const modern = { packages_all: true, packages_and_scopes_permission: 'read-only', orgs_permission: 'no-access' }
      expect((await create('dora', modern)).json()).to.deep.include({ readonly: true })
    })

    it('are refused without the right password, and where they would be finer than can be granted', async () => {
      expect((await create('dora', { password: 'wrong' })).status).to.equal(401)
      expect((await send(basic('dora'), 'POST', '-/npm/v1/tokens', {})).status).to.equal(400)
      expect((await house.call('POST', '/acme/js/-/npm/v1/tokens', { as: 'nobody', body: '{}' })).status).to.equal(401)
      await refused(create('dora', { packages: ['foo'] }), 403, /leave out packages/)
      await refused(create('dora', { scopes: ['@acme'] }), 403, /leave out scopes/)
      await refused(create('dora', { orgs_permission: 'read-write', orgs: [] }), 403, /does not reach the organization/)
      await refused(
        create('dora', { packages_and_scopes_permission: 'read-write-stage-only' }),
        403,
        /cannot have the permission/,
      )
      await refused(create('dora', { expires: 4_000 }), 400, /1 to 365 days/)
      expect((await create('dora', { cidr_whitelist: ['no network'] })).status).to.equal(400)
      expect((await list(basic('dora'))).total).to.equal(1)
    })

    it('bound to a network work from nowhere else', async () => {
      const { token } = (await create('dora', { cidr_whitelist: ['203.0.113.0/24'] })).json() as { token: string }
      expect((await send(bearer(token), 'GET', '-/whoami')).status).to.equal(401)
    })

    it('are listed page by page to who signed in, with a true beginning of each; a token sees itself', async () => {
      const made = (await Promise.all(['a', 'b', 'c'].map((name) => create('dora', { name })))).map(
        (answer) => answer.json() as { token: string; key: string },
      )
      const all = await list(basic('dora'), '?perPage=100')
      expect(all.total).to.equal(4)
      expect(all.urls).to.deep.equal({})
      for (const { token, key } of made) {
        const found = all.objects.find((one) => one.key === key)
        expect(found?.token).to.have.length(12)
        expect(token.startsWith(found?.token ?? 'none')).to.equal(true)
      }
      const address = `${house.url}/acme/js/-/npm/v1/tokens?`
      const first = await list(basic('dora'), '?page=0&perPage=3')
      const second = await list(basic('dora'), '?page=1&perPage=3')
      expect([first.urls, second.urls]).to.deep.equal([
        { next: `${address}page=1&perPage=3` },
        { prev: `${address}page=0&perPage=3` },
      ])
      expect([...first.objects, ...second.objects]).to.deep.equal(all.objects)
      const own = await list(bearer(made[0]?.token ?? ''))
      expect([own.total, own.objects[0]?.key]).to.deep.equal([1, made[0]?.key])
      expect((await list(basic('rita'))).total).to.equal(1)
    })

    it('are revoked by their key and by themselves, and dead at once; those of others are unknown', async () => {
      const made = async () => (await create('dora', {})).json() as { token: string; key: string }
      const [one, two, three] = [await made(), await made(), await made()]
      const revoke = async (authorization: string, what: string) =>
        (await send(authorization, 'DELETE', `-/npm/v1/tokens/token/${encodeURIComponent(what)}`)).status
      const works = async (token: string) => (await send(bearer(token), 'GET', '-/whoami')).status
      expect(await revoke(basic('rita'), one.key)).to.equal(404)
      expect(await revoke(basic('rita'), one.token)).to.equal(404)
      expect(await revoke(bearer(two.token), one.token)).to.equal(404)
      expect(await works(one.token)).to.equal(200)
      expect(await revoke(basic('dora'), one.key)).to.equal(204)
      expect(await revoke(basic('dora'), two.token)).to.equal(204)
      expect(await revoke(bearer(three.token), three.key)).to.equal(204)
      for (const { token } of [one, two, three]) expect(await works(token)).to.equal(401)
      expect(await revoke(basic('dora'), 'nope')).to.equal(404)
    })
  })

  describe('access', () => {
    beforeEach(() => publish('@acme/bar'))

    it('tells who may do what: all to those who may know of others, else oneself', async () => {
      const collaborators = async (authorization: string) =>
        (await send(authorization, 'GET', '-/package/@acme%2fbar/collaborators')).json()
      expect(await collaborators(basic('olga'))).to.deep.equal({ dora: 'write', olga: 'write', rita: 'read' })
      expect(await collaborators(basic('dora'))).to.deep.equal({ dora: 'write' })
      expect(await collaborators(bearer(house.token('rita')))).to.deep.equal({ rita: 'read' })
      expect((await send(basic('dora'), 'GET', '-/package/nope/collaborators')).status).to.equal(404)
    })

    it('tells whether a package is public, and changes what is a matter of the repository by no package', async () => {
      const get = (target: string) => send(basic('dora'), 'GET', target)
      const set = (body: unknown) => send(basic('dora'), 'POST', '-/package/@acme%2fbar/access', body)
      expect((await get('-/package/@acme%2fbar/visibility')).json()).to.deep.equal({ public: false })
      expect((await get('-/package/nope/visibility')).status).to.equal(404)
      expect((await get('-/package/@acme%2fbar/access')).json()).to.deep.equal({ access: 'restricted' })
      const same = await set({ access: 'restricted' })
      expect([same.status, same.json()]).to.deep.equal([200, {}])
      expect((await set({ publish_requires_tfa: false })).status).to.equal(200)
      await refused(set({ access: 'public' }), 403, /repository as a whole/)
      await refused(set({ publish_requires_tfa: true }), 403, /One-time codes/)
      expect((await send(basic('rita'), 'POST', '-/package/@acme%2fbar/access', { access: 'restricted' })).status).to.equal(403)
    })

    it('tells and changes maintainers one by one; the last one stays', async () => {
      const owners = '-/package/@acme%2fbar/owners'
      const named = async () =>
        ((await send(basic('rita'), 'GET', owners)).json() as { username: string }[]).map(({ username }) => username)
      const dora = bearer(house.token('dora'))
      expect((await send(basic('rita'), 'GET', owners)).json()).to.deep.equal([{ username: 'dora', name: 'dora', email: '' }])
      expect((await send(dora, 'PUT', owners, { user: 'rita' })).json()).to.deep.include({ ok: true, id: '@acme/bar' })
      expect((await send(dora, 'PUT', owners, { user: 'rita' })).status).to.equal(201)
      expect(await named()).to.deep.equal(['dora', 'rita'])
      expect((await send(dora, 'DELETE', `${owners}/dora`)).status).to.equal(201)
      expect(await named()).to.deep.equal(['rita'])
      expect((await send(dora, 'DELETE', `${owners}/dora`)).status).to.equal(404)
      expect((await send(dora, 'DELETE', `${owners}/rita`)).status).to.equal(400)
      expect((await send(dora, 'PUT', owners, {})).status).to.equal(400)
      expect((await send(basic('rita'), 'PUT', owners, { user: 'rita' })).status).to.equal(403)
      expect((await send(dora, 'GET', '-/package/nope/owners')).status).to.equal(404)
    })

    it('lists the packages of the organization and one’s own, as far as one may read', async () => {
      const packages = async (authorization: string, of: string) => (await send(authorization, 'GET', `-/${of}/package`)).json()
      expect(await packages(basic('dora'), 'org/acme')).to.deep.equal({ '@acme/bar': 'write' })
      expect(await packages(basic('rita'), 'org/acme')).to.deep.equal({ '@acme/bar': 'read' })
      expect(await packages(basic('rita'), 'user/rita')).to.deep.equal({ '@acme/bar': 'read' })
      expect((await send(basic('rita'), 'GET', '-/org/dora/package')).status).to.equal(404)
      expect((await send(basic('rita'), 'GET', '-/user/dora/package')).status).to.equal(404)
    })
  })

  describe('teams', () => {
    it('are the groups of the organization, for whoever may read and manage its members', async () => {
      const olga = basic('olga')
      const made = await send(olga, 'PUT', '-/org/acme/team', { name: 'devs', description: 'x' })
      expect([made.status, made.json()]).to.deep.equal([201, { name: 'acme:devs' }])
      expect((await send(olga, 'PUT', '-/org/acme/team', { name: 'devs' })).status).to.equal(409)
      const joined = await send(olga, 'PUT', '-/team/acme/devs/user', { user: 'dora' })
      expect([joined.status, joined.json()]).to.deep.equal([201, {}])
      expect((await send(olga, 'GET', '-/org/acme/team')).json()).to.deep.equal(['acme:devs'])
      expect((await send(olga, 'GET', '-/team/acme/devs/user')).json()).to.deep.equal(['dora'])
      expect((await send(olga, 'PUT', '-/team/acme/devs/user', { user: 'zoe' })).status).to.equal(404)
      expect((await send(olga, 'DELETE', '-/team/acme/devs/user', { user: 'dora' })).status).to.equal(204)
      expect((await send(olga, 'GET', '-/team/acme/devs/user')).json()).to.deep.equal([])
      expect((await send(olga, 'DELETE', '-/team/acme/devs')).status).to.equal(204)
      expect((await send(olga, 'GET', '-/team/acme/devs/user')).json()).to.deep.equal({ error: 'team not found: devs' })
      expect((await send(olga, 'GET', '-/org/acme/user')).json()).to.deep.equal({
        dora: 'developer',
        gus: 'member',
        olga: 'owner',
        rita: 'reader',
      })
    })

    it('are nobody else’s business, and rights are given elsewhere', async () => {
      for (const [method, target] of [
        ['GET', '-/org/acme/user'],
        ['GET', '-/org/acme/team'],
        ['PUT', '-/org/acme/team'],
        ['DELETE', '-/team/acme/devs'],
        ['GET', '-/team/acme/devs/user'],
        ['PUT', '-/team/acme/devs/user'],
      ] as const) {
        const body = method === 'GET' ? undefined : { name: 'devs', user: 'dora' }
        expect((await send(basic('dora'), method, target, body)).status, target).to.equal(403)
        expect((await send(bearer(house.token('olga')), method, target, body)).status, target).to.equal(403)
      }
      expect((await send(basic('olga'), 'GET', '-/org/beta/user')).status).to.equal(404)
      await refused(send(basic('olga'), 'PUT', '-/org/acme/user', { user: 'dora', role: 'owner' }), 403, /cloudrepo member/)
      await refused(
        send(basic('olga'), 'PUT', '-/team/acme/devs/package', { package: 'x', permissions: 'read-only' }),
        403,
        /cloudrepo grant/,
      )
    })
  })

  describe('search', () => {
    interface Found {
      readonly objects: readonly { readonly package: { readonly name: string; readonly scope: string } }[]
      readonly total: number
    }
    const search = async (query: string, authorization = basic('rita')) =>
      (await send(authorization, 'GET', `-/v1/search?${query}`)).json() as Found
    const names = (found: Found) => found.objects.map((one) => one.package.name)

    it('finds by text and scope what the caller may read, page by page in one order', async () => {
      for (const name of ['@acme/words', '@acme/word', 'word', 'other', 'wordy']) await publish(name)
      expect(names(await search('text=word&size=20'))).to.deep.equal(['@acme/word', 'word', '@acme/words', 'wordy'])
      expect(names(await search('text=scope:acme'))).to.deep.equal(['@acme/word', '@acme/words'])
      const paged: string[] = []
      for (let from = 0; from < 5; from += 2) {
        const page = await search(`text=&size=2&from=${from}`)
        expect(page.total).to.equal(5)
        paged.push(...names(page))
      }
      expect(paged).to.deep.equal(['@acme/word', '@acme/words', 'other', 'word', 'wordy'])
      expect(await search('text=nothing')).to.deep.include({ objects: [], total: 0 })
    })

    it('is no way around rights', async () => {
      await publish('word')
      expect((await house.call('GET', '/acme/js/-/v1/search?text=word', { as: 'nobody' })).status).to.equal(401)
      expect((await house.call('GET', '/acme/js/-/v1/search?text=word', { as: 'gus' })).status).to.equal(404)
      const theirs = await house.call('GET', '/beta/js/-/v1/search?text=word', { as: 'bert' })
      expect(theirs.json()).to.deep.include({ objects: [], total: 0 })
    })
  })
})
