import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { houseClock } from '../../../plugins/npm/house-clock.js'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse } from '../../support/house.js'
import { integrityOf, type NpmPackage, packed, publishBody } from '../../support/npm-package.js'

const abbreviated = { accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*' }
const full = { accept: 'application/json' }
const bar = {
  name: '@acme/bar',
  version: '1.0.0',
  description: 'A bar',
  license: 'MIT',
  keywords: ['bar'],
  homepage: 'https://bar.example.com',
  author: 'Ann',
  dependencies: { foo: '^1.0.0' },
  peerDependenciesMeta: { baz: { optional: true } },
  os: ['linux'],
  libc: ['glibc'],
  custom: { kept: true },
  scripts: { postinstall: 'node index.js', test: 'mocha' },
}

interface Packument {
  readonly _rev: string
  readonly modified: string
  readonly 'dist-tags': Record<string, string>
  readonly versions: Record<string, Record<string, unknown>>
  readonly time: Record<string, string>
}

describe('npm: installing', () => {
  let house: House
  let file: Buffer
  beforeEach(async () => {
    house = await openHouse({ plugins: [npm], repositories: [{ name: 'js', format: 'npm' }] })
    file = await packed(bar)
    await publish(bar, file)
  })
  afterEach(() => house.close())

  const publish = async (manifest: NpmPackage, content?: Buffer) => {
    const body = await publishBody(manifest, content === undefined ? {} : { file: content })
    const answer = await house.call('PUT', `/acme/js/${manifest.name.replace('/', '%2f')}`, { body: JSON.stringify(body) })
    expect(answer.status, answer.text()).to.equal(201)
  }
  const get = (target: string, headers: Record<string, string> = {}) => house.call('GET', `/acme/js/${target}`, { headers })
  /** The signature differs every time: what it is over is held against it in a suite of its own. */
  const dist = (served: Packument['versions'][string] | undefined) => ({
    tarball: `${house.url}/acme/js/@acme/bar/-/bar-1.0.0.tgz`,
    shasum: createHash('sha1').update(file).digest('hex'),
    integrity: integrityOf(file),
    fileCount: 2,
    unpackedSize: JSON.stringify(bar).length + 'module.exports = "1.0.0"\n'.length,
    signatures: (served?.['dist'] as { signatures: unknown } | undefined)?.signatures,
  })

  it('serves the full packument with everything that was published, and with what the house knows better', async () => {
    const answer = await get('@acme%2fbar', full)
    expect(answer.status).to.equal(200)
    expect(answer.headers['content-type']).to.equal('application/json')
    const { _rev, time, ...packument } = answer.json() as Packument
    expect(_rev).to.match(/^1-[0-9a-f]{32}$/)
    expect(packument).to.deep.equal({
      _id: '@acme/bar',
      name: '@acme/bar',
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': {
          ...bar,
          _nodeVersion: '20.20.2',
          _id: '@acme/bar@1.0.0',
          _npmUser: { name: 'dora', email: '' },
          maintainers: [{ name: 'dora', email: '' }],
          _hasShrinkwrap: false,
          dist: dist(packument.versions['1.0.0']),
        },
      },
      maintainers: [{ name: 'dora', email: '' }],
      description: 'A bar',
      homepage: 'https://bar.example.com',
      keywords: ['bar'],
      author: 'Ann',
      license: 'MIT',
      readme: '# @acme/bar',
      readmeFilename: 'README.md',
    })
    expect(Object.keys(time)).to.deep.equal(['created', 'modified', '1.0.0'])
    for (const at of Object.values(time)) expect(at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('serves the abbreviated packument with time, and with hasInstallScript where installing runs something', async () => {
    const answer = await get('@acme%2Fbar', abbreviated)
    expect(answer.headers['content-type']).to.equal('application/vnd.npm.install-v1+json')
    const { time, modified, ...packument } = answer.json() as Packument
    expect(packument).to.deep.equal({
      name: '@acme/bar',
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': {
          name: '@acme/bar',
          version: '1.0.0',
          dependencies: { foo: '^1.0.0' },
          peerDependenciesMeta: { baz: { optional: true } },
          os: ['linux'],
          libc: ['glibc'],
          _hasShrinkwrap: false,
          hasInstallScript: true,
          dist: dist(packument.versions['1.0.0']),
        },
      },
    })
    expect(time['modified']).to.equal(modified)
    expect(Object.keys(time)).to.deep.equal(['created', 'modified', '1.0.0'])
  })

  it('serves the full packument to whoever does not ask for the other', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/vnd.npm.install-v1+json; q=0' }])
      expect((await get('@acme%2fbar', headers)).headers['content-type']).to.equal('application/json')
  })

  it('serves one document under every spelling of the name', async () => {
    const { body } = await get('@acme/bar', full)
    for (const target of ['@acme%2fbar', '@acme%2Fbar', '%40acme%2Fbar', '%40acme/bar', '@acme/bar/', '@acme%2fbar?write=true'])
      expect((await get(target, full)).body.equals(body), target).to.equal(true)
  })

  it('answers 304 for each flavour by itself, and never after a change', async () => {
    const answers = await Promise.all([get('@acme/bar', full), get('@acme/bar', abbreviated)])
    const [fullTag, shortTag] = answers.map(({ headers }) => headers['etag'] ?? '')
    expect(fullTag).to.match(/^W\/"/)
    expect(fullTag).to.not.equal(shortTag)
    for (const { headers } of answers) {
      expect(headers['cache-control']).to.equal('private, no-cache')
      expect((headers['vary'] ?? '').toLowerCase().split(', ')).to.include.members(['accept', 'accept-encoding', 'authorization'])
    }
    const same = await get('@acme/bar', { ...full, 'if-none-match': fullTag ?? '' })
    expect([same.status, same.body.length, same.headers['etag']]).to.deep.equal([304, 0, fullTag])
    expect((await get('@acme/bar', { ...full, 'if-none-match': shortTag ?? '' })).status).to.equal(200)
    await publish({ ...bar, version: '1.0.1' })
    expect((await get('@acme/bar', { ...full, 'if-none-match': fullTag ?? '' })).status).to.equal(200)
  })

  it('dates the document as the document does, once the second is over, and answers by the date then', async () => {
    const { time } = (await get('@acme/bar', full)).json() as Packument
    const later = (milliseconds: number) => {
      houseClock.now = () => new Date(Date.parse(time['modified'] ?? '') + milliseconds)
    }
    later(1_999)
    expect((await get('@acme/bar', full)).headers['last-modified']).to.equal(undefined)
    later(2_000)
    const seconds = new Date(Math.floor(Date.parse(time['modified'] ?? '') / 1000) * 1000).toUTCString()
    const old = await get('@acme/bar', full)
    expect(old.headers['last-modified']).to.equal(seconds)
    expect((await get('@acme/bar', { ...full, 'if-modified-since': seconds })).status).to.equal(304)
    expect((await get('@acme/bar', { ...full, 'if-modified-since': seconds, 'if-none-match': '"other"' })).status).to.equal(200)
  })

  it('changes its revision and its time with every change', async () => {
    const { time, _rev } = (await get('@acme/bar', full)).json() as Packument
    await house.call('PUT', '/acme/js/-/package/@acme%2fbar/dist-tags/beta', { body: '"1.0.0"' })
    const after = (await get('@acme/bar', full)).json() as Packument
    expect(after._rev).to.match(/^2-/).and.not.equal(_rev)
    expect(Date.parse(after.time['modified'] ?? '')).to.be.greaterThan(Date.parse(time['modified'] ?? ''))
    expect(after.time['1.0.0']).to.equal(time['1.0.0'])
  })

  it('serves one version by its number and by a tag', async () => {
    const { versions } = (await get('@acme/bar', full)).json() as Packument
    for (const target of ['@acme%2fbar/1.0.0', '@acme/bar/1.0.0', '@acme/bar/latest', '@acme%2Fbar/latest']) {
      const answer = await get(target)
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, 'application/json'])
      expect(answer.json()).to.deep.equal(versions['1.0.0'])
    }
    const none = await get('@acme/bar/9.9.9')
    expect([none.status, none.json()]).to.deep.equal([404, { error: 'version not found: 9.9.9' }])
  })

  it('serves the tarball under every spelling, whole, in parts, and as its head alone, never encoded', async () => {
    for (const target of [
      '@acme/bar/-/bar-1.0.0.tgz',
      '@acme%2fbar/-/bar-1.0.0.tgz',
      '@acme/bar/-/@acme/bar-1.0.0.tgz',
      '@acme/bar/-/@acme%2fbar-1.0.0.tgz',
    ]) {
      const answer = await get(target, { 'accept-encoding': 'gzip, deflate, br', accept: abbreviated.accept })
      expect(answer.status, target).to.equal(200)
      expect(answer.body.equals(file)).to.equal(true)
      expect(answer.headers['content-type']).to.equal('application/octet-stream')
      expect(answer.headers['content-length']).to.equal(String(file.length))
      expect(answer.headers['content-encoding']).to.equal(undefined)
      expect(answer.headers['cache-control']).to.equal('private, max-age=31536000, immutable, no-transform')
      expect(answer.headers['etag']).to.equal(`"${createHash('sha256').update(file).digest('hex')}"`)
      expect(answer.headers['accept-ranges']).to.equal('bytes')
    }
    const part = await get('@acme/bar/-/bar-1.0.0.tgz', { range: 'bytes=2-5' })
    expect([part.status, part.headers['content-range']]).to.deep.equal([206, `bytes 2-5/${file.length}`])
    expect(part.body.equals(file.subarray(2, 6))).to.equal(true)
    const head = await house.call('HEAD', '/acme/js/@acme/bar/-/bar-1.0.0.tgz')
    expect([head.status, head.headers['content-length'], head.body.length]).to.deep.equal([200, String(file.length), 0])
    const etag = head.headers['etag'] ?? ''
    expect((await get('@acme/bar/-/bar-1.0.0.tgz', { 'if-none-match': etag })).status).to.equal(304)
  })

  it('knows nothing of packages, versions and files that are not there, in JSON', async () => {
    for (const target of [
      'nope',
      '@acme/nope',
      'nope/1.0.0',
      'nope/-/nope-1.0.0.tgz',
      '@acme/bar/-/bar-9.9.9.tgz',
      '@acme/bar/-/bar.tgz',
      '@acme/bar/-/bar-.tgz',
      '@acme/bar/-/@other/bar-1.0.0.tgz',
      '-/nope',
      '-/npm/v1/attestations/@acme%2fbar@1.0.0',
      '-/npm/v1/attestations/@acme/bar@1.0.0',
      '-/package/nope/dist-tags',
    ]) {
      const answer = await get(target)
      expect([answer.status, answer.json()], target).to.deep.equal([404, { error: 'Not found' }])
    }
  })

  it('answers what it does not keep as unknown, so that clients fall back', async () => {
    for (const [method, target] of [
      ['POST', '-/v1/login'],
      ['PUT', '-/user/v1/star'],
      ['GET', '-/stage'],
      ['GET', '-/npm/v1/hooks'],
    ] as const) {
      const answer = await house.call(method, `/acme/js/${target}`, { body: method === 'GET' ? '' : '{}' })
      expect([answer.status, answer.json()], target).to.deep.equal([404, { error: 'Not found' }])
    }
  })

  it('refuses names that cannot be, and double encoding, with a reason', async () => {
    expect((await get('@acme')).status).to.equal(400)
    expect((await get('@acme%252fbar')).status).to.equal(400)
    expect((await get('foo%2fbar')).status).to.equal(400)
    expect((await get('node_modules')).json()).to.deep.equal({ error: 'the package name "node_modules" is reserved' })
  })

  it('shows nothing to strangers, nor to another organization, whatever is there', async () => {
    for (const target of ['@acme%2fbar', 'nope', '@acme/bar/-/bar-1.0.0.tgz', '-/ping', '-/v1/search?text=bar']) {
      for (const as of ['nobody', 'bert'] as const)
        expect((await house.call('GET', `/acme/js/${target}`, { as })).status, `${as} ${target}`).to.equal(401)
    }
    expect((await house.call('GET', '/beta/js/@acme%2fbar', { as: 'bert' })).status).to.equal(404)
  })

  it('lists and finds packages by their latest version', async () => {
    await publish({ name: 'foo', version: '2.0.0', description: 'A foo' })
    const found = async (query: string) =>
      (await get(`-/v1/search?${query}`)).json() as { total: number; objects: { package: { name: string } }[] }
    const names = async (query: string) => (await found(query)).objects.map((each) => each.package.name)
    expect(await names('text=bar')).to.deep.equal(['@acme/bar'])
    expect(await names('text=a')).to.deep.equal(['@acme/bar', 'foo'])
    expect(await names('text=a&size=1&from=1')).to.deep.equal(['foo'])
    expect(await names('text=keywords:bar')).to.deep.equal(['@acme/bar'])
    const { objects, total } = await found('text=bar&size=20&from=0&quality=0.65&popularity=0.98&maintenance=0.5')
    expect(total).to.equal(1)
    expect(objects[0]?.package).to.deep.include({
      name: '@acme/bar',
      scope: 'acme',
      version: '1.0.0',
      description: 'A bar',
      keywords: ['bar'],
      links: { homepage: 'https://bar.example.com' },
      author: { name: 'Ann' },
      publisher: { username: 'dora', email: '' },
      maintainers: [{ username: 'dora', email: '' }],
    })
  })
})
