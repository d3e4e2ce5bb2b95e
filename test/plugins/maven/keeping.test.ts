import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'

const artifact = 'x-maven-plugin'
const jar = buildZip([
  { name: 'META-INF/maven/plugin.xml', content: '<?xml version="1.0"?><plugin><goalPrefix>x</goalPrefix></plugin>' },
])
const archetype = buildZip([{ name: 'META-INF/maven/archetype-metadata.xml', content: '<archetype-descriptor name="x"/>' }])
const lastUpdated = /<lastUpdated>\d+<\/lastUpdated>/g

describe('keeping the versions of a maven repository', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    const repositories = ['mvn', 'mvn-2'].map((name) => ({ name, format: 'maven' }))
    house = await openHouse({ plugins: [mavenPlugin(), api], clock, repositories })
  })
  afterEach(() => house.close())

  const deploy = async (name: string, version: string, inPom: string, bytes: Uint8Array | string) => {
    const dora = new MavenDeployment(house, '/acme/mvn')
    const place = `org/demo/${name}/${version}/${name}-${version}`
    await dora.put(`${place}.pom`, pomOf({ group: 'org.demo', artifact: name, version }, inPom))
    await dora.put(`${place}.jar`, bytes)
    const metadata = `<metadata><groupId>org.demo</groupId><artifactId>${name}</artifactId><versioning><versions><version>${version}</version></versions></versioning></metadata>`
    expect((await dora.put(`org/demo/${name}/maven-metadata.xml`, metadata)).status).to.equal(201)
    clock.advance(1_000)
  }
  const read = async (path: string, repository = 'mvn') => {
    const answer = await new MavenDeployment(house, `/acme/${repository}`).get(path)
    return `${answer.status} ${answer.text().replaceAll(lastUpdated, '')}`
  }
  const metadata = `org/demo/${artifact}/maven-metadata.xml`
  const highest = async () => /<latest>(.*?)<\/latest>\s*<release>(.*?)<\/release>/.exec(await read(metadata))?.slice(1)
  const drop = (version: string) => operatorOf(house).done('DELETE', `packages/mvn/org.demo:${artifact}/${version}`)
  const plugin = (version: string) => deploy(artifact, version, '<packaging>maven-plugin</packaging>', jar)

  it('promotes a plugin and an archetype with what their group and the catalog say', async () => {
    await plugin('1.0')
    await deploy('starter', '1.0', '<packaging>maven-archetype</packaging>', archetype)
    for (const name of [artifact, 'starter'])
      await operatorOf(house).done('POST', `packages/mvn/org.demo:${name}/1.0/promote`, { to: 'mvn-2' })
    for (const path of [
      'org/demo/maven-metadata.xml',
      metadata,
      'org/demo/starter/maven-metadata.xml',
      'archetype-catalog.xml',
    ]) {
      const here = await read(path)
      expect(here).to.match(/^200 /)
      expect(await read(path, 'mvn-2')).to.equal(here)
    }
  })

  it('falls back to the version below when the highest goes, and has the same again after an undo', async () => {
    const paths = ['org/demo/maven-metadata.xml', metadata, `org/demo/${artifact}/2.0/${artifact}-2.0.jar`]
    const all = () => Promise.all(paths.map((path) => read(path)))
    await plugin('1.0')
    await plugin('2.0')
    const before = await all()
    await drop('2.0')
    expect(await highest()).to.deep.equal(['1.0', '1.0'])
    const [one] = await operatorOf(house).items('deleted?repository=mvn')
    await operatorOf(house).done('POST', `deleted/mvn/${one?.['id']}/undo`)
    expect(await all()).to.deep.equal(before)
  })

  it('has the highest version again after an undo, whatever was published meanwhile', async () => {
    await plugin('1.0')
    await plugin('2.0')
    await drop('2.0')
    await deploy(artifact, '1.5', '<packaging>jar</packaging>', 'no plugin')
    expect(await read('org/demo/maven-metadata.xml')).to.match(/^404 /)
    const [one] = await operatorOf(house).items('deleted?repository=mvn')
    await operatorOf(house).done('POST', `deleted/mvn/${one?.['id']}/undo`)
    expect(await highest()).to.deep.equal(['2.0', '2.0'])
    // The next version is measured against the highest one, and not against what came meanwhile.
    await deploy(artifact, '1.6', '<packaging>jar</packaging>', 'no plugin')
    expect(await read('org/demo/maven-metadata.xml')).to.include('<prefix>x</prefix>')
  })

  it('lists no prefix once the last version of a plugin is gone', async () => {
    await plugin('1.0')
    await drop('1.0')
    expect(await read('org/demo/maven-metadata.xml')).to.match(/^404 /)
    expect(await read(metadata)).to.match(/^404 /)
  })

  it('promotes a snapshot with the build that was committed last, whatever the clock of its machine said', async () => {
    const dora = new MavenDeployment(house, '/acme/mvn')
    const folder = `org/demo/${artifact}/1.1-SNAPSHOT`
    const pom = (packaging: string) =>
      pomOf({ group: 'org.demo', artifact, version: '1.1-SNAPSHOT' }, `<packaging>${packaging}</packaging>`)
    for (const [timestamp, packaging] of [
      ['20260202.000000', 'jar'],
      ['20260101.000000', 'maven-plugin'],
    ] as const) {
      const version = `1.1-${timestamp}-1`
      await dora.put(`${folder}/${artifact}-${version}.pom`, pom(packaging))
      await dora.put(`${folder}/${artifact}-${version}.jar`, jar)
      const sent = `<metadata><versioning><snapshot><timestamp>${timestamp}</timestamp><buildNumber>1</buildNumber></snapshot></versioning></metadata>`
      expect((await dora.put(`${folder}/maven-metadata.xml`, sent)).status).to.equal(201)
      clock.advance(1_000)
    }
    await operatorOf(house).done('POST', `packages/mvn/org.demo:${artifact}/1.1-SNAPSHOT/promote`, { to: 'mvn-2' })
    for (const path of [
      'org/demo/maven-metadata.xml',
      metadata,
      `${folder}/maven-metadata.xml`,
      `${folder}/${artifact}-1.1-SNAPSHOT.pom`,
    ]) {
      const here = await read(path)
      expect(here).to.match(/^200 /)
      expect(await read(path, 'mvn-2')).to.equal(here)
    }
  })
})
