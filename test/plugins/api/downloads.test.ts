import { expect } from 'chai'
import { formats, openShelves, put } from '../../attacks/shelves.js'
import type { House } from '../../support/house.js'
import { expectRefusal, memberOf, operatorOf, type Thing } from '../../support/management.js'
import { MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { publishBody } from '../../support/npm-package.js'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { buildWheel } from '../../support/wheel-builder.js'

const wheel = buildWheel({ name: 'Tool_Box', version: '1.0.0' })
const addresses = {
  mvn: '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar',
  js: '/acme/js/@acme%2fui/-/ui-1.0.0.tgz',
  py: `/acme/py/files/${wheel.sha256}/${wheel.filename}`,
  raw: '/acme/raw/docs/notes.txt',
}
const packages = { mvn: 'org/demo/lib', js: '@acme/ui', py: 'tool-box', raw: 'docs/notes.txt' }

describe('downloads of packages', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
    const maven = new MavenDeployment(house, '/acme/mvn')
    expect((await maven.put('org/demo/lib/1.0/lib-1.0.jar', 'a jar')).status).to.equal(201)
    await maven.put('org/demo/lib/1.0/lib-1.0.jar.asc', 'a signature')
    await maven.put('org/demo/lib/1.0/lib-1.0.pom', pomOf({ group: 'org.demo', artifact: 'lib', version: '1.0' }))
    const metadata =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions><version>1.0</version></versions></versioning></metadata>'
    expect((await maven.put('org/demo/lib/maven-metadata.xml', metadata)).status).to.be.within(200, 299)
    const body = JSON.stringify(await publishBody({ name: '@acme/ui', version: '1.0.0' }))
    expect((await put(house, '/acme/js/@acme%2fui', body, { headers: { 'content-type': 'application/json' } })).status).to.equal(
      201,
    )
    const form = multipart(uploadParts(wheel, 'Tool_Box', '1.0.0'))
    expect((await house.call('POST', '/acme/py/', form)).status).to.equal(200)
    expect((await put(house, '/acme/raw/docs/notes.txt', 'some notes')).status).to.equal(201)
  })
  afterEach(() => house.close())

  const asked = async (repository: string, pkg: string, more = '') => {
    await house.kernel.downloads.flush()
    return operatorOf(house).done('GET', `downloads?${new URLSearchParams({ repository, package: pkg })}${more}`)
  }
  const total = async (repository: string, pkg: string) => (await asked(repository, pkg))['total']

  for (const format of formats)
    it(`count a whole GET and one from the first byte on, and neither HEAD, 304 nor a later range: ${format}`, async () => {
      const target = addresses[format]
      const first = await house.call('GET', target)
      expect(first.status).to.equal(200)
      expect((await house.call('HEAD', target)).status).to.equal(200)
      expect((await house.call('GET', target, { headers: { 'if-none-match': first.headers['etag'] ?? '' } })).status).to.equal(
        304,
      )
      expect((await house.call('GET', target, { headers: { range: 'bytes=2-' } })).status).to.equal(206)
      expect((await house.call('GET', target, { headers: { range: 'bytes=900000-' } })).status).to.equal(416)
      expect((await house.call('GET', target, { as: 'nobody' })).status).to.equal(401)
      expect(await total(format, packages[format])).to.equal(1)
      expect((await house.call('GET', target, { headers: { range: 'bytes=0-1' } })).status).to.equal(206)
      expect(await total(format, packages[format])).to.equal(2)
    })

  it('leave out checksums, signatures, metadata and indexes', async () => {
    for (const target of [
      `${addresses.mvn}.sha1`,
      `${addresses.mvn}.asc`,
      '/acme/mvn/org/demo/lib/maven-metadata.xml',
      '/acme/js/@acme%2fui',
      '/acme/py/simple/tool-box/',
      `${addresses.py}.metadata`,
      '/acme/raw/docs/',
      `${addresses.raw}.sha256`,
    ])
      expect((await house.call('GET', target)).status, target).to.equal(200)
    for (const format of formats) expect(await total(format, packages[format]), format).to.equal(0)
    expect(await house.call('GET', '/acme/mvn/org/demo/lib/1.0/lib-1.0.pom')).to.have.property('status', 200)
    expect(await total('mvn', packages.mvn)).to.equal(1)
  })

  it('are told by day and by version', async () => {
    const before = new Date().toISOString()
    await house.call('GET', addresses.js)
    const { since, last, days, ...rest } = await asked('js', '@acme/ui')
    expect([since, last].every((time) => String(time) >= before && String(time) <= new Date().toISOString())).to.equal(true)
    const today = String(last).slice(0, 10)
    expect(days).to.deep.equal([{ day: today, count: 1 }])
    expect(rest).to.deep.equal({
      repository: 'js',
      package: '@acme/ui',
      total: 1,
      versions: [{ version: '1.0.0', total: 1, last }],
    })
    expect((await asked('js', '@acme/ui', '&to=2020-01-01'))['days'] as readonly Thing[]).to.deep.equal([])
  })

  it('are shown to those who may read the repository, and to nobody else', async () => {
    await house.call('GET', addresses.js)
    await house.kernel.downloads.flush()
    const path = 'downloads?repository=js&package=@acme/ui'
    expect((await memberOf(house, 'rita').done('GET', path))['total']).to.equal(1)
    expect((await memberOf(house, 'bert', 'beta').done('GET', path))['total']).to.equal(0)
    expect((await memberOf(house, 'bert').send('GET', path)).status).to.equal(401)
    expect((await memberOf(house, 'gus').send('GET', path)).status).to.be.oneOf([403, 404])
    expectRefusal(
      await operatorOf(house).send('GET', 'downloads?repository=none&package=x'),
      404,
      'not-found',
      'repository not found: none',
    )
    expect((await operatorOf(house).send('GET', 'downloads?repository=js&package=x&from=yesterday')).status).to.equal(400)
    expect((await operatorOf(house).send('GET', 'downloads?repository=js')).status).to.equal(400)
  })
})
