import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import npm from '../../../plugins/npm/index.js'
import { type House, openHouse } from '../../support/house.js'
import { integrityOf, packed, publishBody, publishDocument } from '../../support/npm-package.js'

const foo = { name: 'foo', version: '1.0.0' }
const mebibyte = 1024 ** 2

describe('npm: the tarball in a publish', () => {
  let house: House
  before(async () => {
    house = await openHouse({
      plugins: [npm],
      repositories: [{ name: 'js', format: 'npm', maxSize: 64 * mebibyte }],
      store: 'files',
    })
  })
  after(() => house.close())
  afterEach('nothing was written', async () => {
    expect([await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()]).to.deep.equal([[], [], 0])
  })

  const put = async (body: unknown) => {
    const answer = await house.call('PUT', '/acme/js/foo', { body: typeof body === 'string' ? body : JSON.stringify(body) })
    return [answer.status, (answer.json() as { error: string }).error]
  }
  const attached = async (attachments: Record<string, unknown>) => ({ ...(await publishBody(foo)), _attachments: attachments })
  const attachment = async (): Promise<Record<string, unknown>> => (await publishBody(foo))._attachments['foo-1.0.0.tgz'] ?? {}

  it('is the one of the version that is published, whatever else its name says', async () => {
    for (const name of [
      '../foo-1.0.0.tgz',
      'a/foo-1.0.0.tgz',
      '/foo-1.0.0.tgz',
      '\\foo-1.0.0.tgz',
      'foo-1.0.0.tgz.tgz',
      '.tgz',
      'foo-9.9.9.tgz',
      'constructor.tgz',
    ])
      expect(await put(await attached({ [name]: await attachment() }))).to.deep.equal([
        400,
        `the attachment ${JSON.stringify(name)} belongs to no version of the body`,
      ])
    for (const name of ['foo-1.0.0', 'foo-1.0.0.zip', 'foo-1.0.0.TGZ', ''])
      expect(await put(await attached({ [name]: await attachment() })), name).to.deep.equal([
        400,
        'a publish carries exactly one tarball',
      ])
  })

  it('is one', async () => {
    const [one, more] = [await attachment(), { content_type: 'application/octet-stream', data: '', length: 0 }]
    for (const attachments of [
      { 'foo-1.0.0.tgz': one, 'foo-1.0.1.tgz': one },
      { 'foo-1.0.0.tgz': one, 'foo-1.0.1.tgz': more },
      { 'foo-1.0.0.tgz': one, x: {} },
    ])
      expect(await put(await attached(attachments))).to.deep.equal([400, 'a publish carries exactly one tarball'])
    expect(await put(await attached({ 'foo-1.0.0.tgz': { length: 3 } }))).to.deep.equal([
      400,
      'a publish carries exactly one tarball',
    ])
    const text = JSON.stringify(await publishBody(foo))
    expect(await put(text.replace('"_attachments":{', `"_attachments":{"foo-1.0.0.tgz":${JSON.stringify(one)},`))).to.deep.equal([
      400,
      'Too many attachments',
    ])
  })

  it('has the length that it says', async () => {
    const whole = await attachment()
    for (const length of [0, -1, 1, 1e300, '327', null, [], {}, { toString: 1 }, true, Number(whole['length']) + 1])
      expect(await put(await attached({ 'foo-1.0.0.tgz': { ...whole, length } })), JSON.stringify(length)).to.deep.equal([
        400,
        `the attachment has ${whole['length']} bytes, its length says ${JSON.stringify(length).slice(0, 20)}`,
      ])
  })

  it('is base64, from its first character to its last', async () => {
    const whole = await attachment()
    const data = String(whole['data'])
    for (const bad of [
      `!${data}`,
      `${data.slice(0, 8)} ${data.slice(8)}`,
      data.slice(0, -1),
      `${data}=`,
      `${data}AAAA`,
      data.replace(/.$/, '\n'),
      '=',
      'A',
      '\u0000',
      'é',
    ])
      expect(
        (await put(await attached({ 'foo-1.0.0.tgz': { ...whole, data: bad } })))[0],
        JSON.stringify(bad.slice(0, 20)),
      ).to.equal(400)
    for (const none of [null, 7, {}, [data], true])
      expect((await put(await attached({ 'foo-1.0.0.tgz': { ...whole, data: none } })))[0]).to.equal(400)
    expect((await put(await attached({ 'foo-1.0.0.tgz': { ...whole, data: '', length: 0 } })))[0]).to.be.oneOf([400, 422])
  })

  it('has the digests that the manifest promises, each of them', async () => {
    const content = await packed(foo)
    const body = publishDocument(foo, content)
    const promised = (dist: object) => ({ ...body, versions: { '1.0.0': { ...body.versions['1.0.0'], dist } } })
    const zeros = Buffer.alloc(64).toString('base64')
    for (const [dist, algorithm] of [
      [{ shasum: '0'.repeat(40) }, 'sha1'],
      [{ integrity: `sha512-${zeros}` }, 'sha512'],
      [{ integrity: `sha512-${zeros}?opt` }, 'sha512'],
      [{ integrity: `sha256-${Buffer.alloc(32).toString('base64')}` }, 'sha256'],
      [{ integrity: `sha1-${Buffer.alloc(20).toString('base64')} sha512-${zeros}` }, 'sha1'],
      [{ integrity: integrityOf(content), shasum: 'x' }, 'sha1'],
      [{ integrity: 'sha512-!' }, 'sha512'],
      [{ integrity: 'sha1-' }, 'sha1'],
    ] as const)
      expect(await put(promised(dist))).to.deep.equal([422, `the tarball's ${algorithm} is not the one of the manifest`])
  })

  it('of two gigabytes is refused at the limit, by its length or while it comes, and leaves memory as it was', async () => {
    const { _attachments: _none, ...rest } = await publishBody(foo)
    const head = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"_attachments":{"foo-1.0.0.tgz":{"data":"`)
    const chunk = Buffer.alloc(mebibyte, 'A')
    const size = 2 * 1024 * mebibyte
    const resident = process.memoryUsage().rss
    let [sent, peak] = [0, resident]
    async function* endless() {
      yield head
      for (; sent < size; sent += chunk.length) {
        peak = Math.max(peak, process.memoryUsage().rss)
        yield chunk
        await setImmediate()
      }
    }
    const refusal = [413, { error: `The attachment is larger than ${64 * mebibyte} bytes` }]
    const answer = await house.call('PUT', '/acme/js/foo', { body: endless() })
    expect([answer.status, answer.json()]).to.deep.equal(refusal)
    expect(sent).to.be.lessThan(200 * mebibyte)
    expect(peak - resident).to.be.lessThan(100 * mebibyte)
    const announced = await house.call('PUT', '/acme/js/foo', { headers: { 'content-length': String(size) }, body: head })
    expect(announced.status).to.equal(413)
  }).timeout(60_000)
})
