import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const folder = 'org/demo/lib/1.0'
const jarPath = `${folder}/lib-1.0.jar`
const pomPath = `${folder}/lib-1.0.pom`
const metadataPath = 'org/demo/lib/maven-metadata.xml'

describe('maven deployments that do not go straight', () => {
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
        { name: 'open', format: 'maven', public: true },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
      ],
    })
    dora = new MavenDeployment(house, '/acme/mvn')
    loose = new MavenDeployment(house, '/acme/loose')
  })
  afterEach(() => house.close())

  async function later(seconds: number): Promise<void> {
    clock.advance(seconds * 1_000)
    await house.kernel.wakeReminders()
  }

  it('succeed when they are sent again after a checksum that was wrong', async () => {
    await dora.file(pomPath, pomOf(lib))
    expect((await dora.put(jarPath, 'jar')).status).to.equal(201)
    expect((await dora.put(`${jarPath}.sha1`, hexOf('sha1', 'other'))).status).to.equal(409)
    expect(await dora.file(pomPath, pomOf(lib))).to.deep.equal([200, 201, 201])
    expect(await dora.file(jarPath, 'jar')).to.deep.equal([200, 201, 201])
    expect(await dora.release(lib, 'jar')).to.equal(201)
    expect((await dora.get(metadataPath)).status).to.equal(200)
  })

  it('succeed with other bytes after a checksum that was wrong', async () => {
    expect((await dora.put(jarPath, 'damaged')).status).to.equal(201)
    expect((await dora.put(`${jarPath}.sha1`, hexOf('sha1', 'jar'))).status).to.equal(409)
    expect(await dora.release(lib, 'jar')).to.equal(201)
    expect((await dora.get(jarPath)).text()).to.equal('jar')
  })

  it('count half a minute after their last file, also when the POM came after a pause', async () => {
    await dora.put(jarPath, 'jar')
    await later(40)
    await dora.put(pomPath, pomOf(lib))
    expect((await dora.get(metadataPath)).status).to.equal(404)
    await later(31)
    expect((await dora.get(metadataPath)).status).to.equal(200)
  })

  it('count a late attachment half a minute after it came, and then for good', async () => {
    await dora.release(lib, 'jar')
    await later(100)
    expect((await dora.put(`${folder}/lib-1.0-javadoc.jar`, 'javadoc')).status).to.equal(201)
    await later(31)
    const again = await dora.put(`${folder}/lib-1.0-javadoc.jar`, 'other')
    expect([again.status, again.reason]).to.deep.equal([409, 'Release is immutable'])
  })

  it('are completed by the metadata of those who sent their files, never by what somebody else says of them', async () => {
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    const names = (version: string) =>
      `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><release>${version}</release><versions><version>${version}</version></versions></versioning></metadata>`
    await dora.put(jarPath, 'jar')
    await dora.put(pomPath, pomOf(lib))
    expect((await olga.put(metadataPath, names('1.0'))).status).to.equal(201)
    expect((await dora.get(metadataPath)).status).to.equal(404)
    expect((await dora.put(jarPath, 'still open')).status).to.equal(201)
    expect((await dora.put(metadataPath, names('1.0'))).status).to.equal(201)
    expect((await dora.get(metadataPath)).status).to.equal(200)
  })

  it('of a snapshot take no promise of files from somebody else', async () => {
    const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
    const path = 'org/demo/lib/1.1-SNAPSHOT'
    const build = '20260131.115959-1'
    const entry = `<snapshotVersion><classifier>never</classifier><extension>jar</extension><value>1.1-${build}</value></snapshotVersion>`
    const promise = `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><version>1.1-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.115959</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions>${entry}</snapshotVersions></versioning></metadata>`
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    expect((await olga.put(`${path}/maven-metadata.xml`, promise)).status).to.equal(201)
    await dora.put(`${path}/lib-1.1-${build}.jar`, 'jar')
    await dora.put(`${path}/lib-1.1-${build}.pom`, pomOf(snapshot))
    expect((await olga.put(`${path}/maven-metadata.xml`, promise)).status).to.equal(201)
    expect((await dora.get(`${path}/maven-metadata.xml`)).status).to.equal(404)
    expect(await dora.snapshot(snapshot, build, { '.jar': 'jar', '.pom': pomOf(snapshot) })).to.equal(201)
    expect((await dora.get(`${path}/maven-metadata.xml`)).text()).to.contain(`<value>1.1-${build}</value>`)
  })

  it('of one snapshot build by two in one second publish the files of one of them, and the rest of the other goes', async () => {
    const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
    const path = 'org/demo/lib/1.1-SNAPSHOT'
    const build = '20260131.115959-1'
    const at = (tail: string) => `${path}/lib-1.1-${build}${tail}`
    const [one, two] = ['one', 'two'].map((text) => pomOf(snapshot, `<description>${text}</description>`))
    expect((await dora.put(at('.pom'), one ?? '')).status).to.equal(201)
    // Maven goes on with the module's other files before it fails.
    expect((await dora.put(at('.pom'), two ?? '')).status).to.equal(409)
    expect((await dora.put(at('-only-in-two.jar'), 'two')).status).to.equal(201)
    await later(31)
    expect((await dora.get(`${path}/maven-metadata.xml`)).status, 'not by silence').to.equal(404)
    expect(await dora.snapshot(snapshot, build, { '.jar': 'one', '.pom': one ?? '' })).to.equal(201)
    const published = (await dora.get(`${path}/maven-metadata.xml`)).text()
    expect(published.match(/<snapshotVersion>/g)).to.have.length(2)
    expect(published).not.to.include('only-in-two')
    await later(31)
    await later(86_401)
    expect(await house.storedFiles()).to.deep.equal([`acme/mvn/${at('.jar')}`, `acme/mvn/${at('.pom')}`])
  })

  it('of one snapshot build by two, neither of whom has it whole, are never published', async () => {
    const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
    const at = (tail: string) => `org/demo/lib/1.1-SNAPSHOT/lib-1.1-20260131.115959-1${tail}`
    await dora.put(at('.pom'), pomOf(snapshot, '<description>one</description>'))
    expect((await dora.put(at('.pom'), pomOf(snapshot, '<description>two</description>'))).status).to.equal(409)
    expect((await dora.put(at('.jar'), 'two')).status).to.equal(201)
    expect((await dora.put(at('.jar'), 'one')).status).to.equal(409)
    await later(31)
    expect((await dora.get('org/demo/lib/1.1-SNAPSHOT/maven-metadata.xml')).status).to.equal(404)
    await later(86_401)
    expect([await house.storedFiles(), await house.storedDocuments()]).to.deep.equal([[], []])
  })

  it('keep what is not published out of caches, as it may be sent again', async () => {
    await dora.put(jarPath, 'jar')
    expect((await dora.get(jarPath)).headers['cache-control']).to.equal('private, no-cache')
    await dora.release(lib, 'jar')
    expect((await dora.get(jarPath)).headers['cache-control']).to.equal('private, max-age=31536000, immutable')
  })

  it('let shared caches keep a published file that anybody may read', async () => {
    await new MavenDeployment(house, '/acme/open').release(lib, 'jar')
    const answer = await house.call('GET', `/acme/open/${jarPath}`, { as: 'nobody' })
    expect([answer.status, answer.headers['cache-control']]).to.deep.equal([200, 'public, max-age=31536000, immutable'])
  })

  it('date a -SNAPSHOT without a timestamp anew when its bytes change', async () => {
    const snapshot = { ...lib, version: '1.1-SNAPSHOT' }
    const path = 'org/demo/lib/1.1-SNAPSHOT'
    await dora.put(`${path}/lib-1.1-SNAPSHOT.pom`, pomOf(snapshot))
    await dora.put(`${path}/lib-1.1-SNAPSHOT.jar`, 'one')
    await later(31)
    const first = await dora.get(`${path}/maven-metadata.xml`)
    await later(60)
    await dora.put(`${path}/lib-1.1-SNAPSHOT.jar`, 'two')
    await later(31)
    const second = await dora.get(`${path}/maven-metadata.xml`)
    expect(Date.parse(second.headers['last-modified'] ?? '')).to.be.above(Date.parse(first.headers['last-modified'] ?? ''))
    expect(second.headers['etag']).not.to.equal(first.headers['etag'])
  })

  it('leave no ghost of a Maven plugin in the metadata of its group', async () => {
    const plugin = { group: 'org.demo', artifact: 'x-maven-plugin', version: '1.0' }
    const place = 'org/demo/x-maven-plugin/1.0/x-maven-plugin-1.0'
    await dora.file(`${place}.pom`, pomOf(plugin, '<packaging>maven-plugin</packaging>'))
    await dora.file(`${place}.jar`, 'jar')
    await later(31)
    expect((await dora.get('org/demo/maven-metadata.xml')).text()).to.contain('<prefix>x</prefix>')
    for (const extension of ['pom', 'jar'])
      expect((await house.call('DELETE', `/acme/mvn/${place}.${extension}`, { as: 'olga' })).status).to.equal(204)
    expect((await dora.get('org/demo/maven-metadata.xml')).status).to.equal(404)
  })

  it('by checksum alone are not offered, in the status that makes a client send the bytes', async () => {
    const headers = { 'x-checksum-deploy': 'true', 'x-checksum-sha1': hexOf('sha1', 'jar') }
    const answer = await dora.put(jarPath, '', headers)
    expect([answer.status, answer.headers['content-type']]).to.deep.equal([404, 'text/plain; charset=utf-8'])
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('never replace a release in a permissive repository, whatever its files are called', async () => {
    expect((await loose.put(`${folder}/ivy-1.0.xml`, 'one')).status).to.equal(201)
    expect((await loose.put(`${folder}/ivy-1.0.xml`, 'one')).status).to.equal(200)
    expect((await loose.put(`${folder}/ivy-1.0.xml`, 'two')).status).to.equal(409)
    const snapshot = 'org/demo/lib/1.1-SNAPSHOT/ivy-1.1-SNAPSHOT.xml'
    expect((await loose.put(snapshot, 'one')).status).to.equal(201)
    expect((await loose.put(snapshot, 'two')).status).to.equal(201)
  })

  it('of sixty files at once are all stored', async () => {
    const paths = Array.from({ length: 60 }, (_, n) => `${folder}/lib-1.0-c${n}.jar`)
    const answers = await Promise.all(paths.map((path) => dora.put(path, path)))
    expect(answers.map(({ status }) => status)).to.deep.equal(paths.map(() => 201))
  })

  it('of one file by two at once have one winner', async () => {
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    const answers = await Promise.all([dora.put(jarPath, 'hers'), olga.put(jarPath, 'other')])
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409])
  })

  it('that never become whole are taken away after a day, however many files they have', async () => {
    for (let n = 0; n < 45; n++) await dora.put(`${folder}/lib-1.0-c${n}.jar`, `${n}`)
    await later(31)
    await later(86_401)
    expect(await house.storedFiles()).to.deep.equal([])
  })
})
