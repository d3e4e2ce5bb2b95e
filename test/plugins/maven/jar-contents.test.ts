import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { buildZip } from '../../support/zip-builder.js'

const pluginXml = (inside: string) => ({
  name: 'META-INF/maven/plugin.xml',
  content: `<?xml version="1.0"?><plugin>${inside}</plugin>`,
})
const archetypeXml = { name: 'META-INF/maven/archetype-metadata.xml', content: '<archetype-descriptor name="x"/>' }

describe('what lies inside a jar of a maven repository', () => {
  let house: House
  let clock: FixedClock
  let dora: MavenDeployment
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({ plugins: [mavenPlugin()], clock, repositories: [{ name: 'mvn', format: 'maven' }] })
    dora = new MavenDeployment(house, '/acme/mvn')
  })
  afterEach(() => house.close())

  const deploy = async (artifact: string, version: string, inPom: string, jar: Uint8Array | string) => {
    const place = `org/demo/${artifact}/${version}/${artifact}-${version}`
    await dora.put(`${place}.pom`, pomOf({ group: 'org.demo', artifact, version }, inPom))
    await dora.put(`${place}.jar`, jar)
    const metadata = `<metadata><groupId>org.demo</groupId><artifactId>${artifact}</artifactId><versioning><versions><version>${version}</version></versions></versioning></metadata>`
    expect((await dora.put(`org/demo/${artifact}/maven-metadata.xml`, metadata)).status).to.equal(201)
    clock.advance(1_000)
  }
  const plugins = async () =>
    [
      ...(await dora.get('org/demo/maven-metadata.xml'))
        .text()
        .matchAll(/<plugin>\s*<name>(.*?)<\/name>\s*<prefix>(.*?)<\/prefix>\s*<artifactId>(.*?)<\/artifactId>/g),
    ].map(([, name, prefix, artifactId]) => [name, prefix, artifactId])
  const asPlugin = '<packaging>maven-plugin</packaging><name>By its POM</name>'

  it('names a plugin in the metadata of its group, rather than its artifactId does', async () => {
    const goals = pluginXml('<name>By its jar</name><goalPrefix>short</goalPrefix><mojos><mojo><goal>go</goal></mojo></mojos>')
    await deploy('long-maven-plugin', '1.0', asPlugin, buildZip([goals]))
    await deploy('plain-maven-plugin', '1.0', asPlugin, buildZip([pluginXml('')]))
    expect(await plugins()).to.deep.equal([
      ['By its jar', 'short', 'long-maven-plugin'],
      ['By its POM', 'plain', 'plain-maven-plugin'],
    ])
  })

  it('gives a prefix that two plugins claim to the newer of them', async () => {
    await deploy('a-maven-plugin', '1.0', asPlugin, buildZip([pluginXml('<goalPrefix>same</goalPrefix>')]))
    await deploy('b-maven-plugin', '1.0', asPlugin, buildZip([pluginXml('<goalPrefix>same</goalPrefix>')]))
    expect(await plugins()).to.deep.equal([['By its POM', 'same', 'b-maven-plugin']])
    await deploy(
      'a-maven-plugin',
      '1.1',
      asPlugin.replace('its', 'a new'),
      buildZip([pluginXml('<goalPrefix>same</goalPrefix>')]),
    )
    expect(await plugins()).to.deep.equal([['By a new POM', 'same', 'a-maven-plugin']])
  })

  it('does no harm where it cannot be read: the plugin is listed by its artifactId', async () => {
    const bomb = `<!DOCTYPE plugin [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><plugin><goalPrefix>&b;</goalPrefix></plugin>`
    const jars = {
      'text-maven-plugin': 'no zip at all',
      'bomb-maven-plugin': buildZip([{ name: 'META-INF/maven/plugin.xml', content: bomb }]),
      'huge-maven-plugin': buildZip([{ name: 'META-INF/maven/plugin.xml', content: Buffer.alloc(9 * 1024 * 1024, 0x20) }]),
    }
    for (const [artifact, jar] of Object.entries(jars)) await deploy(artifact, '1.0', asPlugin, jar)
    expect((await plugins()).map(([, prefix]) => prefix)).to.deep.equal(['bomb', 'huge', 'text'])
  })

  it('or the packaging of its POM makes an entry of the archetype catalog, for as long as it is there', async () => {
    expect((await dora.get('archetype-catalog.xml')).status).to.equal(404)
    await deploy('quick', '1.0', '<packaging>maven-archetype</packaging><description>To &lt;begin&gt;</description>', 'no zip')
    await deploy('old-archetype', '2.0', '', buildZip([archetypeXml]))
    await deploy('no-archetype', '1.0', '', buildZip([]))
    const catalog = await dora.get('archetype-catalog.xml')
    const text = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<archetype-catalog>',
      '  <archetypes>',
      '    <archetype>',
      '      <groupId>org.demo</groupId>',
      '      <artifactId>old-archetype</artifactId>',
      '      <version>2.0</version>',
      '    </archetype>',
      '    <archetype>',
      '      <groupId>org.demo</groupId>',
      '      <artifactId>quick</artifactId>',
      '      <version>1.0</version>',
      '      <description>To &lt;begin&gt;</description>',
      '    </archetype>',
      '  </archetypes>',
      '</archetype-catalog>',
      '',
    ].join('\n')
    expect([catalog.status, catalog.text(), catalog.headers['content-type']]).to.deep.equal([200, text, 'text/xml'])
    expect(catalog.headers).to.include({ etag: `"${hexOf('sha1', text)}"`, 'cache-control': 'private, no-cache' })
    for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512'])
      expect((await dora.get(`archetype-catalog.xml.${algorithm}`)).text()).to.equal(hexOf(algorithm, text))
    const olga = new MavenDeployment(house, '/acme/mvn', 'olga')
    for (const [artifact, version] of [
      ['quick', '1.0'],
      ['old-archetype', '2.0'],
    ])
      for (const extension of ['jar', 'pom'])
        await olga.delete(`org/demo/${artifact}/${version}/${artifact}-${version}.${extension}`)
    expect((await dora.get('archetype-catalog.xml')).status).to.equal(404)
    expect((await dora.get('archetype-catalog.xml.sha1')).status).to.equal(404)
  })
})
