import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.1-SNAPSHOT' }
const folder = 'org/demo/lib/1.1-SNAPSHOT'
const files = (text: string) => ({ '.jar': `jar ${text}`, '.pom': pomOf(lib, `<description>${text}</description>`) })

describe('maven snapshots', () => {
  let house: House
  let dora: MavenDeployment
  beforeEach(async () => {
    house = await openHouse({ plugins: [mavenPlugin()], repositories: [{ name: 'mvn', format: 'maven' }] })
    dora = new MavenDeployment(house, '/acme/mvn')
  })
  afterEach(() => house.close())

  const metadata = async () => (await dora.get(`${folder}/maven-metadata.xml`)).text()
  const values = (text: string) =>
    [
      ...text.matchAll(
        /<snapshotVersion>\s*(?:<classifier>(.*?)<\/classifier>\s*)?<extension>(.*?)<\/extension>\s*<value>(.*?)<\/value>/g,
      ),
    ].map(([, classifier = '', extension, value]) => [classifier, extension, value])

  it('name the newest build, one entry for each classifier and extension', async () => {
    expect(await dora.snapshot(lib, '20260131.115959-1', files('one'))).to.equal(201)
    expect(await dora.snapshot(lib, '20260131.120500-2', files('two'))).to.equal(201)
    const text = await metadata()
    expect(text).to.match(/<timestamp>20260131\.120500<\/timestamp>\s+<buildNumber>2<\/buildNumber>/)
    expect(values(text)).to.deep.equal([
      ['', 'jar', '1.1-20260131.120500-2'],
      ['', 'pom', '1.1-20260131.120500-2'],
    ])
    expect((await dora.get('org/demo/lib/maven-metadata.xml')).text()).to.match(/<latest>1\.1-SNAPSHOT<\/latest>\s+<versions>/)
  })

  it('keep naming the build with the POM when only an attachment came later', async () => {
    await dora.snapshot(lib, '20260131.115959-1', files('one'))
    expect(await dora.snapshot(lib, '20260131.120500-2', { '-docs.jar': 'docs' })).to.equal(201)
    const text = await metadata()
    expect(text).to.match(/<timestamp>20260131\.115959<\/timestamp>\s+<buildNumber>1<\/buildNumber>/)
    expect(values(text)).to.deep.equal([
      ['', 'jar', '1.1-20260131.115959-1'],
      ['', 'pom', '1.1-20260131.115959-1'],
      ['docs', 'jar', '1.1-20260131.120500-2'],
    ])
  })

  it('answer their literal name with the newest file, its checksums included, and say what it is', async () => {
    await dora.snapshot(lib, '20260131.115959-1', files('one'))
    await dora.snapshot(lib, '20260131.120500-2', files('two'))
    const alias = await dora.get(`${folder}/lib-1.1-SNAPSHOT.jar`)
    expect([alias.status, alias.text()]).to.deep.equal([200, 'jar two'])
    expect(alias.headers).to.include({
      'content-location': 'lib-1.1-20260131.120500-2.jar',
      'cache-control': 'private, no-cache',
    })
    expect((await dora.get(`${folder}/lib-1.1-SNAPSHOT.jar.sha1`)).text()).to.equal(hexOf('sha1', 'jar two'))
    expect((await dora.get(`${folder}/lib-1.1-SNAPSHOT-sources.jar`)).status).to.equal(404)
  })

  it('never change a build, and always take a literal -SNAPSHOT again', async () => {
    await dora.snapshot(lib, '20260131.115959-1', files('one'))
    const refused = await dora.put(`${folder}/lib-1.1-20260131.115959-1.jar`, 'other')
    expect([refused.status, refused.reason]).to.deep.equal([409, 'Snapshot build is immutable'])
    expect((await dora.put(`${folder}/lib-1.1-SNAPSHOT.jar`, 'literal one')).status).to.equal(201)
    expect((await dora.put(`${folder}/lib-1.1-SNAPSHOT.jar`, 'literal two')).status).to.equal(201)
    expect((await dora.get(`${folder}/lib-1.1-SNAPSHOT.jar`)).text()).to.equal('literal two')
  })

  it('say localCopy where no build has a timestamp', async () => {
    await dora.put(`${folder}/lib-1.1-SNAPSHOT.pom`, pomOf(lib))
    await dora.put(`${folder}/lib-1.1-SNAPSHOT.jar`, 'jar')
    const sent =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshot><localCopy>true</localCopy></snapshot></versioning></metadata>'
    expect((await dora.put(`${folder}/maven-metadata.xml`, sent)).status).to.equal(201)
    expect(await metadata()).to.match(/<localCopy>true<\/localCopy>/)
  })

  it('of four who deploy at once never mix the files of two builds', async () => {
    const builds = ['20260131.120001-1', '20260131.120002-1', '20260131.120003-1', '20260131.120004-1']
    const statuses = await Promise.all(builds.map((build) => dora.snapshot(lib, build, files(build))))
    expect(statuses).to.deep.equal(builds.map(() => 201))
    const named = new Set(values(await metadata()).map(([, , value]) => value))
    expect(named.size).to.equal(1)
    for (const build of builds) expect((await dora.get(`${folder}/lib-1.1-${build}.jar`)).text()).to.equal(`jar ${build}`)
  })

  it('count when the last file came, where the metadata came first', async () => {
    const { '.jar': jar, '.pom': pom } = files('late')
    const sent = `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.115959</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions><snapshotVersion><extension>jar</extension><value>1.1-20260131.115959-1</value></snapshotVersion><snapshotVersion><extension>pom</extension><value>1.1-20260131.115959-1</value></snapshotVersion></snapshotVersions></versioning></metadata>`
    expect((await dora.put(`${folder}/maven-metadata.xml`, sent)).status).to.equal(201)
    await dora.put(`${folder}/lib-1.1-20260131.115959-1.jar`, jar)
    expect((await dora.get(`${folder}/maven-metadata.xml`)).status).to.equal(404)
    await dora.put(`${folder}/lib-1.1-20260131.115959-1.pom`, pom)
    expect((await dora.get(`${folder}/maven-metadata.xml`)).status).to.equal(200)
  })

  it('count at once where metadata names them in its list alone, each file under its own build', async () => {
    const folderOf = (tail: string) => `${folder}/lib-1.1-${tail}`
    const entry = (extension: string, build: string) =>
      `<snapshotVersion><extension>${extension}</extension><value>1.1-${build}</value></snapshotVersion>`
    const sent = (...entries: string[]) =>
      `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshotVersions>${entries.join('')}</snapshotVersions></versioning></metadata>`
    const [first, second] = ['20260131.115959-1', '20260131.115960-1']
    // Old clients give two files of one deployment timestamps a second apart.
    await dora.put(folderOf(`${first}.jar`), 'jar')
    await dora.put(folderOf(`${second}.pom`), pomOf(lib))
    expect((await dora.put(`${folder}/maven-metadata.xml`, sent(entry('jar', first), entry('pom', second)))).status).to.equal(201)
    expect(values(await metadata())).to.deep.equal([
      ['', 'jar', `1.1-${first}`],
      ['', 'pom', `1.1-${second}`],
    ])
    const absent = await dora.put(`${folder}/maven-metadata.xml`, sent(entry('pom', second), entry('zip', second)))
    expect([absent.status, absent.reason]).to.deep.equal([
      409,
      `Not published - lib-1.1-${second}.zip has not come, which its metadata names`,
    ])
  })
})
