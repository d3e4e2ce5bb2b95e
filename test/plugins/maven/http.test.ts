import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { mavenPlugin } from '../../../plugins/maven/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { hexOf, MavenDeployment, pomOf } from '../../support/maven-deployment.js'
import { multipart } from '../../support/upload-form.js'
import { buildZip } from '../../support/zip-builder.js'

const lib = { group: 'org.demo', artifact: 'lib', version: '1.0' }
const folder = 'org/demo/lib/1.0'
const jarPath = `${folder}/lib-1.0.jar`

describe('a maven repository over HTTP', () => {
  let house: House
  let clock: FixedClock
  let dora: MavenDeployment
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [mavenPlugin()],
      clock,
      repositories: [
        { name: 'mvn', format: 'maven' },
        { name: 'loose', format: 'maven', layoutPolicy: 'permissive' },
      ],
    })
    dora = new MavenDeployment(house, '/acme/mvn')
  })
  afterEach(() => house.close())

  const call = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    house.call(method, `/acme/mvn/${path}`, { headers })

  it('says what it can do, and never that it is a DAV folder', async () => {
    const options = await call('OPTIONS', jarPath)
    expect(options.status).to.equal(204)
    expect(options.headers['allow']?.split(', ')).to.include.members(['GET', 'HEAD', 'PUT'])
    expect(options.headers).not.to.have.property('dav')
    for (const method of ['MKCOL', 'PROPFIND', 'POST']) {
      const refused = await call(method, jarPath)
      expect([method, refused.status, refused.headers['allow']]).to.deep.equal([method, 405, options.headers['allow']])
    }
  })

  it('answers HEAD with the headers of GET, for files, metadata and checksums', async () => {
    await dora.release(lib, 'jar')
    const own = ({
      date: _,
      'x-request-id': __,
      connection: ___,
      'keep-alive': ____,
      ...rest
    }: Readonly<Record<string, string>>) => rest
    for (const path of [jarPath, `${jarPath}.sha1`, 'org/demo/lib/maven-metadata.xml', 'org/demo/lib/maven-metadata.xml.md5']) {
      const [get, head] = [await call('GET', path), await call('HEAD', path)]
      expect([path, head.status, head.body.length, own(head.headers)]).to.deep.equal([path, 200, 0, own(get.headers)])
      expect(get.headers['content-length']).to.equal(String(get.body.length))
    }
  })

  it('has no checksum for the HEAD of a client that is about to send it, and every checksum once the file is published', async () => {
    const loose = 'org/demo/lib/1.0/ivy-1.0.xml'
    const permissive = new MavenDeployment(house, '/acme/loose')
    await dora.put(jarPath, 'jar')
    await permissive.put(loose, 'ivy')
    const heads = async () => [
      (await call('HEAD', jarPath)).status,
      (await call('HEAD', `${jarPath}.sha1`)).status,
      (await call('GET', `${jarPath}.sha1`)).status,
      (await house.call('HEAD', `/acme/loose/${loose}.sha1`)).status,
      (await house.call('GET', `/acme/loose/${loose}.sha1`)).status,
    ]
    expect(await heads()).to.deep.equal([200, 404, 200, 404, 200])
    await dora.release(lib, 'jar')
    clock.advance(30_000)
    expect(await heads()).to.deep.equal([200, 200, 200, 200, 200])
  })

  it('tells a resumed download that its file has changed', async () => {
    await dora.release(lib, '0123456789')
    const { etag = '', 'last-modified': modified = '' } = (await call('GET', jarPath)).headers
    const before = new Date(Date.parse(modified) - 60_000).toUTCString()
    const range = 'bytes=4-'
    const gone = await call('GET', jarPath, { range, 'if-unmodified-since': before })
    expect(gone.status).to.equal(412)
    const rest = await call('GET', jarPath, { range, 'if-unmodified-since': modified, 'accept-encoding': 'identity' })
    expect([rest.status, rest.headers['content-range'], rest.text()]).to.deep.equal([206, 'bytes 4-9/10', '456789'])
    expect(rest.headers['x-checksum-sha1']).to.equal(hexOf('sha1', '0123456789'))
    expect((await call('GET', jarPath, { 'if-none-match': etag })).status).to.equal(304)
    const past = await call('GET', jarPath, { range: 'bytes=10-' })
    expect([past.status, past.headers['content-range']]).to.deep.equal([416, 'bytes */10'])
  })

  it('reads doubled slashes, and does not write through them', async () => {
    await dora.release(lib, 'jar')
    expect((await call('GET', jarPath.replaceAll('/', '//'))).text()).to.equal('jar')
    expect((await dora.put(`org//demo/lib/2.0/lib-2.0.jar`, 'jar')).status).to.equal(400)
  })

  it('keeps plus, tilde and space of a name apart, however they are written', async () => {
    expect((await dora.put('a/c.d/1+x~y/c.d-1+x~y.jar', 'plus')).status).to.equal(201)
    expect((await call('GET', 'a/c.d/1%2Bx%7Ey/c.d-1%2Bx%7Ey.jar')).text()).to.equal('plus')
    expect((await call('GET', 'a/c.d/1%20x~y/c.d-1%20x~y.jar')).status).to.equal(404)
    expect(await house.storedFiles()).to.deep.equal(['acme/mvn/a/c.d/1+x~y/c.d-1+x~y.jar'])
  })

  it('takes a body in chunks, and no body with a coding', async () => {
    async function* chunks() {
      yield Buffer.from('ja')
      yield Buffer.from('r')
    }
    const put = (headers: Readonly<Record<string, string>>) =>
      house.call('PUT', `/acme/mvn/${jarPath}`, { body: chunks(), headers: { 'transfer-encoding': 'chunked', ...headers } })
    const coded = await put({ 'content-encoding': 'gzip' })
    expect([coded.status, coded.reason]).to.deep.equal([415, 'Coding not accepted'])
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await put({})).status).to.equal(201)
    expect((await call('GET', jarPath)).text()).to.equal('jar')
  })

  it('reads checksums and metadata within limits', async () => {
    await dora.put(jarPath, 'jar')
    expect((await dora.put(`${jarPath}.sha1`, 'a'.repeat(1_000_000))).status).to.equal(413)
    expect((await dora.put(`${jarPath}.sha1`, 'no checksum')).status).to.equal(400)
    const metadata = `<metadata><!--${' '.repeat(5 * 1024 * 1024)}--></metadata>`
    expect((await dora.put('org/demo/lib/maven-metadata.xml', metadata)).status).to.equal(413)
    const foreign =
      '<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions><version>9.9</version></versions></versioning></metadata>'
    expect((await dora.put('org/demo/lib/maven-metadata.xml', foreign)).status).to.equal(201)
    expect((await call('GET', 'org/demo/lib/maven-metadata.xml')).status).to.equal(404)
    expect(await house.storedFiles()).to.deep.equal([`acme/mvn/${jarPath}`])
  })

  it('takes a checksum in each form that tools write it', async () => {
    const hex = hexOf('sha1', 'jar')
    await dora.put(jarPath, 'jar')
    for (const text of [hex, hex.toUpperCase(), `${hex}  lib-1.0.jar\n`, `\n${hex}\r\n`, `SHA1(lib-1.0.jar)= ${hex}`])
      expect([text, (await dora.put(`${jarPath}.sha1`, text)).status]).to.deep.equal([text, 201])
    expect((await call('GET', `${jarPath}.sha1.md5`)).status).to.equal(404)
    expect((await call('GET', `${folder}/lib-1.0-none.jar.sha1`)).status).to.equal(404)
  })

  it('keeps what only a server makes, and what nobody made, absent', async () => {
    for (const path of [
      '.meta/prefixes.txt',
      '.index/nexus-maven-repository-index.gz',
      'archetype-catalog.xml',
      'maven-metadata.xml',
    ]) {
      const absent = await call('GET', path)
      expect([path, absent.status, absent.headers['content-type']]).to.deep.equal([path, 404, 'text/plain; charset=utf-8'])
      expect([path, (await dora.put(path, 'x')).status]).to.deep.equal([path, 400])
    }
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('answers whatever a client accepts', async () => {
    await dora.release(lib, 'jar')
    for (const accept of ['application/problem+json', 'text/html, image/gif, */*; q=.2'])
      expect((await call('GET', jarPath, { accept })).status).to.equal(200)
    const absent = await call('GET', 'org/demo/none/1/none-1.jar', { accept: 'application/problem+json' })
    expect([absent.status, absent.headers['content-type']]).to.deep.equal([404, 'text/plain; charset=utf-8'])
  })

  it('serves one document where an artifact and a group share a folder', async () => {
    await dora.release({ group: 'org', artifact: 'demo', version: '1.0' }, 'jar')
    const plugin = { group: 'org.demo', artifact: 'baz-maven-plugin', version: '1.0' }
    const place = 'org/demo/baz-maven-plugin'
    await dora.file(
      `${place}/1.0/baz-maven-plugin-1.0.pom`,
      pomOf(plugin, '<packaging>maven-plugin</packaging><name>Baz &amp; co</name>'),
    )
    await dora.file(`${place}/1.0/baz-maven-plugin-1.0.jar`, 'jar')
    const sent =
      '<metadata><groupId>org.demo</groupId><artifactId>baz-maven-plugin</artifactId><versioning><versions><version>1.0</version></versions></versioning></metadata>'
    expect((await dora.put(`${place}/maven-metadata.xml`, sent)).status).to.equal(201)
    const document = async () => (await call('GET', 'org/demo/maven-metadata.xml')).text().replaceAll(/>\s+</g, '><')
    const listed = '<plugin><name>Baz &amp; co</name><prefix>baz</prefix><artifactId>baz-maven-plugin</artifactId></plugin>'
    expect(await document())
      .to.contain('<artifactId>demo</artifactId>')
      .and.to.contain('<release>1.0</release>')
      .and.to.contain(listed)
    for (const extension of ['jar', 'pom'])
      await house.call('DELETE', `/acme/mvn/org/demo/1.0/demo-1.0.${extension}`, { as: 'olga' })
    expect(await document()).to.not.contain('<artifactId>demo</artifactId>')
    expect(await document()).to.contain(listed)
  })

  it('sends metadata that is large in the coding that a client takes, each under a tag of its own, and its sums are of the text', async () => {
    // Each version takes a kilobyte of XML.
    const versions = Array.from({ length: 80 }, (_, n) => `${n + 100}${'&'.repeat(230)}`)
    const pom = pomOf({ group: 'org.demo', artifact: 'lib', version: `${'$'}{revision}` })
    const content = buildZip(versions.map((version) => ({ name: `org/demo/lib/${version}/lib-${version}.pom`, content: pom })))
    const { headers, body } = multipart([{ name: 'bundle', filename: 'b.zip', content }])
    const upload = { headers, body }
    expect((await house.call('POST', '/acme/mvn/-/api/v1/publisher/upload?publishingType=AUTOMATIC', upload)).status).to.equal(
      201,
    )
    const get = (more: Readonly<Record<string, string>>, method = 'GET') => call(method, 'org/demo/lib/maven-metadata.xml', more)
    const plain = await get({})
    expect(plain.body.length).to.be.above(64 * 1024)
    const sha1 = hexOf('sha1', plain.body)
    expect(plain.headers)
      .to.include({ etag: `"${sha1}"`, 'accept-ranges': 'bytes' })
      .and.not.have.property('content-encoding')
    const packed = await get({ 'accept-encoding': 'gzip,deflate' })
    expect(packed.headers).to.include({ 'content-encoding': 'gzip', etag: `"${sha1}-gzip"`, 'x-checksum-sha1': sha1 })
    expect(packed.headers['vary']).to.include('Accept-Encoding')
    expect(gunzipSync(packed.body).equals(plain.body)).to.equal(true)
    expect(packed.body.length * 10).to.be.below(plain.body.length)
    const head = await get({ 'accept-encoding': 'gzip,deflate' }, 'HEAD')
    expect([head.headers['etag'], head.headers['content-length']]).to.deep.equal([`"${sha1}-gzip"`, String(packed.body.length)])
    expect((await get({ 'accept-encoding': 'gzip', 'if-none-match': `"${sha1}-gzip"` })).status).to.equal(304)
    expect((await get({ 'if-none-match': `"${sha1}-gzip"` })).status, 'the tag of another coding').to.equal(200)
    const range = await get({ 'accept-encoding': 'gzip', range: 'bytes=0-9' })
    expect([range.status, range.headers['content-encoding']]).to.deep.equal([200, 'gzip'])
    expect((await get({ range: 'bytes=0-9' })).status).to.equal(206)
    expect((await call('GET', 'org/demo/lib/maven-metadata.xml.sha1')).text()).to.equal(sha1)
  })
})
