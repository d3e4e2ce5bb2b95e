import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type CallOptions, type House, openHouse, type Somebody } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

interface Packument {
  readonly _rev: string
  readonly users?: Record<string, boolean>
  readonly versions: Record<string, object>
}

describe('npm: stars', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({
      plugins: [npm],
      repositories: [
        { name: 'js', format: 'npm' },
        { name: 'open', format: 'npm', public: true },
      ],
    })
    for (const repository of ['js', 'open'])
      for (const name of ['@acme/bar', 'foo']) {
        const body = JSON.stringify(await publishBody({ name, version: '1.0.0' }))
        const answer = await house.call('PUT', `/acme/${repository}/${name.replace('/', '%2f')}`, { body })
        expect(answer.status).to.equal(201)
      }
  })
  afterEach(() => house.close())

  const call = (method: string, target: string, body?: unknown, options: CallOptions = {}) =>
    house.call(method, `/acme/js/${target}`, { ...options, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const packument = async (pkg = '@acme%2fbar') => (await call('GET', `${pkg}?write=true`)).json() as Packument
  /** As npm does it. */
  const starred = async (as: Somebody, users: Record<string, boolean>, pkg = '@acme%2fbar') => {
    const { _rev } = await packument(pkg)
    return call('PUT', pkg, { _id: pkg.replace('%2f', '/'), _rev, users }, { as })
  }
  const starsBy = async (name: string) => {
    const answer = await call('GET', `-/_view/starredByUser?key=${encodeURIComponent(JSON.stringify(name))}`, undefined, {
      as: 'rita',
    })
    return [answer.status, answer.json()]
  }

  it('are given by whoever may read, shown in the packument, listed by name, and taken back', async () => {
    const before = await packument()
    const answer = await starred('rita', { rita: true })
    const { _rev, users } = await packument()
    expect([answer.status, answer.json()]).to.deep.equal([201, { ok: true, id: '@acme/bar', rev: _rev }])
    expect(_rev).to.not.equal(before._rev)
    expect(users).to.deep.equal({ rita: true })
    expect((await starred('rita', { rita: true }, 'foo')).status).to.equal(201)
    expect(await starsBy('rita')).to.deep.equal([200, { rows: [{ value: '@acme/bar' }, { value: 'foo' }] }])
    expect(await starsBy('dora')).to.deep.equal([200, { rows: [] }])
    const asPnpm = await call('GET', '-/user/rita/stars')
    expect([asPnpm.status, asPnpm.json()]).to.deep.equal([200, { '@acme/bar': true, foo: true }])
    expect((await starred('rita', {})).status).to.equal(201)
    expect((await packument()).users).to.equal(undefined)
    expect(await starsBy('rita')).to.deep.equal([200, { rows: [{ value: 'foo' }] }])
  })

  it('of others stay as they are, whatever the body says of them', async () => {
    await starred('rita', { rita: true })
    expect((await starred('dora', { dora: true, olga: true })).status).to.equal(201)
    expect((await packument()).users).to.deep.equal({ dora: true, rita: true })
    await starred('olga', {})
    expect((await packument()).users).to.deep.equal({ dora: true, rita: true })
    await starred('dora', { rita: true })
    expect((await packument()).users).to.deep.equal({ rita: true })
  })

  it('change nothing where nothing changes', async () => {
    await starred('rita', { rita: true })
    const { _rev } = await packument()
    expect((await starred('rita', { rita: true })).json()).to.deep.equal({ ok: true, id: '@acme/bar', rev: _rev })
    expect((await packument())._rev).to.equal(_rev)
  })

  it('are lost by no change that comes at the same time', async () => {
    const everybody = ['dora', 'olga', 'rita'] as const
    const { _rev } = await packument()
    const all = everybody.map((as) => call('PUT', '@acme%2fbar', { _id: '@acme/bar', _rev, users: { [as]: true } }, { as }))
    expect((await Promise.all(all)).map(({ status }) => status)).to.deep.equal([201, 201, 201])
    expect((await packument()).users).to.deep.equal({ dora: true, olga: true, rita: true })
  })

  it('come from pnpm with the whole document at its revision', async () => {
    const before = await packument()
    const at = `@acme%2fbar/-rev/${before._rev}`
    const given = await call('PUT', at, { ...before, users: { rita: true } }, { as: 'rita' })
    const after = await packument()
    expect([given.status, given.json()]).to.deep.equal([201, { ok: true, id: '@acme/bar', rev: after._rev }])
    expect(after.users).to.deep.equal({ rita: true })
    expect(after.versions).to.deep.equal(before.versions)
    const stale = await call('PUT', at, { ...before, users: {} }, { as: 'rita' })
    expect([stale.status, stale.json()]).to.deep.equal([409, { error: 'conflict' }])
    const { users: _users, ...without } = after
    expect((await call('PUT', `@acme%2fbar/-rev/${after._rev}`, { ...without, users: {} }, { as: 'rita' })).status).to.equal(201)
    expect((await packument()).users).to.equal(undefined)
  })

  it('are all that a member who may only read can change, in a small request', async () => {
    const before = await packument()
    const [files, blobs] = [await house.storedFiles(), await house.storedBlobs()]
    const refused = async (target: string, body: unknown, verb = 'publish') => {
      const answer = await call('PUT', target, body, { as: 'rita' })
      const error = `You do not have permission to ${verb} "@acme/bar".`
      expect([answer.status, answer.json()], target).to.deep.equal([403, { error }])
    }
    await refused('@acme%2fbar', { ...before, versions: { '1.0.0': { deprecated: 'never' } } })
    await refused(`@acme%2fbar/-rev/${before._rev}`, { _id: '@acme/bar', maintainers: [{ name: 'rita' }] })
    await refused(`@acme%2fbar/-rev/${before._rev}`, { ...before, versions: {} }, 'unpublish')
    await refused('@acme%2fbar', await publishBody({ name: '@acme/bar', version: '2.0.0' }))
    await refused('@acme%2fbar', { _id: '@acme/bar', users: { rita: true }, more: 'x'.repeat(64 * 1024) })
    expect(await packument()).to.deep.equal(before)
    expect(await house.storedFiles()).to.deep.equal(files)
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it('are given by nobody without a name, nor to what is not there', async () => {
    const body = JSON.stringify({ _id: 'foo', users: { nobody: true } })
    expect((await house.call('GET', '/acme/open/foo', { as: 'nobody' })).status).to.equal(200)
    expect((await house.call('PUT', '/acme/open/foo', { as: 'nobody', body })).status).to.equal(401)
    expect((await house.call('PUT', '/acme/open/foo', { as: 'bert', body })).status).to.equal(401)
    expect((await house.call('PUT', '/acme/js/foo', { as: 'gus', body })).status).to.equal(404)
    const none = await call('PUT', 'nope', { _id: 'nope', users: { rita: true } }, { as: 'rita' })
    expect([none.status, none.json()]).to.deep.equal([404, { error: 'Not found' }])
    expect((await starsBy('nobody'))[1]).to.deep.equal({ rows: [] })
  })

  it('go with a package that is unpublished, and do not come back with its name', async () => {
    await starred('rita', { rita: true }, 'foo')
    const { _rev } = await packument('foo')
    expect((await call('DELETE', `foo/-rev/${_rev}`, undefined, { as: 'olga' })).status).to.equal(200)
    expect(await starsBy('rita')).to.deep.equal([200, { rows: [] }])
    expect((await house.storedDocuments()).filter((each) => each.startsWith('acme/js/npm/foo: '))).to.deep.equal([
      'acme/js/npm/foo: gone/1.0.0',
      'acme/js/npm/foo: package',
    ])
    expect((await call('PUT', 'foo', await publishBody({ name: 'foo', version: '2.0.0' }))).status).to.equal(201)
    expect((await packument('foo')).users).to.equal(undefined)
    await starred('rita', { rita: true }, 'foo')
    expect(await starsBy('rita')).to.deep.equal([200, { rows: [{ value: 'foo' }] }])
  })

  it('are asked for by a name in JSON, and by nothing else', async () => {
    for (const query of ['', '?key=', '?key=rita', '?key=1', '?key=%22%22', '?key=%7B%7D'])
      expect((await call('GET', `-/_view/starredByUser${query}`)).status, query).to.equal(400)
  })
})
