import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

interface Packument {
  readonly _rev: string
  readonly versions: Record<string, object>
  readonly 'dist-tags': Record<string, string>
}

/** Two processes over one store, with caches of their own: what one does counts in the other with its answer. */
describe('npm: two processes over one store', () => {
  let here: House
  let there: House
  beforeEach(async () => {
    here = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    there = await openHouse({ plugins: [npm], beside: here })
    for (const version of ['1.0.0', '1.1.0']) {
      const body = JSON.stringify(await publishBody({ name: 'foo', version }))
      expect((await here.call('PUT', '/acme/js/foo', { body })).status).to.equal(201)
    }
  })
  afterEach(async () => {
    await there.close()
    await here.close()
  })

  const accepts = ['application/json', 'application/vnd.npm.install-v1+json']
  /** Reads everything, so that it lies in the caches; answers the tags of the two packuments. */
  const read = async (house: House) => {
    for (const version of ['1.0.0', '1.1.0']) {
      expect((await house.call('GET', `/acme/js/foo/-/foo-${version}.tgz`)).status).to.equal(200)
      expect((await house.call('GET', `/acme/js/foo/${version}`)).status).to.equal(200)
    }
    return Promise.all(
      accepts.map(async (accept) => (await house.call('GET', '/acme/js/foo', { headers: { accept } })).headers['etag'] ?? ''),
    )
  }
  const packument = async (house: House) => (await house.call('GET', '/acme/js/foo')).json() as Packument

  it('serve a new version, a tag and a deprecation at once', async () => {
    const tags = await read(there)
    const body = JSON.stringify(await publishBody({ name: 'foo', version: '2.0.0' }))
    expect((await here.call('PUT', '/acme/js/foo', { body })).status).to.equal(201)
    await here.call('PUT', '/acme/js/-/package/foo/dist-tags/old', { body: '"1.0.0"' })
    await here.call('PUT', '/acme/js/foo', { body: JSON.stringify({ _id: 'foo', versions: { '1.0.0': { deprecated: 'old' } } }) })
    for (const [index, accept] of accepts.entries()) {
      const headers = { accept, 'if-none-match': tags[index] ?? '' }
      const answer = await there.call('GET', '/acme/js/foo', { headers })
      expect(answer.status).to.equal(200)
      const { versions, 'dist-tags': distTags } = answer.json() as Packument
      expect([Object.keys(versions), distTags]).to.deep.equal([['1.0.0', '1.1.0', '2.0.0'], { latest: '2.0.0', old: '1.0.0' }])
      expect(versions['1.0.0']).to.include({ deprecated: 'old' })
    }
    expect((await packument(there))._rev).to.equal((await packument(here))._rev)
  })

  it('serve neither manifest nor file of a version that the other has unpublished, and take it no more', async () => {
    await read(there)
    const { _rev, versions, ...rest } = await packument(here)
    const { '1.1.0': _gone, ...left } = versions
    const body = JSON.stringify({ ...rest, _rev, versions: left })
    expect((await here.call('PUT', `/acme/js/foo/-rev/${_rev}`, { as: 'olga', body })).status).to.equal(201)
    for (const [method, target] of [
      ['GET', 'foo/-/foo-1.1.0.tgz'],
      ['HEAD', 'foo/-/foo-1.1.0.tgz'],
      ['GET', 'foo/1.1.0'],
    ] as const)
      expect((await there.call(method, `/acme/js/${target}`)).status, target).to.equal(404)
    expect((await there.call('GET', '/acme/js/foo/latest')).json()).to.include({ version: '1.0.0' })
    const again = JSON.stringify(await publishBody({ name: 'foo', version: '1.1.0' }))
    expect((await there.call('PUT', '/acme/js/foo', { body: again })).status).to.equal(403)
  })

  it('serve nothing of a package that the other has unpublished', async () => {
    const tags = await read(there)
    const { _rev } = await packument(here)
    expect((await here.call('DELETE', `/acme/js/foo/-rev/${_rev}`, { as: 'olga' })).status).to.equal(200)
    for (const target of ['foo', 'foo/1.0.0', 'foo/latest', 'foo/-/foo-1.0.0.tgz', '-/package/foo/dist-tags']) {
      const answer = await there.call('GET', `/acme/js/${target}`, { headers: { 'if-none-match': tags[0] ?? '' } })
      expect([answer.status, answer.json()], target).to.deep.equal([404, { error: 'Not found' }])
    }
  })
})
