import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
const folder = 'org/demo/lib'
const metadataPath = `${folder}/maven-metadata.xml`
const files = (text: string) => ({ '.jar': `jar ${text}`, '.pom': pomOf(snapshot) })

/** What went wrong elsewhere, by the public thread that tells of it. */
describe('what other maven repositories got wrong', () => {
  let house: House
  let clock: FixedClock
  let dora: MavenDeployment
  let loose: MavenDeployment
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock,
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
        { name: 'releases', format: 'maven', policy: 'release' },
      ],
    })
    dora = new MavenDeployment(house, '/acme/mvn')
    loose = new MavenDeployment(house, '/acme/loose')
  })
  afterEach(() => house.close())

  const text = async (path: string) => (await dora.get(path)).text()
  const listed = async () => [...(await text(metadataPath)).matchAll(/<version>(.*?)<\/version>/g)].map(([, version]) => version)
  const olga = () => new MavenDeployment(house, '/acme/mvn', 'olga')
  const sumsFit = async (path: string) => {
    const { body, headers } = await dora.get(path)
    for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512'])
      expect(await text(`${path}.${algorithm}`), `${path}.${algorithm}`).to.equal(hexOf(algorithm, body))
    expect(headers['x-checksum-sha1']).to.equal(hexOf('sha1', body))
  }

  it('dzikoysk/reposilite#1940: a version that is removed leaves no ghost in metadata, and a stale client brings none back', async () => {
    await dora.release(lib, 'one')
    await dora.release({ ...lib, version: '1.1' }, 'two')
    for (const extension of ['jar', 'pom']) await olga().delete(`${folder}/1.0/lib-1.0.${extension}`)
    expect(await listed()).to.deep.equal(['1.1'])
    const stale = `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions><version>1.0</version><version>1.1</version></versions></versioning></metadata>`
    expect((await dora.put(metadataPath, stale)).status).to.equal(201)
    expect(await listed()).to.deep.equal(['1.1'])
  })

  it('sonatype/nexus-public#314, #742: plugins of a group stay when the artifact of the same path goes', async () => {
    const at = 'com/zeroc/ice'
    await dora.release({ group: 'com.zeroc', artifact: 'ice', version: '1.0' }, 'ice')
    const plugin = { group: 'com.zeroc.ice', artifact: 'x-maven-plugin', version: '1.0' }
    await dora.file(`${at}/x-maven-plugin/1.0/x-maven-plugin-1.0.pom`, pomOf(plugin, '<packaging>maven-plugin</packaging>'))
    await dora.put(
      `${at}/x-maven-plugin/maven-metadata.xml`,
      '<metadata><artifactId>x-maven-plugin</artifactId><versioning><release>1.0</release></versioning></metadata>',
    )
    expect(await text(`${at}/maven-metadata.xml`))
      .to.include('<artifactId>ice</artifactId>')
      .and.include('<prefix>x</prefix>')
    for (const extension of ['jar', 'pom']) await olga().delete(`${at}/1.0/ice-1.0.${extension}`)
    expect(await text(`${at}/maven-metadata.xml`))
      .to.include('<prefix>x</prefix>')
      .and.not.include('<versioning>')
    await sumsFit(`${at}/maven-metadata.xml`)
  })

  it('gradle/gradle#12993, community.general#11501: of each file one entry, of each deployment the newest, never the history', async () => {
    for (const build of ['20260131.120001-1', '20260131.120002-2', '20260131.120003-3'])
      await dora.snapshot(snapshot, build, files(build))
    const metadata = await text(`${folder}/1.1-SNAPSHOT/maven-metadata.xml`)
    expect(metadata.match(/<snapshotVersion>/g)).to.have.length(2)
    expect(metadata.match(/<value>1\.1-20260131\.120003-3<\/value>/g)).to.have.length(2)
  })

  it('gradle/gradle#9532: the build that <snapshot> names has the POM and the jar, whatever was deployed alone after it', async () => {
    await dora.snapshot(snapshot, '20260131.120001-1', files('one'))
    await dora.snapshot(snapshot, '20260131.120002-2', { '-docs.jar': 'docs' })
    const [, timestamp, number] =
      /<timestamp>(.*?)<\/timestamp>\s*<buildNumber>(\d+)/.exec(await text(`${folder}/1.1-SNAPSHOT/maven-metadata.xml`)) ?? []
    for (const extension of ['jar', 'pom'])
      expect((await dora.get(`${folder}/1.1-SNAPSHOT/lib-1.1-${timestamp}-${number}.${extension}`)).status).to.equal(200)
  })

  it('dzikoysk/reposilite#327, #354, #1152: sums fit the metadata that is served, at every level and after each change', async () => {
    await dora.release(lib, 'one')
    await dora.snapshot(snapshot, '20260131.120001-1', files('one'))
    for (const path of [metadataPath, `${folder}/1.1-SNAPSHOT/maven-metadata.xml`, `${folder}/1.1-SNAPSHOT/lib-1.1-SNAPSHOT.jar`])
      await sumsFit(path)
    await dora.snapshot(snapshot, '20260131.120002-2', files('two'))
    await olga().delete(`${folder}/1.0/lib-1.0.jar`)
    for (const path of [metadataPath, `${folder}/1.1-SNAPSHOT/maven-metadata.xml`, `${folder}/1.1-SNAPSHOT/lib-1.1-SNAPSHOT.jar`])
      await sumsFit(path)
  })

  it('jfrog/artifactory-gradle-plugin#122: private content is 401 to nobody, so that a client sends what it has', async () => {
    for (const path of [metadataPath, `${folder}/1.0/lib-1.0.jar`, 'none/at/all/maven-metadata.xml.sha1']) {
      const answer = await house.call('GET', `/acme/mvn/${path}`, { as: 'nobody' })
      expect([answer.status, answer.headers['www-authenticate']]).to.deep.equal([401, 'Basic realm="acme", charset="UTF-8"'])
    }
  })

  it('gradle/gradle#4107, coursier/coursier#770: what is not there, or not to be known of, is 404 and never 403', async () => {
    for (const as of ['rita', 'gus'] as const)
      expect((await house.call('GET', `/acme/mvn/${folder}/9/lib-9.module`, { as })).status, as).to.equal(404)
  })

  it('go-gitea/gitea#20672, gitlab-org/gitlab!51758: metadata and new builds are always taken, however immutable releases are', async () => {
    await dora.release(lib, 'one')
    for (const build of ['20260131.120001-1', '20260131.120002-2'])
      expect(await dora.snapshot(snapshot, build, files(build))).to.equal(201)
    expect(await dora.release({ ...lib, version: '1.2' }, 'three')).to.equal(201)
    expect((await dora.put(`${metadataPath}.sha1`, 'a'.repeat(40))).status).to.equal(201)
  })

  it('go-gitea/gitea#30171, gitlab-org/gitlab#362668, apache/maven#11634: files of one version in parallel are one deployment', async () => {
    const tails = ['.jar', '-sources.jar', '-javadoc.jar', '-tests.jar', '.module']
    const sent = [
      ...tails.map((tail) => dora.file(`${folder}/1.0/lib-1.0${tail}`, tail)),
      dora.file(`${folder}/1.0/lib-1.0.pom`, pomOf(lib)),
    ]
    expect((await Promise.all(sent)).flat().filter((status) => status !== 201)).to.deep.equal([])
    expect(await dora.release(lib, '.jar')).to.equal(201)
    expect((await house.storedDocuments()).filter((document) => document.includes(': build/'))).to.have.length(1)
    expect(await text(`${folder}/1.0/`))
      .to.include('lib-1.0-javadoc.jar')
      .and.include('lib-1.0.module')
  })

  it('gitlab-org/gitlab#367356: a checksum right behind its file is never compared with anything older', async () => {
    for (let n = 0; n < 20; n++) {
      const path = `${folder}/1.1-SNAPSHOT/lib-1.1-SNAPSHOT.jar`
      expect(await dora.file(path, `bytes ${n}`)).to.deep.equal([201, 201, 201])
    }
  })

  it('gitlab-org/gitlab!38338: metadata that comes first makes no package of its own', async () => {
    const sent =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.120001</timestamp><buildNumber>1</buildNumber></snapshot></versioning></metadata>'
    expect((await dora.put(`${folder}/1.1-SNAPSHOT/maven-metadata.xml`, sent)).status).to.equal(201)
    for (const path of [metadataPath, `${folder}/1.1-SNAPSHOT/maven-metadata.xml`])
      expect((await dora.get(path)).status).to.equal(404)
    expect(await dora.snapshot(snapshot, '20260131.120001-1', files('one'))).to.equal(201)
    expect(await listed()).to.deep.equal(['1.1-SNAPSHOT'])
  })

  it('go-gitea/gitea#33036: foo:bar-jdbc and foo-bar:jdbc are two packages', async () => {
    await dora.release({ group: 'foo', artifact: 'bar-jdbc', version: '1' }, 'one')
    await dora.release({ group: 'foo-bar', artifact: 'jdbc', version: '2' }, 'two')
    expect(await text('foo/bar-jdbc/maven-metadata.xml'))
      .to.include('<version>1</version>')
      .and.not.include('<version>2</version>')
    expect(await text('foo-bar/jdbc/maven-metadata.xml'))
      .to.include('<version>2</version>')
      .and.not.include('<version>1</version>')
  })

  it('go-gitea/gitea#30568: group and version that a POM inherits, or leaves to the build, are those of its path', async () => {
    const parent = '<parent><groupId>org.demo</groupId><artifactId>parent</artifactId><version>1.0</version></parent>'
    for (const [version, pom] of [
      ['1.0', `<project>${parent}<artifactId>lib</artifactId></project>`],
      ['3.0', `<project>${parent}<artifactId>lib</artifactId><version>$\{revision}</version></project>`],
      ['4.0', `<project root="true"><artifactId>lib</artifactId><subprojects><subproject>x</subproject></subprojects></project>`],
    ] as const)
      expect((await dora.put(`${folder}/${version}/lib-${version}.pom`, pom)).status, version).to.equal(201)
    expect(
      (await dora.put(`${folder}/5.0/lib-5.0.pom`, `<project>${parent}<artifactId>lib</artifactId></project>`)).status,
    ).to.equal(400)
  })

  it('sbt/sbt#3410, coursier/coursier#286: cross-built plugins and shaded POMs are a matter of the layout policy', async () => {
    const odd = 'org/demo/sbt-foo_2.12_1.0/1.0/sbt-foo-1.0.pom'
    const pom = pomOf({ ...lib, artifact: 'sbt-foo' })
    const refused = await dora.put(odd, pom)
    expect([refused.status, refused.reason]).to.deep.equal([400, 'Not in the Maven layout'])
    expect((await loose.put(odd, pom)).status).to.equal(201)
    expect((await loose.get(`${odd}.sha1`)).text()).to.equal(hexOf('sha1', pom))
    expect((await dora.put(`${folder}/1.0/lib-1.0-shaded.pom`, pomOf({ ...lib, artifact: 'other' }))).status).to.equal(201)
  })

  it('apache/maven-deploy-plugin#568: a damaged upload, whose client only warns, is no published version', async () => {
    await dora.put(`${folder}/1.0/lib-1.0.jar`, 'damaged')
    expect((await dora.put(`${folder}/1.0/lib-1.0.jar.sha1`, hexOf('sha1', 'jar'))).status).to.equal(409)
    await dora.file(`${folder}/1.0/lib-1.0.pom`, pomOf(lib))
    const refused = await dora.put(
      metadataPath,
      '<metadata><artifactId>lib</artifactId><versioning><release>1.0</release></versioning></metadata>',
    )
    expect([refused.status, refused.reason]).to.match(/409,Not published - the sha1 of lib-1\.0\.jar is /)
    clock.advance(60_000)
    await house.kernel.wakeReminders()
    expect((await dora.get(metadataPath)).status).to.equal(404)
  })

  it('whoz-oss/coday#989, apache/maven-deploy-plugin#506: whatever is sent twice succeeds twice', async () => {
    expect(await dora.release(lib, 'jar')).to.equal(201)
    expect(await dora.file(`${folder}/1.0/lib-1.0.pom`, pomOf(lib))).to.deep.equal([200, 201, 201])
    expect(await dora.file(`${folder}/1.0/lib-1.0.jar`, 'jar')).to.deep.equal([200, 201, 201])
    expect(await dora.release(lib, 'jar')).to.equal(201)
    expect(await listed()).to.deep.equal(['1.0'])
  })

  it('apache/maven#11856, #12433: prefixes and indexes that nobody made are 404 in plain text, and nobody uploads them', async () => {
    for (const path of ['.meta/prefixes.txt', '.meta/prefixes.txt.sha1', '.index/nexus-maven-repository-index.gz']) {
      const answer = await dora.get(path)
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([404, 'text/plain; charset=utf-8'])
    }
    expect((await dora.put('.meta/prefixes.txt', '## repository-prefixes/2.0\n')).status).to.equal(400)
  })

  it('apache/maven#12154, apache/maven-resolver#739: no Accept, and no header of the JDK client, changes an answer', async () => {
    await dora.release(lib, 'jar')
    for (const accept of ['application/problem+json', 'text/html, image/gif, image/jpeg, *; q=.2', 'application/vnd.nothing', ''])
      expect((await dora.get(`${folder}/1.0/lib-1.0.jar`, { accept })).text()).to.equal('jar')
    const jdk = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABk',
      'content-length': '0',
    }
    expect((await dora.get(`${folder}/1.0/lib-1.0.jar`, jdk)).text()).to.equal('jar')
    const { 'content-length': _, ...upgrade } = jdk
    expect((await dora.put(`${folder}/1.1/lib-1.1.jar`, 'next', upgrade)).status).to.equal(201)
    expect((await dora.get(`${folder}/1.1/lib-1.1.jar`, jdk)).text()).to.equal('next')
  })

  it('a token comes in any header that other repositories have for theirs, and opens what it opens as Bearer', async () => {
    await dora.release(lib, 'jar')
    const get = async (headers: Record<string, string>) =>
      (await house.call('GET', `/acme/mvn/${folder}/1.0/lib-1.0.jar`, { as: 'nobody', headers })).status
    for (const name of ['Private-Token', 'Deploy-Token', 'Job-Token', 'X-JFrog-Art-Api', 'X-Api-Key']) {
      expect(await get({ [name]: house.token('dora') }), name).to.equal(200)
      expect(await get({ [name]: 'some key of another service' }), name).to.equal(401)
      expect(await get({ [name]: house.token('bert') }), `${name} of another organization`).to.equal(401)
    }
    const put = await house.call('PUT', `/acme/mvn/${folder}/2.0/lib-2.0.jar`, {
      as: 'nobody',
      headers: { 'x-api-key': house.token('rita') },
      body: 'x',
    })
    expect(put.status, 'a reader').to.equal(403)
  })

  it('apache/maven-deploy-plugin#527: metadata that names a file which is still on its way is refused, and nothing is seen', async () => {
    await dora.put(`${folder}/1.1-SNAPSHOT/lib-1.1-20260131.120001-1.pom`, pomOf(snapshot))
    const sent =
      '<metadata><versioning><snapshot><timestamp>20260131.120001</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions><snapshotVersion><extension>zip</extension><value>1.1-20260131.120001-1</value></snapshotVersion></snapshotVersions></versioning></metadata>'
    expect((await dora.put(`${folder}/1.1-SNAPSHOT/maven-metadata.xml`, sent)).status).to.equal(409)
    expect((await dora.get(`${folder}/1.1-SNAPSHOT/maven-metadata.xml`)).status).to.equal(404)
  })

  it('dzikoysk/reposilite#405, apache/maven#7616: versions are in Maven’s order, and a snapshot is never the release', async () => {
    for (const version of ['1.10', '1.9', '1.10-rc1']) await dora.release({ ...lib, version }, version)
    await dora.snapshot({ ...lib, version: '2.0-SNAPSHOT' }, '20260131.120001-1', {
      '.pom': pomOf({ ...lib, version: '2.0-SNAPSHOT' }),
    })
    expect(await listed()).to.deep.equal(['1.9', '1.10-rc1', '1.10', '2.0-SNAPSHOT'])
    expect(await text(metadataPath)).to.match(/<latest>2\.0-SNAPSHOT<\/latest>\s*<release>1\.10<\/release>/)
  })

  it('coursier/coursier#319: metadata never changes while files come, only when a version counts', async () => {
    await dora.release(lib, 'one')
    const before = await dora.get(metadataPath)
    await dora.file(`${folder}/1.1/lib-1.1.jar`, 'two')
    await dora.file(`${folder}/1.1/lib-1.1.pom`, pomOf({ ...lib, version: '1.1' }))
    const during = await dora.get(metadataPath)
    expect([during.headers['etag'], during.headers['last-modified'], during.text()]).to.deep.equal([
      before.headers['etag'],
      before.headers['last-modified'],
      before.text(),
    ])
  })

  it('YunaiV/ruoyi-vue-pro#417: -snapshot in lower case does not become a release', async () => {
    const refused = await new MavenDeployment(house, '/acme/releases').put('org/demo/lib/1.0-snapshot/lib-1.0-snapshot.jar', 'x')
    expect([refused.status, refused.reason]).to.deep.equal([400, 'Write -SNAPSHOT in upper case'])
  })

  it('stored archives carry no coding, a PUT is never sent elsewhere, and names may begin with a dot', async () => {
    const archive = buildZip([{ name: 'x', content: 'x' }])
    for (const tail of ['.tar.gz', '.zip']) {
      const put = await dora.put(`${folder}/1.0/lib-1.0${tail}`, archive)
      expect([put.status, put.headers['location']]).to.deep.equal([201, undefined])
      const got = await dora.get(`${folder}/1.0/lib-1.0${tail}`, { 'accept-encoding': 'gzip, br' })
      expect([got.headers['content-encoding'], got.body.equals(archive)]).to.deep.equal([undefined, true])
    }
    expect((await loose.put('org/demo/.hidden/file', 'x')).status).to.equal(201)
    expect((await loose.get('org/demo/.hidden/file')).text()).to.equal('x')
  })
})
