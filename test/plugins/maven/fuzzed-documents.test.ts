import { expect } from 'chai'
import fc from 'fast-check'
import { readXml } from '#core'
import { hexOf, pomOf } from '../../support/maven-deployment.js'
import { multipart } from '../../support/upload-form.js'
import { buildZip } from '../../support/zip-builder.js'
import { damaged, someDamage } from './damage.js'
import { runs, StrangeHouse } from './strange-house.js'

describe('strange documents in a maven repository', function () {
  this.timeout(180_000)
  let strange: StrangeHouse
  before(async () => {
    strange = await StrangeHouse.open()
  })
  after(() => strange.close())

  const send = (...request: Parameters<StrangeHouse['send']>) => strange.send(...request)
  const stored = () => strange.stored()
  let number = 0
  /** Coordinates that no other run has. */
  const fresh = () => `1.${++number}`

  it('a POM with anything done to it is taken or refused, and then nothing of it is there', async () => {
    const examples = [
      pomOf(
        { group: 'org.demo', artifact: 'lib', version: '1.0' },
        '<dependencies><dependency><groupId>a</groupId></dependency></dependencies>',
      ),
      '<project/>',
    ]
    await fc.assert(
      fc.asyncProperty(fc.nat(1), someDamage, async (which, changes) => {
        const version = fresh()
        const pom = damaged(Buffer.from((examples[which] ?? '').replace('>1.0<', `>${version}<`)), changes)
        const before = await stored()
        const target = `org/demo/lib/${version}/lib-${version}.pom`
        const { status } = await send('PUT', `/acme/mvn/${target}`, pom)
        expect(status).to.be.oneOf([201, 400, 413])
        if (status !== 201) expect(await stored()).to.deep.equal(before)
        // Where the layout is nobody's rule, bytes are bytes.
        expect((await send('PUT', `/acme/loose/${target}`, pom)).status).to.equal(201)
        expect((await send('GET', `/acme/loose/${target}`)).body.equals(pom)).to.equal(true)
        await send('PUT', '/acme/loose/org/demo/lib/maven-metadata.xml', metadataOf(version))
        const served = await send('GET', '/acme/loose/org/demo/lib/maven-metadata.xml')
        expect(await versionsOf(served.body)).to.include(version)
      }),
      { numRuns: runs },
    )
  })

  it('a POM that means harm is refused in words, each of its kind, and nothing of it is there', async () => {
    const refusals: readonly (readonly [harm: string, before: string, refusal: string])[] = [
      ['<!DOCTYPE project [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<project', 'has a DOCTYPE, which is not accepted'],
      ['<!DOCTYPE project SYSTEM "file:///etc/passwd">', '<project', 'has a DOCTYPE, which is not accepted'],
      ['<a>'.repeat(10_000), '<modelVersion>', 'has more than 64 levels'],
      [`<${'n'.repeat(1 << 20)}/>`, '<modelVersion>', 'has more than 1024 characters in a name'],
      [`<a ${'n'.repeat(1 << 20)}="v"/>`, '<modelVersion>', 'has more than 1024 characters in a name'],
      ['x'.repeat(1 << 20), '</artifactId>', 'has more than 65536 characters in artifactId'],
      ['&#97;'.repeat(20_000), '<modelVersion>', 'has more than 10000 character references'],
      ['<a/>'.repeat(300_000), '<modelVersion>', 'has more than 200000 nodes'],
      ['<!-- -->'.repeat(300_000), '<modelVersion>', 'has more than 200000 nodes'],
      ['\0', '<modelVersion>', 'is not well formed: 3:3: disallowed character.'],
      ['&#0;', '<modelVersion>', 'is not well formed: 3:6: malformed character entity.'],
      ['<b>', '<modelVersion>', 'is not well formed: 6:10: unexpected close tag.'],
    ]
    const untouched = await stored()
    for (const [harm, before, refusal] of refusals) {
      const version = fresh()
      const pom = pomOf({ group: 'org.demo', artifact: 'lib', version }).replace(before, (place) => harm + place)
      const answer = await send('PUT', `/acme/mvn/org/demo/lib/${version}/lib-${version}.pom`, pom)
      const { title, detail } = answer.json() as Record<string, string>
      expect([answer.status, title, detail]).to.deep.equal([
        ...[400, 'POM cannot be read'],
        `lib-${version}.pom cannot be read as a POM: The XML document ${refusal}`,
      ])
      expect(await stored()).to.deep.equal(untouched)
    }
  })

  it('a POM that says other coordinates than its path is refused, whichever it says', async () => {
    const id = fc.constantFrom(
      '',
      ' ',
      '1.0 ',
      'lib\u200b',
      ...'org.demo org.Demo org/demo lib LIB l%69b $\u007bx} 1.0 ../.. х'.split(' '),
    )
    await fc.assert(
      fc.asyncProperty(id, id, id, async (group, artifact, given) => {
        const version = given === '1.0' ? fresh() : given
        const target = `org/demo/lib/${number}/lib-${number}.pom`
        const before = await stored()
        const { status } = await send('PUT', `/acme/mvn/${target}`, pomOf({ group, artifact, version }))
        const fits = (said: string, meant: string) =>
          said.trim() === meant || /\$\{/.test(said) || (said.trim() === '' && meant !== 'lib')
        const right = fits(group, 'org.demo') && fits(artifact, 'lib') && fits(version, String(number))
        expect(status, `${group}:${artifact}:${version}`).to.be.oneOf(right ? [200, 201, 409] : [400])
        if (status === 400) expect(await stored()).to.deep.equal(before)
      }),
      { numRuns: runs },
    )
  })

  it('metadata with anything done to it is a signal or refused, and never content', async () => {
    const version = fresh()
    await send(
      'PUT',
      `/acme/mvn/org/demo/sig/${version}/sig-${version}.pom`,
      pomOf({ group: 'org.demo', artifact: 'sig', version }),
    )
    const own = metadataOf(version, 'sig')
    await send('PUT', '/acme/mvn/org/demo/sig/maven-metadata.xml', own)
    const served = (await send('GET', '/acme/mvn/org/demo/sig/maven-metadata.xml')).text()
    const snapshot =
      '<metadata modelVersion="1.1.0"><groupId>org.demo</groupId><artifactId>sig</artifactId><version>2-SNAPSHOT</version><versioning><snapshot><timestamp>20260131.115959</timestamp><buildNumber>1</buildNumber></snapshot><snapshotVersions><snapshotVersion><extension>jar</extension><value>2-20260131.115959-1</value><updated>20260131115959</updated></snapshotVersion></snapshotVersions></versioning></metadata>'
    const group =
      '<metadata><plugins><plugin><name>x</name><prefix>evil</prefix><artifactId>evil</artifactId></plugin></plugins></metadata>'
    const levels = [
      ['org/demo/sig/maven-metadata.xml', own],
      ['org/demo/sig/2-SNAPSHOT/maven-metadata.xml', snapshot],
      ['org/demo/maven-metadata.xml', group],
      ['maven-metadata.xml', group],
    ] as const
    const files = await strange.house.storedFiles()
    await fc.assert(
      fc.asyncProperty(fc.nat(levels.length - 1), someDamage, async (level, changes) => {
        const [target = '', text = ''] = levels[level] ?? []
        const { status } = await send('PUT', `/acme/mvn/${target}`, damaged(Buffer.from(text), changes))
        expect(status).to.be.oneOf([201, 400, 409, 413])
        expect(await strange.house.storedFiles()).to.deep.equal(files)
        expect((await send('GET', '/acme/mvn/org/demo/sig/maven-metadata.xml')).text()).to.equal(served)
        for (const empty of ['org/demo/maven-metadata.xml', 'org/demo/sig/2-SNAPSHOT/maven-metadata.xml'])
          expect((await send('GET', `/acme/mvn/${empty}`)).status).to.equal(404)
      }),
      { numRuns: runs },
    )
  })

  it('module metadata, and whatever stands in a plugin.xml or a jar, is stored as it is and breaks no document made of it', async () => {
    const descriptor = '<?xml version="1.0"?><plugin><name>A plugin</name><goalPrefix>go</goalPrefix></plugin>'
    const module = '{"formatVersion":"1.1","component":{"group":"org.demo","module":"x","version":"1"},"variants":[]}'
    await fc.assert(
      fc.asyncProperty(someDamage, fc.boolean(), async (changes, outside) => {
        const version = fresh()
        const stem = `/acme/mvn/org/plug/x-maven-plugin/${version}/x-maven-plugin-${version}`
        const content = outside ? descriptor : damaged(Buffer.from(descriptor), changes)
        const jar = buildZip([{ name: 'META-INF/maven/plugin.xml', content }])
        const bytes = outside ? damaged(jar, changes) : jar
        expect((await send('PUT', `${stem}.jar`, bytes)).status).to.equal(201)
        expect((await send('PUT', `${stem}.module`, damaged(Buffer.from(module), changes))).status).to.equal(201)
        const pom = pomOf({ group: 'org.plug', artifact: 'x-maven-plugin', version }, '<packaging>maven-plugin</packaging>')
        expect((await send('PUT', `${stem}.pom`, pom)).status).to.equal(201)
        const metadata = metadataOf(version, 'x-maven-plugin', 'org.plug')
        expect((await send('PUT', '/acme/mvn/org/plug/x-maven-plugin/maven-metadata.xml', metadata)).status).to.equal(201)
        const group = await send('GET', '/acme/mvn/org/plug/maven-metadata.xml')
        const root = await readXml(group.body, 'metadata', { plugins: { plugin: { prefix: true, artifactId: true } } })
        expect(root.children[0]?.children[0]?.children[1]?.text).to.equal('x-maven-plugin')
      }),
      { numRuns: runs },
    )
  })

  it('a bundle with any of its bytes changed is published whole or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(someDamage, fc.boolean(), async (changes, inside) => {
        const version = fresh()
        const files = ['a', 'b'].flatMap((artifact) => {
          const pom = Buffer.from(pomOf({ group: 'org.bundle', artifact, version }))
          const name = `org/bundle/${artifact}/${version}/${artifact}-${version}.pom`
          const content = inside && artifact === 'b' ? damaged(pom, changes) : pom
          return [
            { name, content },
            { name: `${name}.sha1`, content: hexOf('sha1', content) },
          ]
        })
        const archive = buildZip(files)
        const { headers, body } = multipart([
          { name: 'bundle', filename: 'b', content: inside ? archive : damaged(archive, changes) },
        ])
        const before = await stored()
        const answer = await send('POST', '/acme/mvn/-/api/v1/publisher/upload?publishingType=AUTOMATIC', body, headers)
        expect(answer.status).to.be.oneOf([201, 400, 413])
        const after = await stored()
        const published = after.files.filter((file) => !before.files.includes(file))
        if (answer.status !== 201) {
          expect(after).to.deep.equal(before)
          return
        }
        const status = await send('POST', `/acme/mvn/-/api/v1/publisher/status?id=${answer.text()}`)
        const { deploymentState, purls } = status.json() as { deploymentState: string; purls: string[] }
        expect(published).to.have.length(deploymentState === 'PUBLISHED' ? purls.length : 0)
        if (deploymentState === 'FAILED') expect(after.blobs).to.equal(before.blobs)
      }),
      { numRuns: Math.ceil(runs / 2) },
    )
  })
})

function metadataOf(version: string, artifact = 'lib', group = 'org.demo'): string {
  return `<metadata><groupId>${group}</groupId><artifactId>${artifact}</artifactId><versioning><versions><version>${version}</version></versions></versioning></metadata>`
}
async function versionsOf(metadata: Uint8Array): Promise<readonly string[]> {
  const root = await readXml(metadata, 'metadata', { versioning: { versions: { version: true } } })
  return root.children[0]?.children[0]?.children.map(({ text }) => text) ?? []
}
