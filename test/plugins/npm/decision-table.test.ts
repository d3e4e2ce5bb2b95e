import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type Answer, type CallOptions, type House, openHouse } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

interface Packument {
  readonly _id: string
  readonly _rev: string
  readonly 'dist-tags': Record<string, string>
  readonly versions: Record<string, { readonly deprecated?: string }>
  readonly time: Record<string, string>
  readonly maintainers: readonly object[]
  readonly users?: Record<string, boolean>
}

/** Rows of the table by which a PUT is told what it means, and what it never does. */
describe('npm: what a PUT of metadata does', () => {
  let house: House
  let before: Packument
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    for (const version of ['1.0.0', '1.1.0', '2.0.0-rc.1']) await publish(version, version.includes('-') ? 'next' : 'latest')
    before = await packument()
  })
  afterEach(() => house.close())

  const asOlga: CallOptions = { as: 'olga' }
  const call = (method: string, target: string, body?: unknown, options: CallOptions = {}) =>
    house.call(method, `/acme/js/${target}`, { ...options, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const put = (body: unknown, options: CallOptions = {}) => call('PUT', 'foo', body, options)
  const putAt = (rev: string, body: unknown, options: CallOptions = {}) => call('PUT', `foo/-rev/${rev}`, body, options)
  const publish = async (version: string, tag = 'latest') => put(await publishBody({ name: 'foo', version }, { tag }))
  const packument = async () => (await call('GET', 'foo?write=true')).json() as Packument
  const only = (document: Packument, ...kept: string[]) => ({
    ...document,
    versions: Object.fromEntries(Object.entries(document.versions).filter(([version]) => kept.includes(version))),
  })
  const done = async (answer: Answer, status = 201) => {
    expect([answer.status, answer.json()]).to.deep.equal([status, { ok: true, id: 'foo', rev: (await packument())._rev }])
  }
  const refused = async (answer: Answer, status: number, error: string) => {
    expect([answer.status, answer.json()]).to.deep.equal([status, { error }])
    expect(await packument()).to.deep.equal(before)
  }
  const all = ['1.0.0', '1.1.0', '2.0.0-rc.1']
  const tarballs = async () => Promise.all(all.map(async (version) => (await call('GET', `foo/-/foo-${version}.tgz`)).status))

  describe('without a revision in the address', () => {
    it('that has a tarball publishes, and hears nothing else of the body', async () => {
      const body = await publishBody({ name: 'foo', version: '3.0.0' })
      const answer = await put({
        ...body,
        versions: { ...body.versions, '1.0.0': { deprecated: 'not heard' }, '9.9.9': { name: 'foo', version: '9.9.9' } },
        maintainers: [{ name: 'mallory' }],
        users: { dora: true },
        time: {},
      })
      expect(answer.status).to.equal(201)
      const after = await packument()
      expect(Object.keys(after.versions)).to.deep.equal([...all, '3.0.0'])
      expect(after.versions['1.0.0']?.deprecated).to.equal(undefined)
      expect([after.maintainers, after.users]).to.deep.equal([before.maintainers, undefined])
    })

    it('that has stars and no versions is about the star of the caller alone', async () => {
      await done(await put({ _id: 'foo', _rev: before._rev, users: { dora: true, rita: true } }))
      expect((await packument()).users).to.deep.equal({ dora: true })
    })

    it('that has versions sets and removes deprecations, by text, by "", by null and by leaving it out', async () => {
      const deprecated = (...texts: unknown[]) => ({
        _id: 'foo',
        versions: Object.fromEntries(texts.map((text, index) => [all[index], text === undefined ? {} : { deprecated: text }])),
      })
      const shown = async () => Object.values((await packument()).versions).map((each) => each.deprecated)
      for (const none of ['', null, undefined, false]) {
        await done(await put(deprecated('old', 'older', 'oldest')))
        expect(await shown()).to.deep.equal(['old', 'older', 'oldest'])
        await done(await put(deprecated(none, 'older', 'other')))
        expect(await shown()).to.deep.equal([undefined, 'older', 'other'])
      }
    })

    it('that is partial, stale or both removes no version, no tag and no owner', async () => {
      await publish('1.2.0')
      const now = await packument()
      const partial = { ...only(before, '1.0.0'), 'dist-tags': {}, maintainers: [], time: {} }
      partial.versions['1.0.0'] = { deprecated: 'old' }
      await done(await put(partial))
      const after = await packument()
      expect(after.versions['1.0.0']?.deprecated).to.equal('old')
      expect(Object.keys(after.versions)).to.deep.equal(Object.keys(now.versions))
      expect([after['dist-tags'], after.maintainers]).to.deep.equal([now['dist-tags'], now.maintainers])
      await done(await put({ _id: 'foo', versions: {} }))
      expect((await packument()).versions).to.deep.equal(after.versions)
      expect(await tarballs()).to.deep.equal([200, 200, 200])
    })

    it('that has a version which is not here is refused, deprecations and all', async () => {
      const versions = { '1.0.0': { deprecated: 'old' }, '7.0.0': {} }
      const error = 'a version that is not here cannot be added without its tarball'
      await refused(await put({ _id: 'foo', versions }), 400, error)
      for (const version of ['__proto__', 'constructor', 'toString', '', '1.0'])
        expect((await put(`{"_id":"foo","versions":{${JSON.stringify(version)}:{}}}`)).status, version).to.equal(400)
      expect(await packument()).to.deep.equal(before)
    })

    it('that has nothing of all this is refused', async () => {
      const error = 'the body neither publishes, deprecates, unpublishes, stars nor changes maintainers'
      await refused(await put({}), 400, error)
      await refused(await put({ _id: 'foo', maintainers: [{ name: 'mallory' }] }), 400, error)
    })
  })

  describe('at a revision', () => {
    it('that has maintainers and no versions replaces the owners, and touches no version', async () => {
      const maintainers = [{ name: 'olga', email: 'olga@acme.example' }]
      await done(await putAt(before._rev, { _id: 'foo', _rev: before._rev, maintainers }))
      const after = await packument()
      expect([after.maintainers, after.versions]).to.deep.equal([maintainers, before.versions])
      expect(await tarballs()).to.deep.equal([200, 200, 200])
    })

    it('that has neither versions nor maintainers is refused, and so are no owners, and strange ones', async () => {
      const none = 'the body neither publishes, deprecates, unpublishes, stars nor changes maintainers'
      await refused(await putAt(before._rev, { _id: 'foo', _rev: before._rev }), 400, none)
      await refused(await putAt(before._rev, { maintainers: [] }), 400, 'a package keeps at least one maintainer')
      await refused(await putAt(before._rev, { maintainers: {} }), 400, 'maintainers is not a list')
      await refused(await putAt(before._rev, { maintainers: ['dora'] }), 400, 'a maintainer is an object with a name')
    })

    it('that has all versions and another star of the caller gives or takes the star', async () => {
      await done(await putAt(before._rev, { ...before, users: { dora: true } }))
      const starred = await packument()
      expect(starred.users).to.deep.equal({ dora: true })
      await done(await putAt(starred._rev, { ...starred, users: {} }))
      expect((await packument()).users).to.equal(undefined)
    })

    it('that has all versions and another deprecation deprecates', async () => {
      const versions = { ...before.versions, '1.0.0': { ...before.versions['1.0.0'], deprecated: 'old' } }
      await done(await putAt(before._rev, { ...before, versions }))
      expect((await packument()).versions).to.deep.equal(versions)
    })

    it('that has all versions and nothing else changes nothing', async () => {
      await done(await putAt(before._rev, before))
      expect(await packument()).to.deep.equal(before)
    })

    it('that lacks a version unpublishes it: manifest, tarball, time, tags and all, at once', async () => {
      const body = { ...only(before, '1.0.0', '2.0.0-rc.1'), 'dist-tags': { latest: '1.0.0', next: '1.0.0', more: '1.0.0' } }
      await done(await putAt(before._rev, body, asOlga))
      const after = await packument()
      expect(Object.keys(after.versions)).to.deep.equal(['1.0.0', '2.0.0-rc.1'])
      expect(Object.keys(after.time)).to.deep.equal(['created', 'modified', '1.0.0', '2.0.0-rc.1'])
      // Only the tag of what left goes where the client sent it.
      expect(after['dist-tags']).to.deep.equal({ latest: '1.0.0', next: '2.0.0-rc.1' })
      expect(await tarballs()).to.deep.equal([200, 404, 200])
      expect((await call('HEAD', 'foo/-/foo-1.1.0.tgz')).status).to.equal(404)
      expect((await call('GET', 'foo/1.1.0')).status).to.equal(404)
      const gone = await call('DELETE', `foo/-/foo-1.1.0.tgz/-rev/${after._rev}`, undefined, asOlga)
      expect([gone.status, gone.json()]).to.deep.equal([200, { ok: true }])
    })

    it('that lacks several versions unpublishes them together, deprecations of others unheard', async () => {
      const rest = only(before, '1.0.0')
      await done(await putAt(before._rev, { ...rest, versions: { '1.0.0': { deprecated: 'not heard' } } }, asOlga))
      const after = await packument()
      expect(after.versions).to.deep.equal({ '1.0.0': before.versions['1.0.0'] })
      expect(after['dist-tags']).to.deep.equal({ latest: '1.0.0' })
      expect(await tarballs()).to.deep.equal([200, 404, 404])
    })

    it('that lacks more versions than a commit of the store can take unpublishes them all at once', async () => {
      const many = Array.from({ length: 40 }, (_, patch) => `5.0.${patch}`)
      for (const version of many) expect((await publish(version, `t${version.replaceAll('.', '-')}`)).status).to.equal(201)
      const now = await packument()
      await done(await putAt(now._rev, only(now, ...all), asOlga))
      const after = await packument()
      expect(Number(after._rev.split('-')[0])).to.equal(Number(now._rev.split('-')[0]) + 1)
      expect([Object.keys(after.versions), after['dist-tags']]).to.deep.equal([all, before['dist-tags']])
      expect(await house.storedFiles()).to.have.length(3)
      const documents = (await house.storedDocuments()).map((each) => each.replace('acme/js/npm/foo: ', ''))
      expect(documents.filter((each) => each.startsWith('gone/'))).to.have.length(40)
      expect(documents.filter((each) => each.includes('5.0.') && !each.startsWith('gone/'))).to.deep.equal([])
      expect(documents.filter((each) => each.startsWith('tag/'))).to.deep.equal(['tag/latest', 'tag/next'])
    })

    it('that has no version left unpublishes the package', async () => {
      const answer = await putAt(before._rev, { ...before, versions: {}, 'dist-tags': {} }, asOlga)
      expect([answer.status, (answer.json() as { ok: boolean }).ok]).to.deep.equal([201, true])
      expect((await call('GET', 'foo')).status).to.equal(404)
      expect(await tarballs()).to.deep.equal([404, 404, 404])
      expect(await house.storedFiles()).to.deep.equal([])
    })

    it('sends a tag that pointed to what left to no version but one that stays', async () => {
      const tags = { latest: '1.1.0', next: '9.9.9' }
      await done(await putAt(before._rev, { ...only(before, '1.0.0'), 'dist-tags': tags }, asOlga))
      expect((await packument())['dist-tags']).to.deep.equal({ latest: '1.0.0' })
    })

    it('that has a version which is not here is refused, even where another is missing', async () => {
      const error = 'a version that is not here cannot be added without its tarball'
      await refused(await putAt(before._rev, { ...before, versions: { '7.0.0': {} } }, asOlga), 400, error)
      await refused(await putAt(before._rev, { ...before, versions: { ...before.versions, '7.0.0': {} } }, asOlga), 400, error)
    })

    it('that has a tarball is refused', async () => {
      const body = await publishBody({ name: 'foo', version: '3.0.0' })
      await refused(await putAt(before._rev, body), 400, 'a version is published without a revision in the address')
    })

    it('is refused at any revision but the present one, whatever it means', async () => {
      await publish('1.2.0')
      before = { ...(await packument()) }
      const revisions = ['1-abc', 'undefined', before._rev.replace(/^\d+/, '1'), before._rev.slice(0, -1), '0']
      for (const body of [{ maintainers: [{ name: 'dora' }] }, { versions: {} }, before, { ...before, users: { dora: true } }])
        for (const rev of revisions) await refused(await putAt(rev, body, asOlga), 409, 'conflict')
    })
  })

  describe('and a DELETE', () => {
    it('of a package at its revision removes it, and its versions are never to be had again', async () => {
      const answer = await call('DELETE', `foo/-rev/${before._rev}`, undefined, asOlga)
      expect([answer.status, (answer.json() as { ok: boolean }).ok]).to.deep.equal([200, true])
      for (const target of ['foo', 'foo/1.0.0', 'foo/latest', 'foo/-/foo-1.0.0.tgz', '-/package/foo/dist-tags'])
        expect([(await call('GET', target)).status, target]).to.deep.equal([404, target])
      for (const version of all) {
        const again = await publish(version)
        const error = `Cannot publish over previously unpublished version ${version}.`
        expect([again.status, again.json()]).to.deep.equal([403, { error }])
      }
      expect((await call('GET', 'foo')).status).to.equal(404)
      expect((await publish('1.0.1')).status).to.equal(201)
      expect(Object.keys((await packument()).versions)).to.deep.equal(['1.0.1'])
      // A revision of the package that was does not reach the one that is.
      const late = await call('DELETE', `foo/-rev/${before._rev}`, undefined, asOlga)
      expect([late.status, late.json()]).to.deep.equal([409, { error: 'conflict' }])
    })

    it('of a tarball is 200 where its version is gone, 409 where it lives, 404 where it never was', async () => {
      const remove = async (file: string) => {
        const answer = await call('DELETE', `foo/-/${file}/-rev/${before._rev}`, undefined, asOlga)
        return [answer.status, answer.json()]
      }
      expect(await remove('foo-1.0.0.tgz')).to.deep.equal([
        409,
        { error: '"foo-1.0.0.tgz" belongs to a published version: unpublish that' },
      ])
      for (const file of ['foo-7.0.0.tgz', 'bar-1.0.0.tgz', 'foo-.tgz', 'foo.tgz'])
        expect(await remove(file)).to.deep.equal([404, { error: 'Not found' }])
      expect(await packument()).to.deep.equal(before)
      expect(await tarballs()).to.deep.equal([200, 200, 200])
    })

    it('is 403 for whoever may only write, and 404 for nobody who could have been refused', async () => {
      const words = { error: 'You do not have permission to unpublish "foo".' }
      for (const target of [`foo/-rev/${before._rev}`, `foo/-/foo-1.0.0.tgz/-rev/${before._rev}`])
        for (const as of ['dora', 'rita'] as const) {
          const answer = await call('DELETE', target, undefined, { as })
          expect([answer.status, answer.json()], `${as} ${target}`).to.deep.equal([403, words])
        }
      expect(await packument()).to.deep.equal(before)
    })
  })

  it('leaves owners to be changed one by one as well, and never takes the last', async () => {
    const owners = async () => (await packument()).maintainers
    const at = '-/package/foo/owners'
    await done(await call('PUT', at, { user: 'olga' }))
    expect(await owners()).to.deep.equal([
      { name: 'dora', email: '' },
      { name: 'olga', email: '' },
    ])
    await done(await call('PUT', at, { user: 'olga' }))
    await done(await call('DELETE', `${at}/dora`))
    expect(await owners()).to.deep.equal([{ name: 'olga', email: '' }])
    before = await packument()
    await refused(await call('DELETE', `${at}/olga`), 400, 'a package keeps at least one maintainer')
    await refused(await call('DELETE', `${at}/dora`), 404, 'owner not found: dora')
    for (const body of [{}, { user: '' }, { user: 7 }, [], 'olga'])
      await refused(await call('PUT', at, body), 400, "the body is an object with the owner's name as user")
    expect((await call('PUT', at, { user: 'rita' }, { as: 'rita' })).status).to.equal(403)
    expect((await call('PUT', '-/package/nope/owners', { user: 'dora' })).status).to.equal(404)
    expect(await packument()).to.deep.equal(before)
  })

  it('loses nothing of deprecations, tags, owners and publishes that come at the same time', async () => {
    const versions = Array.from({ length: 6 }, (_, index) => `4.0.${index}`)
    const answers = await Promise.all([
      ...versions.map((version) => publish(version, `t${version.replaceAll('.', '-')}`)),
      ...all.map((version) => put({ _id: 'foo', versions: { [version]: { deprecated: `of ${version}` } } })),
      ...['a', 'b', 'c'].map((tag) => call('PUT', `-/package/foo/dist-tags/${tag}`, '1.0.0')),
      ...(['dora', 'olga', 'rita'] as const).map((as) => put({ _id: 'foo', users: { [as]: true } }, { as })),
    ])
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 201))
    const after = await packument()
    expect(Object.keys(after.versions).sort()).to.deep.equal([...all, ...versions].sort())
    expect(all.map((version) => after.versions[version]?.deprecated)).to.deep.equal(all.map((version) => `of ${version}`))
    expect(after['dist-tags']).to.include({ a: '1.0.0', b: '1.0.0', c: '1.0.0', latest: '1.1.0', 't4-0-5': '4.0.5' })
    expect(after.users).to.deep.equal({ dora: true, olga: true, rita: true })
  })
})
