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

  const undo = async (which: (one: Record<string, unknown>) => boolean) => {
    const one = (await operatorOf(house).items('deleted?repository=mvn')).find(which)
    await operatorOf(house).done('POST', `deleted/mvn/${one?.['id']}/undo`)
  }
  const shown = async () => {
    const found: string[] = []
    for (const item of await operatorOf(house).items('search?q=org.demo')) found.push(`${item['name']} ${item['latest']}`)
    return found
  }

  it('heals the prefix and the search at once when the highest version comes back over what was published meanwhile', async () => {
    await plugin('1.0')
    await plugin('2.0')
    await drop('2.0')
    await deploy(artifact, '1.5', '<packaging>jar</packaging>', 'no plugin')
    const before = await new MavenDeployment(house, '/acme/mvn').get(metadata)
    await undo(() => true)
    expect(await read('org/demo/maven-metadata.xml')).to.include('<prefix>x</prefix>')
    expect(await shown()).to.deep.equal([`org/demo/${artifact} 2.0`])
    const after = await new MavenDeployment(house, '/acme/mvn').get(metadata)
    expect(Date.parse(after.headers['last-modified'] ?? ''), 'never an older date for another text').to.be.above(
      Date.parse(before.headers['last-modified'] ?? ''),
    )
  })

  it('names no version that is gone when others come back in another order than they went', async () => {
    for (const version of ['1.0', '2.0', '3.0']) await plugin(version)
    for (const version of ['1.0', '3.0', '2.0']) await drop(version)
    expect(await shown()).to.deep.equal([])
    await undo(({ version }) => version === '1.0')
    expect([await highest(), await shown()]).to.deep.equal([['1.0', '1.0'], [`org/demo/${artifact} 1.0`]])
    await undo(({ version }) => version === '3.0')
    await undo(({ version }) => version === '2.0')
    expect([await highest(), await shown()]).to.deep.equal([['3.0', '3.0'], [`org/demo/${artifact} 3.0`]])
    expect(await read('org/demo/maven-metadata.xml')).to.include('<prefix>x</prefix>')
  })

  it('leaves nothing of a version that goes while more of it is being sent', async () => {
    await plugin('1.0')
    await new MavenDeployment(house, '/acme/mvn').put(`org/demo/${artifact}/1.0/${artifact}-1.0-docs.jar`, 'late')
    await drop('1.0')
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await house.storedDocuments()).filter((document) => !document.endsWith(': stamp'))).to.deep.equal([])
    clock.advance(40_000)
    await house.kernel.wakeReminders()
    clock.advance(2 * 86_400_000)
    await house.kernel.wakeReminders()
    expect(await read(metadata)).to.match(/^404 /)
  })

  it('says of a snapshot what its newest build says, and its prefix, once the one after it is gone', async () => {
    const dora = new MavenDeployment(house, '/acme/mvn')
    const coordinates = { group: 'org.demo', artifact, version: '1.1-SNAPSHOT' }
    const pom = (text: string, packaging: string) =>
      pomOf(coordinates, `<packaging>${packaging}</packaging><description>${text}</description>`)
    await dora.snapshot(coordinates, '20260131.120000-1', { '.jar': 'one', '.pom': pom('first', 'maven-plugin') })
    await dora.snapshot(coordinates, '20260131.120100-2', { '.jar': 'two', '.pom': pom('second', 'jar') })
    expect(await read('org/demo/maven-metadata.xml')).to.match(/^404 /)
    for (const extension of ['jar', 'pom']) {
      const path = `org/demo/${artifact}/1.1-SNAPSHOT/${artifact}-1.1-20260131.120100-2.${extension}`
      expect((await house.call('DELETE', `/acme/mvn/${path}`, { as: 'olga' })).status).to.equal(204)
    }
    expect(await read('org/demo/maven-metadata.xml')).to.include('<prefix>x</prefix>')
    const [found] = await operatorOf(house).items('search?q=org.demo')
    expect(found).to.include({ description: 'first', latest: '1.1-SNAPSHOT' })
    await undo(() => true)
    await undo(() => true)
    expect(await read('org/demo/maven-metadata.xml')).to.match(/^404 /)
    expect(await read(`org/demo/${artifact}/1.1-SNAPSHOT/maven-metadata.xml`)).to.include('<buildNumber>2</buildNumber>')
  })
})
