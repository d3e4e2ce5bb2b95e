import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'

const hundred = Array.from({ length: 100 }, (_, at) => String(at % 10)).join('')
const digest = (algorithm: string, text: string, encoding: 'hex' | 'base64' = 'hex') =>
  createHash(algorithm).update(text).digest(encoding)
const etag = `"${digest('sha256', hundred)}"`
const file = '/acme/files/a/f.bin'

describe('reading raw files', () => {
  let house: House
  before(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }] })
    await house.call('PUT', file, { body: hundred })
    await house.call('PUT', '/acme/files/empty', { body: '' })
  })
  after(() => house.close())

  const get = (headers: Record<string, string> = {}, target = file) => house.call('GET', target, { headers })

  it('a file comes with everything that a cache, a browser and a resuming client need', async () => {
    const { status, headers, body } = await get()
    expect(status).to.equal(200)
    expect(body.toString()).to.equal(hundred)
    expect(headers).to.include({
      etag,
      'content-length': '100',
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-checksum-sha256': digest('sha256', hundred),
      'repr-digest': `sha-256=:${digest('sha256', hundred, 'base64')}:`,
    })
    expect(headers['last-modified']).to.match(/ GMT$/)
    expect(headers['cache-control']).to.include('no-cache')
  })

  it('HEAD is GET without the body, and knows no ranges', async () => {
    const whole = await get()
    const { status, headers, body } = await house.call('HEAD', file, { headers: { range: 'bytes=0-9' } })
    expect([status, body.length]).to.deep.equal([200, 0])
    for (const name of ['etag', 'content-length', 'content-type', 'last-modified', 'x-checksum-sha256', 'repr-digest']) {
      expect(headers[name], name).to.equal(whole.headers[name])
    }
  })

  const ranges: readonly (readonly [range: string, status: number, contentRange: string | undefined, body: string])[] = [
    ['bytes=0-9', 206, 'bytes 0-9/100', hundred.slice(0, 10)],
    ['bytes=90-', 206, 'bytes 90-99/100', hundred.slice(90)],
    ['bytes=90-500', 206, 'bytes 90-99/100', hundred.slice(90)],
    ['bytes=-10', 206, 'bytes 90-99/100', hundred.slice(90)],
    ['bytes=-500', 206, 'bytes 0-99/100', hundred],
    ['bytes=9-0', 200, undefined, hundred],
    ['bytes=a-b', 200, undefined, hundred],
    ['items=0-1', 200, undefined, hundred],
    ['bytes=', 200, undefined, hundred],
    ['bytes=0-9,20-29', 200, undefined, hundred],
  ]
  for (const [range, status, contentRange, body] of ranges) {
    it(`Range ${range} of 100 bytes is ${status}`, async () => {
      const answer = await get({ range })
      expect([answer.status, answer.headers['content-range'], answer.text()]).to.deep.equal([status, contentRange, body])
      expect(answer.headers['repr-digest'], 'always of the whole file').to.equal(
        `sha-256=:${digest('sha256', hundred, 'base64')}:`,
      )
    })
  }
  for (const range of ['bytes=100-', 'bytes=-0', 'bytes=200-300', 'bytes=99999999999999999999-']) {
    it(`Range ${range} of 100 bytes is 416`, async () => {
      const answer = await get({ range })
      expect([answer.status, answer.headers['content-range']]).to.deep.equal([416, 'bytes */100'])
    })
  }
  it('of an empty file no range can be had', async () => {
    const beyond = await get({ range: 'bytes=0-' }, '/acme/files/empty')
    expect([beyond.status, beyond.headers['content-range']]).to.deep.equal([416, 'bytes */0'])
    expect((await get({ range: 'bytes=-5' }, '/acme/files/empty')).status).to.equal(200)
  })

  const conditions: readonly (readonly [headers: Record<string, string>, status: number])[] = [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `W/${etag}` }, 304],
    [{ 'if-none-match': `"a,b", ${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-match': etag }, 200],
    [{ 'if-match': `W/${etag}` }, 412],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-match': '*' }, 200],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2004 00:00:00 GMT' }, 412],
    [{ 'if-modified-since': 'Thu, 01 Jan 2004 00:00:00 GMT' }, 200],
    [{ 'if-modified-since': 'Fri, 01 Jan 2999 00:00:00 GMT' }, 200],
    [{ 'if-modified-since': 'no date' }, 200],
    [{ 'if-none-match': '"other"', 'if-modified-since': 'Fri, 01 Jan 2027 00:00:00 GMT' }, 200],
    [{ 'if-none-match': etag, range: 'bytes=0-9' }, 304],
    [{ 'if-match': '"other"', range: 'bytes=200-' }, 412],
    [{ 'if-range': etag, range: 'bytes=0-9' }, 206],
    [{ 'if-range': '"other"', range: 'bytes=0-9' }, 200],
    [{ 'if-range': `W/${etag}`, range: 'bytes=0-9' }, 200],
  ]
  for (const [headers, status] of conditions) {
    it(`GET with ${JSON.stringify(headers).replaceAll(digest('sha256', hundred), '…')} is ${status}`, async () => {
      const answer = await get(headers)
      expect(answer.status).to.equal(status)
      if (status === 304) {
        expect(answer.headers['etag']).to.equal(etag)
        expect(answer.body.length).to.equal(0)
      }
    })
  }

  const types: readonly (readonly [name: string, sent: string | undefined, served: string, attachment: boolean])[] = [
    ['t.txt', undefined, 'text/plain; charset=utf-8', false],
    ['t.json', undefined, 'application/json', false],
    ['t.png', undefined, 'image/png', false],
    ['t.html', undefined, 'text/html; charset=utf-8', true],
    ['t.svg', undefined, 'image/svg+xml', true],
    ['t.xml', undefined, 'application/xml', true],
    ['t.xhtml', undefined, 'application/xhtml+xml', true],
    ['t.js', undefined, 'text/javascript; charset=utf-8', true],
    ['t.pdf', undefined, 'application/pdf', true],
    ['t.tar.gz', undefined, 'application/gzip', true],
    ['t', undefined, 'application/octet-stream', true],
    ['t2.txt', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-8', false],
    ['t3.txt', 'multipart/form-data; boundary=x', 'text/plain; charset=utf-8', false],
    ['t4.txt', 'application/octet-stream', 'text/plain; charset=utf-8', false],
    ['t5.txt', 'no type at all', 'text/plain; charset=utf-8', false],
    ['t6.bin', 'Text/HTML; charset=iso-8859-1', 'text/html; charset=iso-8859-1', true],
    ['t7.bin', 'application/vnd.example+json;v="1, 2"', 'application/vnd.example+json;v="1, 2"', true],
    ['t8.txt', `text/x-${'y'.repeat(300)}`, 'text/plain; charset=utf-8', false],
  ]
  for (const [name, sent, served, attachment] of types) {
    it(`${name} put ${sent === undefined ? 'without a type' : `as ${sent.slice(0, 40)}`} is served as ${served}`, async () => {
      const target = `/acme/files/types/${name}`
      await house.call('PUT', target, { body: '<b>', headers: sent === undefined ? {} : { 'content-type': sent } })
      const { headers, body } = await get({}, target)
      expect(headers['content-type']).to.equal(served)
      expect(headers['content-disposition']?.startsWith('attachment') ?? false).to.equal(attachment)
      expect(body.toString()).to.equal('<b>')
    })
  }

  it('names in Content-Disposition are the last segment alone, safe in any header', async () => {
    const target = '/acme/files/deep/a%22b%5D%C3%A9.html'
    await house.call('PUT', target, { body: 'x' })
    const { headers } = await get({}, target)
    expect(headers['content-disposition']).to.equal('attachment; filename="a?b]?.html"; filename*=UTF-8\'\'a%22b%5D%C3%A9.html')
  })

  describe('digests in answers', () => {
    it('Want-Repr-Digest chooses by weight, and 0 means no', async () => {
      const sha512 = `sha-512=:${digest('sha512', hundred, 'base64')}:`
      const usual = `sha-256=:${digest('sha256', hundred, 'base64')}:`
      expect((await get({ 'want-repr-digest': 'sha-512=3, sha-256=1' })).headers['repr-digest']).to.equal(sha512)
      expect((await get({ 'want-repr-digest': 'sha-512=3, sha-256=10' })).headers['repr-digest']).to.equal(usual)
      expect((await get({ 'want-repr-digest': 'sha-512=0, md5=9' })).headers['repr-digest']).to.equal(usual)
      expect((await get({ 'want-content-digest': 'sha-512=3' })).headers['repr-digest']).to.equal(sha512)
    })

    it('Digest comes only when Want-Digest asks for it, and is never that of a part', async () => {
      const asked = { 'want-digest': 'SHA-512;q=1, SHA-256;q=1, SHA;q=0.1' }
      expect((await get()).headers['digest']).to.equal(undefined)
      expect((await get(asked)).headers['digest']).to.equal(`SHA-256=${digest('sha256', hundred, 'base64')}`)
      const part = await get({ ...asked, range: 'bytes=0-9' })
      expect([part.status, part.headers['digest']]).to.deep.equal([206, `SHA-256=${digest('sha256', hundred, 'base64')}`])
      expect((await get({ 'want-digest': 'sha' })).headers['digest']).to.equal(`SHA=${digest('sha1', hundred, 'base64')}`)
    })
  })

  describe('sidecars', () => {
    for (const name of ['md5', 'sha1', 'sha256', 'sha512']) {
      it(`.${name} of a stored file is computed: the hex alone`, async () => {
        const answer = await get({}, `${file}.${name}`)
        expect([answer.status, answer.text()]).to.deep.equal([200, digest(name, hundred)])
        expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8')
        expect((await house.call('HEAD', `${file}.${name}`)).headers['content-length']).to.equal(
          String(digest(name, hundred).length),
        )
        expect((await get({ 'if-none-match': answer.headers['etag'] ?? '' }, `${file}.${name}`)).status).to.equal(304)
      })
    }

    it('is 404 where the file is missing, and is not listed', async () => {
      expect((await get({}, '/acme/files/a/none.sha256')).status).to.equal(404)
      expect((await get({}, `${file}.sha256.md5`)).status).to.equal(404)
      expect((await get({}, '/acme/files/a/?format=json')).text()).not.to.include('sha1')
    })

    it('that was put is a file like any other', async () => {
      await house.call('PUT', '/acme/files/own', { body: 'x' })
      await house.call('PUT', '/acme/files/own.sha256', { body: 'mine  own\n' })
      expect((await get({}, '/acme/files/own.sha256')).text()).to.equal('mine  own\n')
    })
  })

  it('what is not there is 404 in plain text', async () => {
    const answer = await get({}, '/acme/files/a/%3Cscript%3E')
    expect([answer.status, answer.headers['content-type']]).to.deep.equal([404, 'text/plain; charset=utf-8'])
    expect(answer.headers['x-content-type-options']).to.equal('nosniff')
  })

  it('Basic works with name and password, and with any name and a token', async () => {
    const basic = (name: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
    })
    const as = 'nobody' as const
    const byPassword = await house.call('GET', file, { as, headers: basic('dora', house.password('dora')) })
    const byToken = await house.call('GET', file, { as, headers: basic('whoever', house.token('dora')) })
    const wrong = await house.call('GET', file, { as, headers: basic('dora', 'wrong') })
    expect([byPassword.status, byToken.status, wrong.status]).to.deep.equal([200, 200, 401])
  })
})
