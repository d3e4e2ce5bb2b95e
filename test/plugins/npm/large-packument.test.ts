import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse } from '../../support/house.js'
import { publishBody } from '../../support/npm-package.js'

interface Packument {
  readonly _rev: string
  readonly 'dist-tags': Record<string, string>
  readonly versions: Record<string, { readonly deprecated?: string; readonly notes: string }>
}

/** Behind the first mebibyte of a body nothing is kept of manifests but whether they are deprecated. */
describe('npm: a packument of some megabytes that comes back', () => {
  const versions = Array.from({ length: 30 }, (_, n) => `1.${n}.0`)
  const notes = 'What is new, and what is "gone": \\ {[ '.repeat(2_500)
  let house: House
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    for (const version of versions)
      expect((await put('foo', await publishBody({ name: 'foo', version, notes }))).status).to.equal(201)
  })
  afterEach(() => house.close())

  const put = (target: string, body: unknown, as: 'dora' | 'olga' = 'dora') =>
    house.call('PUT', `/acme/js/${target}`, { as, body: JSON.stringify(body, undefined, 1) })
  const packument = async () => (await house.call('GET', '/acme/js/foo')).json() as Packument

  it('deprecates the last of its versions, and undeprecates it, and changes nothing else', async () => {
    const before = await packument()
    const last = versions.at(-1) ?? ''
    const deprecated = { ...before.versions, [last]: { ...before.versions[last], deprecated: 'too large' } }
    expect((await put('foo', { ...before, versions: deprecated })).status).to.equal(201)
    const after = await packument()
    expect(after.versions).to.deep.equal(deprecated)
    expect((await put('foo', { ...after, versions: before.versions })).status).to.equal(201)
    expect((await packument()).versions).to.deep.equal(before.versions)
  })

  it('unpublishes what it lacks, at the end as in the middle', async () => {
    const before = await packument()
    const kept = versions.filter((version) => !['1.7.0', '1.29.0'].includes(version))
    const rest = Object.fromEntries(kept.map((version) => [version, before.versions[version]]))
    const body = { ...before, versions: rest, 'dist-tags': { latest: '1.28.0' } }
    expect((await put(`foo/-rev/${before._rev}`, body, 'olga')).status).to.equal(201)
    const after = await packument()
    expect(Object.keys(after.versions)).to.deep.equal(kept)
    expect(after['dist-tags']).to.deep.equal({ latest: '1.28.0' })
    expect(await house.storedFiles()).to.have.length(kept.length)
  })

  it('is refused where it is to publish a version whose manifest was not kept', async () => {
    const before = await packument()
    const body = await publishBody({ name: 'foo', version: '2.0.0' })
    const { _attachments, ...rest } = { ...before, ...body, versions: { ...before.versions, ...body.versions } }
    const answer = await put('foo', { ...rest, _attachments })
    expect([answer.status, answer.json()]).to.deep.equal([
      413,
      { error: 'a publish has at most 1048576 bytes around its tarball' },
    ])
    const early = { ...body, versions: { ...body.versions, ...before.versions } }
    expect((await put('foo', early)).status).to.equal(413)
    expect(await packument()).to.deep.equal(before)
  })
})
