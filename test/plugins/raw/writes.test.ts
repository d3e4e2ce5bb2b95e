import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { callTrailing } from '../../support/trailing.js'
import { exchange } from '../../support/wire.js'
import { emptyShelves } from './empty-shelves.js'

const file = '/acme/files/a/f.bin'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const etag = (text: string) => `"${sha256(text)}"`
const base64 = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('base64')
const hex = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex')

describe('writing raw files', () => {
  let house: House
  let blobs = 0
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'once', format: 'raw', writePolicy: 'once' },
      ],
    })
  })
  after(() => house.close())
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  const put = (body: string, headers: Record<string, string> = {}, target = file) => house.call('PUT', target, { body, headers })

  it('PUT answers 201 with Location and ETag for a new file, 204 for other bytes, 200 for the same again', async () => {
    const created = await put('one')
    expect(created.status).to.equal(201)
    expect(created.headers['location']).to.equal(`${house.url}/acme/files/a/f.bin`)
    expect(created.headers['etag']).to.equal(etag('one'))
    expect(created.headers['x-checksum-sha256']).to.equal(sha256('one'))
    expect(created.headers['repr-digest']).to.equal(`sha-256=:${base64('sha256', 'one')}:`)

    const replaced = await put('two')
    expect([replaced.status, replaced.headers['etag']]).to.deep.equal([204, etag('two')])
    const modified = (await house.call('HEAD', file)).headers['last-modified']
    const same = await put('two')
    expect([same.status, same.headers['etag']]).to.deep.equal([200, etag('two')])
    expect((await house.call('HEAD', file)).headers['last-modified']).to.equal(modified)
    expect((await house.call('GET', file)).text()).to.equal('two')
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a/f.bin'])
  })

  it('Location is built from the canonical path', async () => {
    const answer = await put('x', {}, "/acme/files//s p/it's%20[br]%25".replace('s p', 's%20p'))
    expect(answer.headers['location']).to.equal(`${house.url}/acme/files/s%20p/it%27s%20%5Bbr%5D%25`)
  })

  it('an empty file and a body without a length are files like any other', async () => {
    expect((await put('', {}, '/acme/files/empty')).status).to.equal(201)
    expect((await house.call('GET', '/acme/files/empty')).headers['content-length']).to.equal('0')
    const chunks = Readable.from([Buffer.from('ab'), Buffer.from('cd')])
    expect((await house.call('PUT', '/acme/files/chunked', { body: chunks })).status).to.equal(201)
    expect((await house.call('GET', '/acme/files/chunked')).text()).to.equal('abcd')
  })

  it('a part of a file is never taken for the whole: Content-Range is 400, with the body unread', async () => {
    const authorization = `Bearer ${house.token('dora')}`
    const answer = await exchange(house.url, {
      method: 'PUT',
      target: file,
      headers: { Authorization: authorization, 'Content-Range': 'bytes 40-99/100' },
      body: 'withheld',
    })
    expect([answer.status, answer.continued]).to.deep.equal([400, false])
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('a coded body is 415, and identity is no coding', async () => {
    expect((await put('x', { 'content-encoding': 'gzip' })).status).to.equal(415)
    expect(await house.storedBlobs()).to.equal(blobs)
    expect((await put('x', { 'content-encoding': 'identity' })).status).to.equal(201)
  })

  describe('conditions', () => {
    it('If-None-Match: * creates and never replaces', async () => {
      expect((await put('one', { 'if-none-match': '*' })).status).to.equal(201)
      const second = await put('two', { 'if-none-match': '*' })
      expect([second.status, second.headers['etag']]).to.deep.equal([412, etag('one')])
      expect(second.text()).to.equal(`If-None-Match does not hold: the file is ${etag('one')}\n`)
      expect((await house.call('GET', file)).text()).to.equal('one')
    })

    it('of two that create at the same time one gets 201 and the other 412', async () => {
      const answers = await Promise.all(['left racer', 'right racer'].map((body) => put(body, { 'if-none-match': '*' })))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 412])
      const winner = answers[0]?.status === 201 ? 'left racer' : 'right racer'
      expect((await house.call('GET', file)).text()).to.equal(winner)
      expect(await house.storedBlobs()).to.equal(blobs + 1)
    })

    it('of two that replace the same version one gets 204 and the other 412', async () => {
      await put('one')
      const answers = await Promise.all(['two', 'three'].map((body) => put(body, { 'if-match': etag('one') })))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 412])
    })

    const table: readonly (readonly [
      name: string,
      stored: string | undefined,
      headers: Record<string, string>,
      status: number,
    ])[] = [
      ['If-Match with the tag of the file goes on', 'one', { 'if-match': etag('one') }, 204],
      ['If-Match with a list that holds it goes on', 'one', { 'if-match': `"a,b", ${etag('one')}` }, 204],
      ['If-Match with another tag is 412', 'one', { 'if-match': etag('two') }, 412],
      ['If-Match with a weak tag is 412', 'one', { 'if-match': `W/${etag('one')}` }, 412],
      ['If-Match: * goes on where there is a file', 'one', { 'if-match': '*' }, 204],
      ['If-Match: * is 412 where there is none', undefined, { 'if-match': '*' }, 412],
      ['If-Match with a tag is 412 where there is no file', undefined, { 'if-match': etag('one') }, 412],
      ['If-None-Match with the tag of the file is 412', 'one', { 'if-none-match': etag('one') }, 412],
      ['If-None-Match with its weak tag is 412', 'one', { 'if-none-match': `W/${etag('one')}` }, 412],
      ['If-None-Match with another tag goes on', 'one', { 'if-none-match': etag('two') }, 204],
      ['If-None-Match goes on where there is no file', undefined, { 'if-none-match': etag('two') }, 201],
      ['If-Unmodified-Since long ago is 412', 'one', { 'if-unmodified-since': 'Thu, 01 Jan 2004 00:00:00 GMT' }, 412],
      ['If-Unmodified-Since in the future goes on', 'one', { 'if-unmodified-since': 'Fri, 01 Jan 2088 00:00:00 GMT' }, 204],
      [
        'If-Unmodified-Since is ignored beside If-Match',
        'one',
        { 'if-match': '*', 'if-unmodified-since': 'Thu, 01 Jan 2004 00:00:00 GMT' },
        204,
      ],
      ['If-Unmodified-Since that is no date is ignored', 'one', { 'if-unmodified-since': 'yesterday' }, 204],
      ['If-Modified-Since means nothing to a PUT', 'one', { 'if-modified-since': 'Fri, 01 Jan 2088 00:00:00 GMT' }, 204],
    ]
    for (const [name, stored, headers, status] of table) {
      it(name, async () => {
        if (stored !== undefined) await put(stored)
        expect((await put('new', headers)).status).to.equal(status)
        const kept = status === 412 ? stored : 'new'
        const answer = await house.call('GET', file)
        expect(answer.status === 200 ? answer.text() : undefined).to.equal(kept)
      })
    }

    it('a condition that nobody understands is 400, and nothing is written', async () => {
      for (const headers of [{ 'if-match': sha256('one') }, { 'if-none-match': 'abc' }, { 'if-none-match': '"a" "b"' }]) {
        expect((await put('new', headers)).status).to.equal(400)
      }
      expect(await house.storedFiles()).to.deep.equal([])
    })

    it('a condition that fails is answered before the body is asked for', async () => {
      await put('one')
      const headers = { Authorization: `Bearer ${house.token('dora')}`, 'If-None-Match': '*' }
      const answer = await exchange(house.url, { method: 'PUT', target: file, headers, body: 'withheld' })
      expect([answer.status, answer.continued]).to.deep.equal([412, false])
    })
  })

  describe('digests that the request promises', () => {
    const right: readonly (readonly [header: string, value: string])[] = [
      ['repr-digest', `sha-256=:${base64('sha256', 'bytes')}:`],
      ['repr-digest', `md5=:AAAA:, sha-512=:${base64('sha512', 'bytes')}:`],
      ['content-digest', `sha-256=:${base64('sha256', 'bytes')}:`],
      ['digest', `SHA-256=${base64('sha256', 'bytes')},md5=${base64('md5', 'bytes')}`],
      ['digest', `sha=${base64('sha1', 'bytes')}`],
      ['content-md5', base64('md5', 'bytes')],
      ['x-checksum-md5', hex('md5', 'bytes')],
      ['x-checksum-sha1', hex('sha1', 'bytes').toUpperCase()],
      ['x-checksum-sha256', hex('sha256', 'bytes')],
      ['x-checksum-sha512', hex('sha512', 'bytes')],
      ['x-checksum', hex('sha1', 'bytes')],
    ]
    for (const [header, value] of right) {
      it(`${header}: ${value.slice(0, 40)} fits its bytes and refuses others with 400, storing nothing`, async () => {
        const wrong = await put('other', { [header]: value })
        expect(wrong.status).to.equal(400)
        expect(await house.storedFiles()).to.deep.equal([])
        expect(await house.storedBlobs()).to.equal(blobs)
        expect((await put('bytes', { [header]: value })).status).to.equal(201)
      })
    }

    const behind: readonly (readonly [trailer: string, value: (text: string) => string])[] = [
      ['Repr-Digest', (text) => `sha-512=:${base64('sha512', text)}:, sha-256=:${base64('sha256', text)}:`],
      ['Content-Digest', (text) => `sha-256=:${base64('sha256', text)}:`],
      ['X-Checksum-Sha256', (text) => hex('sha256', text)],
      ['X-Checksum-Md5', (text) => hex('md5', text)],
    ]
    for (const [trailer, value] of behind) {
      it(`${trailer} may come behind the bytes, where it was announced`, async () => {
        const send = (promised: string, announced = true) =>
          callTrailing(house.url, {
            ...{ method: 'PUT', target: file, body: 'bytes', trailers: { [trailer]: value(promised) }, announced },
            headers: { Authorization: `Bearer ${house.token('dora')}` },
          })
        expect(await send('other')).to.equal(400)
        expect([await house.storedFiles(), await house.storedBlobs()]).to.deep.equal([[], blobs])
        expect(await send('bytes')).to.equal(201)
        expect(await send('other', false), 'nobody announced it').to.equal(200)
      })
    }

    it('all of several must fit', async () => {
      const headers = { 'x-checksum-sha256': hex('sha256', 'bytes'), 'x-checksum-md5': hex('md5', 'other') }
      expect((await put('bytes', headers)).status).to.equal(400)
      expect(await house.storedFiles()).to.deep.equal([])
    })

    const malformed: readonly (readonly [header: string, value: string])[] = [
      ['repr-digest', 'sha-256=abc'],
      ['repr-digest', 'sha-256=:AAAA:'],
      ['digest', 'SHA-256=AAAA'],
      ['content-md5', 'not base64!'],
      ['x-checksum-sha256', hex('sha1', 'bytes')],
      ['x-checksum-sha1', 'z'.repeat(40)],
      ['x-checksum', 'abc'],
    ]
    for (const [header, value] of malformed) {
      it(`${header}: ${value} is malformed, 400`, async () => {
        const answer = await put('bytes', { [header]: value })
        expect([answer.status, answer.text()]).to.deep.equal([400, `${header} is malformed\n`])
        expect(await house.storedFiles()).to.deep.equal([])
      })
    }

    it('algorithms that nobody knows are ignored', async () => {
      expect((await put('bytes', { 'repr-digest': 'unixsum=:AAAA:', digest: 'crc32c=abc' })).status).to.equal(201)
    })
  })

  describe('a repository whose files are written once', () => {
    it('takes the same bytes again and refuses others with 409 and the tag of what is there', async () => {
      const target = '/acme/once/kept'
      expect((await put('kept bytes', {}, target)).status).to.equal(201)
      expect((await put('kept bytes', {}, target)).status).to.equal(200)
      const other = await put('other bytes', {}, target)
      expect([other.status, other.headers['etag']]).to.deep.equal([409, etag('kept bytes')])
      const kept = await house.call('GET', target)
      expect([kept.text(), kept.headers['cache-control']]).to.deep.equal(['kept bytes', 'private, max-age=31536000, immutable'])
      expect(await house.storedBlobs()).to.equal(blobs + 1)
    })

    it('never takes other bytes under a name whose file was removed', async () => {
      const target = '/acme/once/removed'
      await put('one', {}, target)
      expect((await house.call('DELETE', target, { as: 'olga' })).status).to.equal(204)
      const other = await put('two', {}, target)
      expect([other.status, other.headers['etag']]).to.deep.equal([409, undefined])
      expect((await put('one', {}, target)).status).to.equal(201)
    })
  })

  describe('DELETE', () => {
    const remove = (headers: Record<string, string> = {}, as: 'olga' | 'dora' | 'rita' = 'olga') =>
      house.call('DELETE', file, { as, headers })

    it('answers 204 and then 404, and the folder goes with its last file', async () => {
      await put('one')
      expect((await remove()).status).to.equal(204)
      expect((await remove()).status).to.equal(404)
      expect((await house.call('GET', file)).status).to.equal(404)
      expect((await house.call('GET', '/acme/files/a/')).status).to.equal(404)
      expect(await house.storedFiles()).to.deep.equal([])
    })

    it('needs more than the right to write', async () => {
      await put('one')
      expect((await remove({}, 'dora')).status).to.equal(403)
      expect((await remove({}, 'rita')).status).to.equal(403)
      expect(await house.storedFiles()).to.deep.equal(['acme/files/a/f.bin'])
    })

    it('takes If-Match, and If-None-Match', async () => {
      await put('one')
      const stale = await remove({ 'if-match': etag('two') })
      expect([stale.status, stale.headers['etag']]).to.deep.equal([412, etag('one')])
      expect((await remove({ 'if-none-match': '*' })).status).to.equal(412)
      expect((await remove({ 'if-match': etag('one') })).status).to.equal(204)
      expect((await remove({ 'if-match': '*' })).status, 'no such file: its conditions are ignored').to.equal(404)
    })

    it('of a folder takes everything below it, where that is said', async () => {
      await put('one')
      await put('two', {}, '/acme/files/a/b/c')
      await put('beside', {}, '/acme/files/ab')
      expect((await house.call('DELETE', '/acme/files/a/', { as: 'olga' })).status).to.equal(400)
      expect((await house.call('DELETE', '/acme/files/a', { as: 'olga' })).status).to.equal(404)
      expect((await house.call('DELETE', '/acme/files/a/?recursive=true', { as: 'dora' })).status).to.equal(403)
      expect(await house.storedFiles()).to.deep.equal(['acme/files/a/b/c', 'acme/files/a/f.bin', 'acme/files/ab'])
      expect((await house.call('DELETE', '/acme/files/a/?recursive=true', { as: 'olga' })).status).to.equal(204)
      expect(await house.storedFiles()).to.deep.equal(['acme/files/ab'])
      expect((await house.call('DELETE', '/acme/files/a/?recursive=true', { as: 'olga' })).status).to.equal(404)
    })
  })

  it('methods that files do not have are 405 and name those they have', async () => {
    for (const method of ['POST', 'PATCH', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY']) {
      const answer = await house.call(method, file, { as: 'olga' })
      expect([method, answer.status]).to.deep.equal([method, 405])
      expect(answer.headers['allow']?.split(', ').sort()).to.include.members(['DELETE', 'GET', 'HEAD', 'PUT'])
    }
  })
})
