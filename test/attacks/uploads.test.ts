import { expect } from 'chai'
import type { Answer, House } from '../support/house.js'
import { hexOf, pomOf } from '../support/maven-deployment.js'
import { packed, publishBody } from '../support/npm-package.js'
import { processorTime } from '../support/processor-time.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { exchange } from '../support/wire.js'
import { contents, formats, openShelves, publish, put, putPackage, untouched, upload, wheel } from './shelves.js'

const jar = '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar'
const zeros = (algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512') => '0'.repeat(hexOf(algorithm, '').length)

describe('uploads that lie', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
  })
  afterEach(() => house.close())
  const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)

  it('U3: a declared digest or size that differs is refused in every format, and nothing is written', async () => {
    const file = wheel('bard', '1.0')
    const body = await publishBody({ name: 'foo', version: '1.0.0' })
    const version = body.versions['1.0.0'] as Record<string, Record<string, unknown>>
    const wrong = (dist: object) => ({
      ...body,
      versions: { '1.0.0': { ...version, dist: { ...version['dist'], ...dist } } },
    })
    const answers = await untouched(house, () =>
      Promise.all([
        put(house, '/acme/raw/x', 'x', { headers: { 'x-checksum-sha256': zeros('sha256') } }),
        put(house, '/acme/raw/x', 'x', { headers: { digest: `sha-256=${Buffer.alloc(32).toString('base64')}` } }),
        put(house, '/acme/raw/x', 'x', { headers: { 'content-md5': Buffer.alloc(16).toString('base64') } }),
        put(house, jar, 'jar', { headers: { 'x-checksum-sha1': zeros('sha1') } }),
        upload(house, file, 'bard', '1.0', { sha256_digest: zeros('sha256') }),
        upload(house, file, 'bard', '1.0', { md5_digest: zeros('md5') }),
        putPackage(house, 'foo', wrong({ integrity: `sha512-${Buffer.alloc(64).toString('base64')}` })),
        putPackage(house, 'foo', wrong({ shasum: zeros('sha1') })),
        putPackage(house, 'foo', {
          ...body,
          _attachments: { 'foo-1.0.0.tgz': { ...body._attachments['foo-1.0.0.tgz'], length: 7 } },
        }),
      ]),
    )
    expect(statuses(answers)).to.deep.equal([400, 400, 400, 409, 400, 400, 422, 422, 400])
  })

  it('U4: multipart without a boundary, without an end, with empty names or a cut boundary is 400 within a second', async () => {
    const { headers, body } = multipart(uploadParts(wheel('bard', '1.0'), 'bard', '1.0'))
    const boundary = headers['content-type']?.split('boundary=')[1] ?? ''
    const form = (content: Uint8Array | string, type = headers['content-type'] ?? '') =>
      house.call('POST', '/acme/py/', { headers: { 'content-type': type }, body: content })
    const part = (disposition: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\nx\r\n--${boundary}--\r\n`
    const worked = processorTime()
    const answers = await untouched(house, () =>
      Promise.all([
        form(body, 'multipart/form-data'),
        form(body.subarray(0, -boundary.length - 8)),
        form(body.subarray(0, -4)),
        form(part('name=""')),
        form(part('name="content"; filename=""')),
        form(part('name="content"; filename="a.whl"')),
        form(''),
      ]),
    )
    expect(statuses(answers)).to.deep.equal(Array(7).fill(400))
    expect(worked()).to.be.lessThan(5_000)
  })

  it('U5: fields, parts, part headers and values beyond all use are refused at the limit', async () => {
    const boundary = 'b'.repeat(20)
    const type = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const field = (name: string, value: string, header = '') =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n${header}\r\n${value}\r\n`
    const end = `--${boundary}--\r\n`
    for (const body of [
      `${field('a', 'b').repeat(100_000)}${end}`,
      `${field('a', 'b', `X-Long: ${'h'.repeat(1024 * 1024)}\r\n`)}${end}`,
      `${field('name', 'v'.repeat(16 * 1024 * 1024))}${end}`,
    ]) {
      // What is refused at the limit may lose its connection before all of the body is sent.
      const answer = await untouched(house, () =>
        house.call('POST', '/acme/py/', { headers: type, body }).catch((thrown: NodeJS.ErrnoException) => thrown),
      )
      if ('status' in answer) expect(answer.status).to.be.oneOf([400, 413])
      else expect(answer.code).to.be.oneOf(['ECONNRESET', 'EPIPE'])
    }
  })

  it('U6: file names that are more than a name are refused in every format', async () => {
    const file = wheel('evil', '1.0')
    const names = ['../../evil.whl', 'C:\\x.whl', 'a/b.whl', `${'a'.repeat(300)}.whl`, 'evil\r\nX: y.whl', 'evil-1.0\0.whl']
    const answers = await untouched(house, async () => [
      ...(await Promise.all(names.map((filename) => upload(house, { ...file, filename }, 'evil', '1.0')))),
      ...(await Promise.all(
        [
          '/acme/raw/..%2f..%2fevil',
          '/acme/raw/C:%5cx',
          `/acme/raw/${'a'.repeat(300)}`,
          '/acme/raw/evil%0d%0aX:%20y',
          '/acme/mvn/org/demo/lib/1.0/..%2f..%2flib-1.0.jar',
          '/acme/mvn/org/demo/lib/1.0/lib-1.0%5c.jar',
          '/acme/mvn/org/demo/lib/1.0/lib-1.0%0d%0a.jar',
        ].map((target) => put(house, target, 'x')),
      )),
      ...(await Promise.all(
        ['../foo-1.0.0.tgz', 'a/../../foo-1.0.0.tgz', 'C:\\foo-1.0.0.tgz', `${'f'.repeat(300)}.tgz`].map(async (attachment) => {
          const body = await publishBody({ name: 'foo', version: '1.0.0' })
          const content = body._attachments['foo-1.0.0.tgz']
          return putPackage(house, 'foo', { ...body, _attachments: { [attachment]: content } })
        }),
      )),
    ])
    expect(statuses(answers)).to.deep.equal(Array(17).fill(400))
  })

  it('U12: a POM that names other coordinates than its path is refused', async () => {
    const answer = await untouched(house, () =>
      put(house, '/acme/mvn/org/demo/lib/1.0/lib-1.0.pom', pomOf({ group: 'org.demo', artifact: 'other', version: '1.0' })),
    )
    expect([answer.status, answer.reason]).to.deep.equal([400, 'POM does not fit its path'])
  })

  it('U15: a tarball address that a client sends is replaced by ours', async () => {
    expect((await publish(house, { name: '@acme/foo', version: '1.0.0' })).status).to.equal(201)
    const packument = (await house.call('GET', '/acme/js/@acme%2ffoo')).text()
    expect(packument).to.not.include('evil.example')
    const { versions } = JSON.parse(packument) as { versions: Record<string, { dist: { tarball: string } }> }
    expect(versions['1.0.0']?.dist.tarball).to.equal(`${house.url}/acme/js/@acme/foo/-/foo-1.0.0.tgz`)
  })

  it('U16: who is refused for credentials or length is never asked for the body, in any format', async () => {
    const targets = {
      mvn: ['PUT', jar, 'application/java-archive'],
      js: ['PUT', '/acme/js/foo', 'application/json'],
      py: ['POST', '/acme/py/', 'multipart/form-data; boundary=xxxxxxxxxxxx'],
      raw: ['PUT', '/acme/raw/x', 'application/octet-stream'],
    } as const
    await untouched(house, async () => {
      for (const format of formats) {
        const [method, target, type] = targets[format]
        const ask = (authorization: string, length: number) =>
          exchange(house.url, {
            method,
            target,
            headers: {
              Authorization: authorization,
              'Content-Type': type,
              Expect: '100-continue',
              'Content-Length': String(length),
            },
          })
        const wrong = await ask(`Bearer crt_u_${'0'.repeat(46)}`, 1_000)
        expect([format, wrong.status, wrong.continued]).to.deep.equal([format, 401, false])
        const large = await ask(`Bearer ${house.token('dora')}`, 11 * 1024 ** 3)
        expect([format, large.status, large.continued]).to.deep.equal([format, 413, false])
      }
    })
  })

  it('U17: checksums that differ, come first, or are no checksums', async () => {
    expect((await put(house, jar, 'jar')).status).to.equal(201)
    const before = await house.storedFiles()
    expect((await put(house, `${jar}.sha1`, zeros('sha1'))).status).to.equal(409)
    expect((await put(house, `${jar}.sha1`, 'a'.repeat(1024 * 1024))).status).to.equal(413)
    expect((await put(house, `${jar}.sha1`, 'not hexadecimal')).status).to.equal(400)
    expect(await house.storedFiles()).to.deep.equal(before)
    expect((await house.call('GET', `${jar}.sha1`)).text()).to.equal(hexOf('sha1', 'jar'))

    const two = '/acme/mvn/org/demo/lib/2.0/lib-2.0.jar'
    expect((await put(house, `${two}.sha512`, hexOf('sha512', 'two'))).status).to.equal(201)
    expect((await untouched(house, () => put(house, two, 'other'))).status).to.equal(409)
    expect((await put(house, two, 'two')).status).to.equal(201)
  })

  it('U18: what a client says in maven-metadata.xml is never served', async () => {
    const folder = '/acme/mvn/org/demo/lib'
    await put(house, `${folder}/1.0/lib-1.0.jar`, 'jar')
    await put(house, `${folder}/1.0/lib-1.0.pom`, pomOf({ group: 'org.demo', artifact: 'lib', version: '1.0' }))
    const metadata = (inner: string) =>
      `<metadata><groupId>org.demo</groupId><artifactId>lib</artifactId><versioning><versions>${inner}</versions></versioning></metadata>`
    const foreign = `<version>1.0</version><version>666</version><version>&lt;script&gt;alert(1)&lt;/script&gt;</version>`
    expect((await put(house, `${folder}/maven-metadata.xml`, metadata(foreign))).status).to.equal(201)
    const large = metadata(`<version>${'9'.repeat(5 * 1024 * 1024)}</version>`)
    const refused = await untouched(house, () =>
      put(house, `${folder}/maven-metadata.xml`, large).catch((thrown: NodeJS.ErrnoException) => thrown),
    )
    if ('status' in refused) expect(refused.status).to.equal(413)
    const served = (await house.call('GET', `${folder}/maven-metadata.xml`)).text()
    expect(served).to.include('<version>1.0</version>').and.not.include('666').and.not.include('script')
  })

  describe('U13: what is sent again', () => {
    const releases = {
      mvn: {
        async send(content: string, as: 'dora' | 'olga') {
          const folder = '/acme/mvn/org/demo/again'
          const sent = await put(house, `${folder}/1.0/again-1.0.jar`, content, { as })
          if (sent.status < 300) {
            const pom = pomOf({ group: 'org.demo', artifact: 'again', version: '1.0' })
            await put(house, `${folder}/1.0/again-1.0.pom`, pom, { as })
            const done = `<metadata><groupId>org.demo</groupId><artifactId>again</artifactId><versioning><release>1.0</release></versioning></metadata>`
            expect((await put(house, `${folder}/maven-metadata.xml`, done, { as })).status).to.equal(201)
          }
          return sent
        },
        remove: () => house.call('DELETE', '/acme/mvn/org/demo/again/1.0/again-1.0.jar', { as: 'olga' }),
        // Different bytes; the same again; by somebody else; after a delete.
        expected: { first: 201, other: 409, same: 200, byAnother: 409, gone: 409 },
      },
      js: {
        async send(content: string, as: 'dora' | 'olga') {
          const manifest = { name: 'again', version: '1.0.0' }
          const file = await packed(manifest, [{ name: 'package/content', content }])
          return publish(house, manifest, { file, as })
        },
        async remove() {
          const packument = (await house.call('GET', '/acme/js/again?write=true', { as: 'olga' })).json() as { _rev: string }
          return house.call('DELETE', `/acme/js/again/-rev/${packument._rev}`, { as: 'olga' })
        },
        expected: { first: 201, other: 403, same: 201, byAnother: 403, gone: 403 },
      },
      py: {
        send: (content: string, as: 'dora' | 'olga') =>
          upload(house, wheel('again', '1.0', { 'again/content.txt': content }), 'again', '1.0', {}, { as }),
        remove: undefined,
        expected: { first: 200, other: 400, same: 200, byAnother: 400, gone: 400 },
      },
      raw: {
        send: (content: string, as: 'dora' | 'olga') => put(house, '/acme/once/again', content, { as }),
        remove: () => house.call('DELETE', '/acme/once/again', { as: 'olga' }),
        expected: { first: 201, other: 409, same: 200, byAnother: 409, gone: 409 },
      },
    } as const
    for (const format of formats)
      it(`in ${format}: other bytes conflict, by anybody and after a delete too; the same bytes are no new version`, async () => {
        const { send, remove, expected } = releases[format]
        expect((await send('first', 'dora')).status).to.equal(expected.first)
        const stored = await contents(house)
        expect((await send('other', 'dora')).status).to.equal(expected.other)
        expect((await send('other', 'olga')).status).to.equal(expected.byAnother)
        expect((await send('first', 'dora')).status).to.equal(expected.same)
        expect(await contents(house)).to.deep.equal(stored)
        if (remove === undefined) return
        expect((await remove()).status).to.be.oneOf([200, 201, 204])
        const removed = await contents(house)
        expect((await send('other', 'dora')).status).to.equal(expected.gone)
        expect((await send('other', 'olga')).status).to.equal(expected.gone)
        expect(await contents(house)).to.deep.equal(removed)
      })
  })
})
