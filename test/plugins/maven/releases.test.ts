import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const jarPath = 'org/demo/lib/1.0/lib-1.0.jar'
const pomPath = 'org/demo/lib/1.0/lib-1.0.pom'

describe('maven releases', () => {
  let house: House
  let clock: FixedClock
  let dora: MavenDeployment
  beforeEach(async () => {
    clock = new FixedClock()
    const format = { format: 'maven' }
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock,
      repositories: [
        { name: 'mvn', ...format },
        { name: 'releases', policy: 'release', ...format },
        { name: 'snapshots', policy: 'snapshot', ...format },
        { name: 'loose', layoutPolicy: 'permissive', ...format },
      ],
    })
    dora = new MavenDeployment(house, '/acme/mvn')
  })
  afterEach(() => house.close())

  it('are answered step by step as a client expects, and lie in the store without checksums or metadata', async () => {
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    expect(await dora.file(jarPath, 'jar')).to.deep.equal([201, 201, 201])
    expect(await dora.file(pomPath, pomOf(lib))).to.deep.equal([201, 201, 201])
    const metadata =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions><version>1.0</version></versions></versioning></metadata>'
    expect((await dora.put('org/demo/lib/maven-metadata.xml', metadata)).status).to.equal(201)
    expect((await dora.put('org/demo/lib/maven-metadata.xml.sha1', hexOf('sha1', metadata))).status).to.equal(201)
    expect(await house.storedFiles()).to.deep.equal([`acme/mvn/${jarPath}`, `acme/mvn/${pomPath}`])
    expect(await house.storedDocuments()).to.deep.equal([
      'acme/mvn/maven/org/demo/lib/1.0: build/release',
      'acme/mvn/maven/org/demo/lib/1.0: open/release/file/lib-1.0.jar',
      'acme/mvn/maven/org/demo/lib/1.0: open/release/file/lib-1.0.pom',
      'acme/mvn/maven/org/demo/lib/1.0: pom/release',
      'acme/mvn/maven/org/demo/lib/1.0: stamp',
      'acme/mvn/maven/org/demo/lib: facts/1.0',
      'acme/mvn/maven/org/demo/lib: latest',
      'acme/mvn/maven/org/demo/lib: stamp',
      'acme/mvn/maven/org/demo/lib: version/1.0',
    ])
  })

  it('are listed in metadata that is made here, byte for byte the same until something changes', async () => {
    expect(await dora.release(lib, 'jar')).to.equal(201)
    const first = await dora.get('org/demo/lib/maven-metadata.xml')
    const text = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<metadata>',
      '  <groupId>org.demo</groupId>',
      '  <artifactId>lib</artifactId>',
      '  <versioning>',
      '    <latest>1.0</latest>',
      '    <release>1.0</release>',
      '    <versions>',
      '      <version>1.0</version>',
      '    </versions>',
      '    <lastUpdated>20260131120000</lastUpdated>',
      '  </versioning>',
      '</metadata>',
      '',
    ].join('\n')
    expect([first.status, first.text()]).to.deep.equal([200, text])
    expect(first.headers).to.include({
      'content-type': 'text/xml',
      etag: `"${hexOf('sha1', text)}"`,
      'x-checksum-sha1': hexOf('sha1', text),
      'cache-control': 'private, no-cache',
      'last-modified': 'Sat, 31 Jan 2026 12:00:00 GMT',
    })
    for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512']) {
      const sum = await dora.get(`org/demo/lib/maven-metadata.xml.${algorithm}`)
      expect([sum.status, sum.text()]).to.deep.equal([200, hexOf(algorithm, text)])
    }
    expect((await dora.get('org/demo/lib/maven-metadata.xml', { 'if-none-match': first.headers['etag'] ?? '' })).status).to.equal(
      304,
    )
    await dora.release({ ...lib, version: '1.10' }, 'ten')
    await dora.release({ ...lib, version: '1.9' }, 'nine')
    const later = await dora.get('org/demo/lib/maven-metadata.xml')
    expect(later.text()).to.match(/<latest>1\.10<\/latest>\s+<release>1\.10<\/release>/)
    expect([...later.text().matchAll(/<version>(.*?)<\/version>/g)].map(([, version]) => version)).to.deep.equal([
      '1.0',
      '1.9',
      '1.10',
    ])
    expect(Date.parse(later.headers['last-modified'] ?? '')).to.be.greaterThan(Date.parse(first.headers['last-modified'] ?? ''))
  })

  it('are served with the headers that clients verify and cache by', async () => {
    await dora.release(lib, 'jar')
    const jar = await dora.get(jarPath)
    expect([jar.status, jar.text()]).to.deep.equal([200, 'jar'])
    expect(jar.headers).to.include({
      'content-type': 'application/java-archive',
      etag: `"${hexOf('sha1', 'jar')}"`,
      'x-checksum-md5': hexOf('md5', 'jar'),
      'x-checksum-sha1': hexOf('sha1', 'jar'),
      'x-checksum-sha256': hexOf('sha256', 'jar'),
      'cache-control': 'private, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
    })
    expect((await dora.get(pomPath)).headers['content-type']).to.equal('text/xml')
    const part = await dora.get(jarPath, { range: 'bytes=1-' })
    expect([part.status, part.text(), part.headers['content-range']]).to.deep.equal([206, 'ar', 'bytes 1-2/3'])
    const sum = await dora.get(`${jarPath}.sha512`)
    expect([sum.status, sum.text(), sum.headers['content-type']]).to.deep.equal([200, hexOf('sha512', 'jar'), 'text/plain'])
    expect((await dora.get(`${jarPath}.sha1.md5`)).status).to.equal(404)
  })

  it('tell who sends a file late that it was removed, and when, as long as others of the release stand', async () => {
    await dora.release(lib, 'jar')
    clock.advance(3_600_000)
    expect((await house.call('DELETE', `/acme/mvn/${jarPath}`, { as: 'olga' })).status).to.equal(204)
    const removed = clock.now().toISOString()
    const published = new Date(clock.now().getTime() - 3_600_000).toISOString()
    clock.advance(2 * 86_400_000)
    const closed = `org.demo:lib:1.0 was published on ${published} and takes no more files`
    for (const bytes of ['jar', 'other']) {
      const late = (await dora.put(jarPath, bytes)).json() as { status: number; title: string; detail: string }
      expect([late.status, late.title, late.detail]).to.deep.equal([
        409,
        'Release is closed',
        `${closed}; lib-1.0.jar was removed from it on ${removed}: an undo of that brings it back`,
      ])
    }
    const further = (await dora.put('org/demo/lib/1.0/lib-1.0-late.jar', 'late')).json() as { detail: string }
    expect(further.detail).to.equal(closed)
    expect((await house.storedFiles()).filter((path) => path.endsWith('.jar'))).to.deep.equal([])
  })

  it('answer 404 as plain text, and 401 before they say whether anything exists', async () => {
    const missing = await dora.get('org/demo/none/1/none-1.pom')
    expect([missing.status, missing.headers['content-type']]).to.deep.equal([404, 'text/plain; charset=utf-8'])
    expect((await dora.get('org/demo/none/1/none-1.pom.sha1')).status).to.equal(404)
    expect((await house.call('GET', '/acme/mvn/org/demo/none/1/none-1.pom', { as: 'nobody' })).status).to.equal(401)
  })

  it('never change: equal bytes pass, other bytes are refused in words that each client shows', async () => {
    await dora.release(lib, 'jar')
    expect((await dora.put(jarPath, 'jar')).status).to.equal(200)
    const other = await dora.put(jarPath, 'other')
    expect([other.status, other.reason, other.headers['content-type']]).to.deep.equal([
      409,
      'Release is immutable',
      'application/problem+json',
    ])
    expect(other.json()).to.include({ title: 'Release is immutable', status: 409 })
    expect((other.json() as { detail: string }).detail).to.match(/^org\.demo:lib:1\.0 lib-1\.0\.jar exists with other content/)
    expect((await dora.get(jarPath)).text()).to.equal('jar')
    expect((await new MavenDeployment(house, '/acme/mvn', 'olga').delete(jarPath)).status).to.equal(204)
    expect((await dora.get(jarPath)).status).to.equal(404)
    expect((await dora.put(jarPath, 'other')).status).to.equal(409)
    expect((await dora.put(jarPath, 'jar')).status).to.equal(201)
  })

  it('may be sent again, by whoever sends them, as long as they are not published', async () => {
    expect((await dora.put(jarPath, 'first try')).status).to.equal(201)
    expect((await new MavenDeployment(house, '/acme/mvn', 'olga').put(jarPath, 'from somebody else')).status).to.equal(409)
    expect((await dora.put(jarPath, 'second try')).status).to.equal(201)
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    await dora.put(pomPath, pomOf(lib))
    expect(await dora.release(lib, 'second try')).to.equal(201)
    expect((await dora.put(jarPath, 'third try')).status).to.equal(409)
  })

  it('with a checksum that differs are not published, and the client is told where it listens', async () => {
    await dora.put(jarPath, 'jar')
    const wrong = await dora.put(`${jarPath}.sha1`, 'f'.repeat(40))
    expect([wrong.status, wrong.reason]).to.deep.equal([409, 'Checksum differs'])
    await dora.put(pomPath, pomOf(lib))
    const metadata =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions><version>1.0</version></versions></versioning></metadata>'
    const refused = await dora.put('org/demo/lib/maven-metadata.xml', metadata)
    expect(refused.status).to.equal(409)
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    expect((await dora.put(`${jarPath}.sha1`, hexOf('sha1', 'jar'))).status).to.equal(201)
    expect((await dora.put('org/demo/lib/maven-metadata.xml', metadata)).status).to.equal(201)
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(200)
  })

  it('take a checksum before its file, and then no other file', async () => {
    expect((await dora.put(`${jarPath}.sha512`, hexOf('sha512', 'jar'))).status).to.equal(201)
    expect((await dora.put(jarPath, 'other')).status).to.equal(409)
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await dora.put(jarPath, 'jar')).status).to.equal(201)
  })

  it('hold a file against the digests of its own request', async () => {
    expect((await dora.put(jarPath, 'jar', { 'x-checksum-sha256': '0'.repeat(64) })).status).to.equal(409)
    expect((await dora.put(jarPath, 'jar', { 'content-md5': 'AAAA' })).status).to.equal(400)
    expect(await house.storedFiles()).to.deep.equal([])
    const right = Buffer.from(hexOf('sha256', 'jar'), 'hex').toString('base64')
    expect((await dora.put(jarPath, 'jar', { digest: `SHA-256=${right}` })).status).to.equal(201)
  })

  it('follow the policies of their repository, in clear words', async () => {
    const release = new MavenDeployment(house, '/acme/releases')
    const snapshot = new MavenDeployment(house, '/acme/snapshots')
    const answers = [
      await release.put('org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.115959-1.jar', 'x'),
      await snapshot.put(jarPath, 'x'),
      await dora.put('org/demo/lib/1.0-snapshot/lib-1.0-snapshot.jar', 'x'),
      await dora.put('org/demo/lib/1.0/other-1.0.jar', 'x'),
      await dora.put('short.jar', 'x'),
      await dora.put(pomPath, pomOf({ ...lib, version: '2.0' })),
      await dora.put(pomPath, '<!DOCTYPE x><project/>'),
    ]
    expect(answers.map(({ status, reason }) => `${status} ${reason}`)).to.deep.equal([
      '400 Only releases are allowed here',
      '400 Only snapshots are allowed here',
      '400 Write -SNAPSHOT in upper case',
      '400 Not in the Maven layout',
      '400 Not in the Maven layout',
      '400 POM does not fit its path',
      '400 POM cannot be read',
    ])
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await new MavenDeployment(house, '/acme/loose').put('org/demo/lib/1.0/ivy-1.0.xml', 'x')).status).to.equal(201)
    expect((await dora.put(jarPath, 'x', { 'content-encoding': 'gzip' })).status).to.equal(415)
  })

  it('refuse metadata that is not XML, not metadata, or of somebody else', async () => {
    const path = 'org/demo/lib/maven-metadata.xml'
    for (const body of [
      'nonsense',
      '<project/>',
      '<!DOCTYPE m><metadata/>',
      '<metadata><groupId>org.other</groupId><artifactId>lib</artifactId></metadata>',
    ])
      expect((await dora.put(path, body)).status, body).to.equal(400)
  })

  it('of six who deploy at once are all listed', async () => {
    const versions = ['3.1', '3.2', '3.3', '3.4', '3.5', '3.6']
    const statuses = await Promise.all(versions.map((version) => dora.release({ ...lib, version }, version)))
    expect(statuses).to.deep.equal(versions.map(() => 201))
    const listed = (await dora.get('org/demo/lib/maven-metadata.xml')).text()
    expect([...listed.matchAll(/<version>(.*?)<\/version>/g)].map(([, version]) => version)).to.deep.equal(versions)
  })

  it('without metadata count when their files have been quiet for half a minute', async () => {
    await dora.put(jarPath, 'jar')
    clock.advance(20_000)
    await dora.put(pomPath, pomOf(lib))
    clock.advance(20_000)
    await house.kernel.wakeReminders()
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    clock.advance(10_001)
    await house.kernel.wakeReminders()
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).text()).to.match(/<version>1\.0<\/version>/)
  })

  it('that never become complete are taken away after a day', async () => {
    await dora.put(jarPath, 'jar')
    clock.advance(30_001)
    await house.kernel.wakeReminders()
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    clock.advance(24 * 60 * 60_000)
    await house.kernel.wakeReminders()
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('leave metadata when they are removed, and the name leaves the list with the last of them', async () => {
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    await dora.release(lib, 'jar')
    await dora.release({ ...lib, version: '2.0' }, 'two')
    for (const file of ['lib-2.0.jar', 'lib-2.0.pom'])
      expect((await olga.delete(`org/demo/lib/2.0/${file}`)).status).to.equal(204)
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).text()).to.match(/<latest>1\.0<\/latest>/)
    expect((await dora.delete(jarPath)).status).to.equal(403)
    expect((await olga.delete(jarPath)).status).to.equal(204)
    expect((await olga.delete(jarPath)).status).to.equal(404)
    expect((await olga.delete(pomPath)).status).to.equal(204)
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).status).to.equal(404)
  })

  it('that are removed are never replaced by other bytes, and are told from those that are there', async () => {
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    const loose = new MavenDeployment(house, '/acme/loose', 'olga')
    const build = '20260131.115959-1'
    const snapshotPath = `org/demo/lib/1.1-SNAPSHOT/lib-1.1-${build}.jar`
    const ivyPath = 'org/demo/lib/1.0/ivy-1.0.xml'
    const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
    await dora.release(lib, 'jar')
    await dora.snapshot(snapshot, build, { '.jar': 'jar', '.pom': pomOf(snapshot) })
    await loose.put(ivyPath, 'jar')
    const cases = [
      [olga, jarPath, 'Release', 'org.demo:lib:1.0 lib-1.0.jar'],
      [olga, snapshotPath, 'Snapshot build', `org.demo:lib:1.1-SNAPSHOT lib-1.1-${build}.jar`],
      [loose, ivyPath, 'Release', `org.demo:lib:1.0: ${ivyPath}`],
    ] as const
    for (const [place, path, what, name] of cases) {
      const refusal = async () => {
        const { status, reason, ...answer } = await place.put(path, 'other')
        return [status, reason, (answer.json() as { detail: string }).detail.replace(/ \(sha256 .*/, '')]
      }
      expect(await refusal()).to.deep.equal([409, `${what} is immutable`, `${name} exists with other content`])
      expect((await place.delete(path)).status).to.equal(204)
      expect((await place.get(path)).status).to.equal(404)
      const removed = 'was published with other content and removed, and its name takes no other'
      const title = `${what} was removed and its name takes no other content`
      expect(await refusal()).to.deep.equal([409, title, `${name} ${removed}`])
      expect((await place.get(path)).status).to.equal(404)
      expect((await place.put(path, 'jar')).status, 'the bytes that it had').to.equal(201)
      expect((await place.get(path)).text()).to.equal('jar')
    }
  })
})
