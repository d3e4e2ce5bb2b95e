import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type Answer, type CallOptions, type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { multipart } from '../../support/upload-form.js'
import { buildZip, type ZipEntry } from '../../support/zip-builder.js'

const api = '/-/api/v1/publisher'
const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const app = { group: 'org.demo', artifact: 'app', version: '1.0' }
const day = 86_400_000

/** A module's jar and POM with their checksums, as a build stages them. */
function moduleOf({ group, artifact, version }: typeof lib, jar = `jar of ${artifact}`, pom?: string): ZipEntry[] {
  const stem = `${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}`
  return [
    ...summed(`${stem}.jar`, jar),
    ...summed(`${stem}.pom`, pom ?? pomOf({ group, artifact, version })),
    { name: `${stem}.jar.asc`, content: 'signature' },
  ]
}
function summed(name: string, content: string): ZipEntry[] {
  return [
    { name, content },
    { name: `${name}.md5`, content: hexOf('md5', content) },
    { name: `${name}.sha1`, content: `${hexOf('sha1', content)}  ${name}\n` },
    { name: `${name}.sha512`, content: hexOf('sha512', content) },
  ]
}

describe('maven bundles', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock,
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'releases', format: 'maven', policy: 'release' },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
        { name: 'small', format: 'maven', maxSize: 3000 },
      ],
    })
  })
  afterEach(() => house.close())

  const send = (content: Uint8Array, query = 'publishingType=AUTOMATIC', repo = 'mvn', more: CallOptions = {}) => {
    const { headers, body } = multipart([{ name: 'bundle', filename: 'bundle.zip', content }])
    return house.call('POST', `/acme/${repo}${api}/upload?${query}`, { ...more, headers: { ...headers, ...more.headers }, body })
  }
  const status = async (upload: Answer, repo = 'mvn') => {
    expect([upload.status, upload.headers['content-type']]).to.deep.equal([201, 'text/plain; charset=utf-8'])
    const answer = await house.call('POST', `/acme/${repo}${api}/status?id=${upload.text()}`)
    expect(answer.status).to.equal(200)
    return answer.json() as { deploymentState: string; errors: Record<string, string[]>; purls: string[] }
  }
  const publish = async (entries: readonly ZipEntry[], repo = 'mvn') =>
    status(await send(buildZip(entries), 'publishingType=AUTOMATIC', repo), repo)
  const metadata = async (path = 'org/demo/lib', repo = 'mvn') =>
    (await house.call('GET', `/acme/${repo}/${path}/maven-metadata.xml`)).text()
  const nothing = async () => {
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await house.storedDocuments()).filter((document) => !document.includes('/bundles'))).to.deep.equal([])
  }

  it('of two modules appear whole: files, metadata, checksums, search; metadata that lies in it is passed over', async () => {
    const upload = await send(
      buildZip([
        ...moduleOf(lib),
        ...moduleOf(app),
        { name: 'org/demo/lib/maven-metadata.xml', content: 'not even XML' },
        { name: 'org/demo/lib/maven-metadata.xml.sha1', content: 'nonsense' },
        { name: 'org/demo/', content: '' },
      ]),
      'name=demo%201.0&publishingType=AUTOMATIC',
    )
    expect(await status(upload)).to.deep.equal({
      deploymentId: upload.text(),
      deploymentName: 'demo 1.0',
      deploymentState: 'PUBLISHED',
      purls: ['pkg:maven/org.demo/app@1.0', 'pkg:maven/org.demo/lib@1.0'],
      errors: {},
    })
    expect(await house.storedFiles()).to.deep.equal(
      ['app', 'lib'].flatMap((name) => ['jar', 'jar.asc', 'pom'].map((e) => `acme/mvn/org/demo/${name}/1.0/${name}-1.0.${e}`)),
    )
    expect(await metadata()).to.include('<release>1.0</release>')
    const sum = await house.call('GET', '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar.sha512')
    expect(sum.text()).to.equal(hexOf('sha512', 'jar of lib'))
    expect((await house.call('GET', '/acme/mvn/org/demo/lib/1.0/')).text()).to.include('lib-1.0.jar.asc')
    const asked = async (name: string) =>
      (await house.call('GET', `/acme/mvn${api}/published?namespace=org.demo&name=${name}&version=1.0`)).json()
    expect([await asked('lib'), await asked('other')]).to.deep.equal([{ published: true }, { published: false }])
  })

  it('leave a release that is as final as one that was put file by file', async () => {
    await publish(moduleOf(lib))
    const dora = new MavenDeployment(house, '/acme/mvn')
    expect((await dora.put('org/demo/lib/1.0/lib-1.0.jar', 'other')).status).to.equal(409)
    expect((await dora.put('org/demo/lib/1.0/lib-1.0.jar', 'jar of lib')).status).to.equal(200)
    expect((await dora.put('org/demo/lib/1.0/lib-1.0-javadoc.jar', 'docs')).status).to.equal(201)
    expect(await dora.release({ ...lib, version: '1.1' }, 'next')).to.equal(201)
    expect(await metadata()).to.include('<version>1.0</version>\n      <version>1.1</version>')
    expect((await publish(moduleOf(lib))).deploymentState, 'the same again').to.equal('PUBLISHED')
  })

  it('with anything wrong in it publish nothing, and tell all of it by version', async () => {
    const wrong = moduleOf({ ...lib, artifact: 'wrong' }, 'jar', pomOf({ ...lib, artifact: 'other' }))
    const bare = moduleOf({ ...lib, artifact: 'bare' }).filter(({ name }) => !String(name).includes('.pom'))
    const { deploymentState, errors } = await publish([...moduleOf(app), ...wrong, ...bare])
    expect(deploymentState).to.equal('FAILED')
    expect(errors).to.deep.equal({
      'pkg:maven/org.demo/bare@1.0': ['org.demo:bare:1.0 has no bare-1.0.pom'],
      'pkg:maven/org.demo/wrong@1.0': ['wrong-1.0.pom says artifactId other, its path says wrong'],
    })
    await nothing()
  })

  const jar = 'org/demo/lib/1.0/lib-1.0.jar'
  for (const [what, entries, reason] of [
    ['a checksum that differs', [...moduleOf(lib), { name: `${jar}.sha256`, content: 'a'.repeat(64) }], 'The sha256 of '],
    [
      'a checksum of nothing',
      [...moduleOf(lib), { name: jar.replace('.jar', '-x.jar.md5'), content: 'a'.repeat(32) }],
      'is not in',
    ],
    ['a checksum that is none', [...moduleOf(lib), { name: `${jar}.sha256`, content: 'garbage' }], 'This is no sha256'],
    [
      'a checksum of a checksum',
      [...moduleOf(lib), { name: `${jar}.sha1.md5`, content: 'a'.repeat(32) }],
      'checksum of a checksum',
    ],
    ['a checksum without end', [...moduleOf(lib), { name: `${jar}.sha256`, content: 'a'.repeat(2000) }], 'at most 1024'],
    ['a file out of the layout', [...moduleOf(lib), { name: 'README.md', content: 'x' }], 'does not follow the Maven layout'],
    ['a catalog', [...moduleOf(lib), { name: 'archetype-catalog.xml', content: 'x' }], 'made by the server'],
    ['a lower-case snapshot', moduleOf({ ...lib, version: '1.0-snapshot' }), 'end the version in -SNAPSHOT'],
    ['a POM that is no XML', moduleOf(lib, 'jar', 'not XML'), 'cannot be read as a POM'],
    ['a damaged member', [...moduleOf(lib), { name: jar.replace('.jar', '-z.jar'), content: 'z', central: { crc: 7 } }], 'CRC'],
    ['no file at all', [{ name: 'org/demo/', content: '' }], 'The bundle has no files'],
  ] as const) {
    it(`with ${what} fail`, async () => {
      const { deploymentState, errors } = await publish(entries)
      expect(deploymentState).to.equal('FAILED')
      expect(Object.values(errors).flat().join('\n')).to.include(reason)
      await nothing()
    })
  }

  for (const [what, content, answer] of [
    ['no zip', Buffer.from('garbage'), 400],
    ['cut short', buildZip(moduleOf(lib)).subarray(0, 400), 400],
    ['traversal', buildZip([{ name: '../org/demo/lib/1.0/lib-1.0.jar', content: 'x' }]), 400],
    ['traversal inside', buildZip([{ name: 'org/demo/../../lib/1.0/lib-1.0.jar', content: 'x' }]), 400],
    ['a dot', buildZip([{ name: 'org/./lib/1.0/lib-1.0.jar', content: 'x' }]), 400],
    ['an absolute name', buildZip([{ name: `/${jar}`, content: 'x' }]), 400],
    ['a backslash', buildZip([{ name: 'org\\demo\\lib\\1.0\\lib-1.0.jar', content: 'x' }]), 400],
    ['an escape', buildZip([{ name: 'org/%2e%2e/lib/1.0/lib-1.0.jar', content: 'x' }]), 400],
    ['an empty segment', buildZip([{ name: 'org//demo/lib/1.0/lib-1.0.jar', content: 'x' }]), 400],
    ['a link', buildZip([{ name: jar, content: '/etc/passwd', mode: 0o120777 }]), 400],
    [
      'one name twice',
      buildZip([
        { name: jar, content: 'x' },
        { name: jar, content: 'y' },
      ]),
      400,
    ],
    ['a bomb', buildZip([{ name: jar, content: Buffer.alloc(20 * 1024 * 1024) }]), 400],
    ['20,001 members', buildZip(Array.from({ length: 20_001 }, (_, at) => ({ name: `f${at}`, content: '' }))), 400],
  ] as const) {
    it(`that are no bundle are refused at once: ${what}`, async () => {
      const refused = await send(content)
      expect([refused.status, refused.headers['content-type']]).to.deep.equal([answer, 'application/problem+json'])
      await nothing()
      expect(await house.storedDocuments()).to.deep.equal([])
    })
  }

  it('are held to the size of a file in that repository while they stream', async () => {
    const large = buildZip([...moduleOf(lib), { name: jar.replace('.jar', '-x.jar'), content: 'x'.repeat(4000), method: 0 }])
    expect((await send(large, '', 'small')).status).to.equal(413)
    const packed = buildZip([...moduleOf(lib), { name: jar.replace('.jar', '-x.jar'), content: 'x'.repeat(4000) }])
    expect(packed.length).to.be.below(3000)
    const failed = await status(await send(packed, 'publishingType=AUTOMATIC', 'small'), 'small')
    expect(failed.deploymentState).to.equal('FAILED')
    await nothing()
  })

  it('never change what is published, and say whose it is', async () => {
    const dora = new MavenDeployment(house, '/acme/mvn')
    await dora.release(lib, 'first')
    await new MavenDeployment(house, '/acme/mvn', 'olga').file('org/demo/app/1.0/app-1.0.jar', 'half done')
    const { errors } = await publish([...moduleOf(lib), ...moduleOf(app)])
    expect(errors).to.deep.equal({
      'pkg:maven/org.demo/app@1.0': [
        'org.demo:app:1.0 app-1.0.jar exists with other content, in a deployment of somebody else that is not published yet',
      ],
      'pkg:maven/org.demo/lib@1.0': ['org.demo:lib:1.0 lib-1.0.jar exists with other content'],
    })
    expect((await dora.get('org/demo/lib/1.0/lib-1.0.jar')).text()).to.equal('first')
    await house.call('DELETE', '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar', { as: 'olga' })
    await house.call('DELETE', '/acme/mvn/org/demo/lib/1.0/lib-1.0.pom', { as: 'olga' })
    expect((await publish(moduleOf(lib))).errors, 'nor after a delete').to.deep.equal({
      'pkg:maven/org.demo/lib@1.0': ['org/demo/lib/1.0/lib-1.0.jar: Other content was published under this name before'],
    })
    clock.advance(2 * day)
    await publish(moduleOf({ ...lib, version: '2.0' }))
    clock.advance(2 * day)
    const late = [...moduleOf({ ...lib, version: '2.0' }), ...summed('org/demo/lib/2.0/lib-2.0-late.jar', 'late')]
    expect(JSON.stringify((await publish(late)).errors)).to.include('takes no more files')
  })

  it('complete a deployment of their own that had begun file by file', async () => {
    const dora = new MavenDeployment(house, '/acme/mvn')
    await dora.file(jar, 'jar of lib')
    expect((await publish(moduleOf(lib))).deploymentState).to.equal('PUBLISHED')
    expect((await dora.put(jar, 'other')).status).to.equal(409)
    expect((await house.storedDocuments()).filter((document) => document.includes('/open/'))).to.deep.equal([])
  })

  it('wait for their sender where they are user-managed, and then appear or are dropped', async () => {
    const upload = await send(buildZip(moduleOf(lib)), 'name=later')
    const id = upload.text()
    expect((await status(upload)).deploymentState).to.equal('VALIDATED')
    expect(await house.storedFiles()).to.deep.equal([])
    const at = `/acme/mvn${api}/deployment/${id}`
    expect((await house.call('POST', at, { as: 'olga' })).status, 'somebody else').to.equal(404)
    expect((await house.call('POST', at)).text()).to.equal('')
    expect((await house.call('POST', at)).status, 'the answer was lost').to.equal(204)
    expect((await status(upload)).deploymentState).to.equal('PUBLISHED')
    expect(await metadata()).to.include('<release>1.0</release>')
    expect((await house.call('DELETE', at)).status, 'what is published stays').to.equal(409)

    const other = await send(buildZip(moduleOf(app)), '')
    expect((await house.call('DELETE', `/acme/mvn${api}/deployment/${other.text()}`)).status).to.equal(204)
    expect((await house.call('POST', `/acme/mvn${api}/status?id=${other.text()}`)).status).to.equal(404)
    expect((await house.storedFiles()).some((path) => path.includes('/app/'))).to.equal(false)

    const stale = await send(buildZip(moduleOf(app)), '')
    await new MavenDeployment(house, '/acme/mvn').release(app, 'was faster')
    const refused = await house.call('POST', `/acme/mvn${api}/deployment/${stale.text()}`)
    expect([refused.status, (refused.json() as { detail: string }).detail]).to.deep.equal([
      409,
      'The bundle bundle.zip is not published: org.demo:app:1.0 app-1.0.jar exists with other content',
    ])
    expect((await status(stale)).deploymentState).to.equal('FAILED')

    const forgotten = await send(buildZip(moduleOf({ ...lib, version: '3.0' })), '')
    clock.advance(8 * day)
    expect(await status(forgotten)).to.deep.include({
      deploymentState: 'FAILED',
      errors: { bundle: ['It was not published in time, and was given up'] },
    })
  })

  it('bring plugins, archetypes and snapshots as single files do', async () => {
    const plugin = (artifact: string) => [
      ...moduleOf({ ...lib, artifact }, undefined, pomOf({ ...lib, artifact }, '<packaging>maven-plugin</packaging>')).filter(
        ({ name }) => !/\.jar(\.\w+)?$/.test(String(name)),
      ),
      {
        name: `org/demo/${artifact}/1.0/${artifact}-1.0.jar`,
        content: buildZip([
          {
            name: 'META-INF/maven/plugin.xml',
            content: `<plugin><name>${artifact}</name><goalPrefix>go-${artifact}</goalPrefix></plugin>`,
          },
        ]),
      },
    ]
    const archetype = moduleOf(app, 'a', pomOf(app, '<packaging>maven-archetype</packaging>'))
    const stem = 'org/demo/lib/2.0-SNAPSHOT/lib-2.0-20260131.115900-1'
    const pom = pomOf({ ...lib, version: '2.0-SNAPSHOT' })
    const snapshot = [...summed(`${stem}.jar`, 'built'), ...summed(`${stem}.pom`, pom)]
    expect((await publish([...plugin('a'), ...plugin('b'), ...archetype, ...snapshot])).deploymentState).to.equal('PUBLISHED')
    expect(await metadata('org/demo'))
      .to.include('<prefix>go-a</prefix>')
      .and.include('<prefix>go-b</prefix>')
    expect((await house.call('GET', '/acme/mvn/archetype-catalog.xml')).text()).to.include('<artifactId>app</artifactId>')
    expect((await house.call('GET', '/acme/mvn/org/demo/lib/2.0-SNAPSHOT/lib-2.0-SNAPSHOT.jar')).text()).to.equal('built')
    expect(await metadata('org/demo/lib/2.0-SNAPSHOT')).to.include('<buildNumber>1</buildNumber>')
    const second = stem.replace('115900-1', '115901-2')
    const both = [...summed(`${stem}.jar`, 'built'), ...summed(`${stem}.pom`, pom), ...summed(`${second}.jar`, 'again')]
    expect(JSON.stringify((await publish(both)).errors)).to.include('more than one build in the bundle')
    expect(JSON.stringify((await publish(snapshot, 'releases')).errors)).to.include('allows only releases')
  })

  it('that come at once, beside a deployment file by file, are all listed', async () => {
    const versions = ['1.0', '1.1', '1.2', '1.3', '1.4']
    const bundles = versions.map((version) => publish([...moduleOf({ ...lib, version }), ...moduleOf({ ...app, version })]))
    const single = new MavenDeployment(house, '/acme/mvn').release({ ...lib, version: '1.5' }, 'single')
    expect((await Promise.all(bundles)).map(({ deploymentState }) => deploymentState)).to.deep.equal(
      versions.map(() => 'PUBLISHED'),
    )
    expect(await single).to.equal(201)
    expect((await metadata()).match(/(?<=<version>)[^<]+/g)).to.deep.equal([...versions, '1.5'])
    expect((await metadata('org/demo/app')).match(/(?<=<version>)[^<]+/g)).to.deep.equal(versions)
  })

  it('may hold any file in a permissive repository, where it stays as it is', async () => {
    const entries = [...moduleOf(lib), { name: 'org/demo/lib/1.0/ivy-1.0.xml', content: '<ivy-module/>' }]
    expect((await publish(entries, 'loose')).deploymentState).to.equal('PUBLISHED')
    const other = [...moduleOf(lib), { name: 'org/demo/lib/1.0/ivy-1.0.xml', content: '<ivy-module version="2"/>' }]
    expect(JSON.stringify((await publish(other, 'loose')).errors)).to.include('ivy-1.0.xml exists with other content')
  })

  it('take hundreds of modules at once, each of them listed and found', async () => {
    const modules = Array.from({ length: 120 }, (_, at) => `m${at}`).flatMap((artifact) => {
      const pom = pomOf({ ...lib, artifact })
      return summed(`org/demo/${artifact}/1.0/${artifact}-1.0.pom`, pom)
    })
    expect((await publish(modules)).purls).to.have.length(120)
    for (const at of [0, 60, 119]) {
      expect(await metadata(`org/demo/m${at}`)).to.include('<release>1.0</release>')
      const dora = new MavenDeployment(house, '/acme/mvn')
      expect(await dora.release({ ...lib, artifact: `m${at}`, version: '1.1' }, 'next')).to.equal(201)
      expect(await metadata(`org/demo/m${at}`)).to.include('<release>1.1</release>')
    }
    const again = Array.from({ length: 1_001 }, (_, at) => ({ name: `org/demo/v/${at}/v-${at}.pom`, content: '<project/>' }))
    expect(JSON.stringify((await publish(again, 'loose')).errors)).to.include('has 1001 versions, 1000 are possible')
  })

  it('are for those who may write, with the credentials that clients of the portal send', async () => {
    const content = buildZip(moduleOf(lib))
    expect((await send(content, '', 'mvn', { as: 'nobody' })).status).to.equal(401)
    expect((await send(content, '', 'mvn', { as: 'rita' })).status).to.equal(403)
    const pair = (password: string) => Buffer.from(`dora:${password}`).toString('base64')
    for (const scheme of ['Bearer', 'UserToken', 'Basic'])
      for (const password of [house.token('dora'), house.password('dora')])
        expect((await send(content, '', 'mvn', { headers: { authorization: `${scheme} ${pair(password)}` } })).status).to.equal(
          201,
        )
    expect((await send(content, '', 'mvn', { headers: { authorization: `Bearer ${pair('wrong')}` } })).status).to.equal(401)
    for (const target of ['upload?publishingType=WHENEVER', 'upload']) {
      const { headers, body } = multipart([{ name: 'file', filename: 'b.zip', content }])
      expect((await house.call('POST', `/acme/mvn${api}/${target}`, { headers, body })).status).to.equal(400)
    }
    expect((await house.call('POST', `/acme/mvn${api}/status?id=../x`)).status).to.equal(404)
  })
})
