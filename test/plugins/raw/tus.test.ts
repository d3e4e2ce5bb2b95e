import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type Answer, type House, openHouse, type Somebody } from '../../support/house.js'
import { callTrailing } from '../../support/trailing.js'
import { breakOff } from '../../support/wire.js'
import { emptyShelves } from './empty-shelves.js'

const base = '/acme/files'
const b64 = (text: string) => Buffer.from(text).toString('base64')
const checksum = (algorithm: string, text: string) => `${algorithm} ${createHash(algorithm).update(text).digest('base64')}`
const etag = (text: string) => `"${createHash('sha256').update(text).digest('hex')}"`
const bytesType = { 'content-type': 'application/offset+octet-stream' }

describe('tus uploads', () => {
  let house: House
  let blobs = 0
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'once', format: 'raw', writePolicy: 'once' },
        { name: 'small', format: 'raw', maxSize: 10 },
      ],
    })
  })
  after(() => house.close())
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  const tus = (
    method: string,
    target: string,
    headers: Record<string, string> = {},
    body?: string,
    as: Somebody = 'dora',
  ): Promise<Answer> =>
    house.call(method, target, { as, headers: { 'tus-resumable': '1.0.0', ...headers }, ...(body === undefined ? {} : { body }) })
  const create = (path: string, length: number, headers: Record<string, string> = {}) =>
    tus('POST', `${base}/-/tus/`, { 'upload-length': String(length), 'upload-metadata': `path ${b64(path)}`, ...headers })
  const at = (answer: Answer) => new URL(answer.headers['location'] ?? '', house.url).pathname
  const patch = (target: string, offset: number, body: string, headers: Record<string, string> = {}) =>
    tus('PATCH', target, { ...bytesType, 'upload-offset': String(offset), ...headers }, body)
  const offset = async (target: string) => (await tus('HEAD', target)).headers['upload-offset']

  it('says what it can do', async () => {
    const answer = await house.call('OPTIONS', `${base}/-/tus/`)
    expect(answer.status).to.equal(204)
    expect(answer.headers).to.include({
      'tus-version': '1.0.0',
      'tus-extension':
        'creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination,concatenation',
      'tus-checksum-algorithm': 'sha1,sha256,md5',
      allow: 'POST, OPTIONS',
    })
    expect((await house.call('OPTIONS', '/acme/small/-/tus/')).headers['tus-max-size']).to.equal('10')
  })

  it('an upload in two parts becomes one ordinary file when the last byte is there, and nothing before', async () => {
    const created = await create('a/f.txt', 10, {})
    expect([created.status, created.headers['upload-offset']]).to.deep.equal([201, '0'])
    expect(created.headers['location']).to.match(new RegExp(`^${house.url}/acme/files/-/uploads/[0-9a-f]{32}/a/f\\.txt$`))
    expect(Date.parse(created.headers['upload-expires'] ?? '')).to.be.above(Date.now())
    const target = at(created)

    const first = await patch(target, 0, 'hello')
    expect([first.status, first.headers['upload-offset'], first.headers['tus-resumable']]).to.deep.equal([204, '5', '1.0.0'])
    const asked = await tus('HEAD', target)
    expect([
      asked.status,
      asked.headers['upload-offset'],
      asked.headers['upload-length'],
      asked.headers['cache-control'],
    ]).to.deep.equal([200, '5', '10', 'no-store'])
    expect(asked.headers['upload-metadata']).to.equal(`path ${b64('a/f.txt')}`)
    expect(await house.storedFiles()).to.deep.equal([])
    expect((await house.call('GET', `${base}/`)).text()).not.to.include('uploads')

    expect((await patch(target, 5, 'world')).status).to.equal(204)
    const file = await house.call('GET', `${base}/a/f.txt`)
    expect([file.text(), file.headers['etag']]).to.deep.equal(['helloworld', etag('helloworld')])
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a/f.txt'])
    expect(await house.storedBlobs(), 'its parts are gone').to.equal(blobs + 1)
    expect(await offset(target)).to.equal('10')
    expect((await patch(target, 10, '')).status, 'asked again').to.equal(204)
  })

  it('goes on behind the bytes that a broken connection brought', async () => {
    const target = at(await create('f', 10))
    const headers = {
      ...bytesType,
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': '0',
      Authorization: `Bearer ${house.token('dora')}`,
    }
    await breakOff(house.url, { method: 'PATCH', target, headers }, Buffer.from('hello'), 10)
    expect(await offset(target)).to.equal('5')
    expect((await patch(target, 5, 'world')).status).to.equal(204)
    expect((await house.call('GET', `${base}/f`)).text()).to.equal('helloworld')
  })

  it('refuses an offset that is not its own with 409, unchanged; another type with 415; bytes past its end with 413', async () => {
    const target = at(await create('f', 10))
    await patch(target, 0, 'hello')
    expect((await patch(target, 0, 'again')).status).to.equal(409)
    expect((await patch(target, 7, 'ahead')).status).to.equal(409)
    expect((await patch(target, 5, 'world', { 'content-type': 'text/plain' })).status).to.equal(415)
    expect((await patch(target, 5, 'worlds')).status).to.equal(413)
    expect((await tus('PATCH', target, bytesType, 'world')).status).to.equal(400)
    expect(await offset(target)).to.equal('5')
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('of two that send the same part at once, one is taken', async () => {
    const target = at(await create('f', 10))
    const answers = await Promise.all([patch(target, 0, 'hello'), patch(target, 0, 'HELLO')])
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 409])
    expect(await offset(target)).to.equal('5')
  })

  it('holds a checksum against the bytes of its request: 460 drops them, 400 knows no such algorithm', async () => {
    const target = at(await create('f', 10))
    const wrong = await patch(target, 0, 'hello', { 'upload-checksum': checksum('sha1', 'other') })
    expect([wrong.status, wrong.reason, await offset(target)]).to.deep.equal([460, 'Checksum Mismatch', '0'])
    expect((await patch(target, 0, 'hello', { 'upload-checksum': 'crc32 AAAA' })).status).to.equal(400)
    expect((await patch(target, 0, 'hello', { 'upload-checksum': 'sha1 AAAA' })).status).to.equal(400)
    for (const [from, algorithm, text] of [
      [0, 'sha1', 'hello'],
      [5, 'sha256', 'wo'],
      [7, 'md5', 'rld'],
    ] as const)
      expect((await patch(target, from, text, { 'upload-checksum': checksum(algorithm, text) })).status).to.equal(204)
    expect((await house.call('GET', `${base}/f`)).text()).to.equal('helloworld')
  })

  it('takes a checksum behind the bytes too', async () => {
    const target = at(await create('f', 5))
    const trailing = (body: string, value: string) =>
      callTrailing(house.url, {
        ...{ method: 'PATCH', target, body, trailers: { 'Upload-Checksum': value } },
        headers: { ...bytesType, 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', Authorization: `Bearer ${house.token('dora')}` },
      })
    expect(await trailing('hello', checksum('sha1', 'other'))).to.equal(460)
    expect(await offset(target)).to.equal('0')
    expect(await trailing('hello', checksum('sha1', 'hello'))).to.equal(204)
    expect((await house.call('GET', `${base}/f`)).text()).to.equal('hello')
  })

  it('creates with the first bytes, with a length said later, and with no bytes at all', async () => {
    const first = await tus(
      'POST',
      `${base}/-/tus/`,
      { ...bytesType, 'upload-length': '10', 'upload-metadata': `filename ${b64('f')},filetype ${b64('text/csv')}` },
      'hello',
    )
    expect([first.status, first.headers['upload-offset']]).to.deep.equal([201, '5'])
    expect((await patch(at(first), 5, 'world')).status).to.equal(204)
    expect((await house.call('GET', `${base}/f`)).headers['content-type']).to.equal('text/csv')

    const deferred = await tus('POST', `${base}/-/tus/`, { 'upload-defer-length': '1', 'upload-metadata': `path ${b64('g')}` })
    expect((await tus('HEAD', at(deferred))).headers['upload-defer-length']).to.equal('1')
    expect((await patch(at(deferred), 0, 'hello')).status).to.equal(204)
    expect((await patch(at(deferred), 5, '', { 'upload-length': '4' })).status).to.equal(400)
    expect((await patch(at(deferred), 5, '', { 'upload-length': '5' })).status).to.equal(204)
    expect((await house.call('GET', `${base}/g`)).text()).to.equal('hello')

    const empty = await create('h', 0)
    expect([empty.status, empty.headers['upload-offset']]).to.deep.equal([201, '0'])
    expect((await house.call('GET', `${base}/h`)).headers['content-length']).to.equal('0')
  })

  it('joins parts that were sent beside each other, and drops them', async () => {
    const part = async (text: string) => {
      const created = await tus('POST', `${base}/-/tus/`, { 'upload-length': String(text.length), 'upload-concat': 'partial' })
      expect((await patch(at(created), 0, text)).status).to.equal(204)
      return created.headers['location'] ?? ''
    }
    const parts = [await part('hello'), await part('world')]
    const final = (concat: string, more = {}) =>
      tus('POST', `${base}/-/tus/`, { 'upload-concat': concat, 'upload-metadata': `path ${b64('joined')}`, ...more })
    expect((await final(`final;${parts.join(' ')}`, { 'upload-length': '10' })).status).to.equal(400)
    expect((await final('final;/x')).status).to.equal(400)
    const unfinished = await tus('POST', `${base}/-/tus/`, { 'upload-length': '3', 'upload-concat': 'partial' })
    expect((await final(`final;${parts[0]} ${unfinished.headers['location']}`)).status).to.equal(409)
    await tus('DELETE', at(unfinished))

    const joined = await final(`final;${parts.map((part) => new URL(part).pathname).join(' ')}`)
    expect(joined.status).to.equal(201)
    expect((await house.call('GET', `${base}/joined`)).text()).to.equal('helloworld')
    expect((await tus('HEAD', at(joined))).headers['upload-concat']).to.match(/^final;/)
    expect((await patch(at(joined), 10, '')).status).to.equal(403)
    for (const one of parts) expect((await tus('HEAD', new URL(one).pathname)).status).to.equal(404)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/joined'])
  })

  it('ends by DELETE, and leaves nothing', async () => {
    const target = at(await create('f', 10))
    await patch(target, 0, 'hello')
    expect((await tus('DELETE', target)).status).to.equal(204)
    expect((await tus('HEAD', target)).status).to.equal(404)
    expect((await patch(target, 5, 'world')).status).to.equal(404)
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it('goes through networks that know no PATCH, on these addresses alone', async () => {
    const target = at(await create('f', 5))
    const headers = { ...bytesType, 'upload-offset': '0', 'x-http-method-override': 'PATCH' }
    expect((await tus('POST', target, headers, 'hello')).status).to.equal(204)
    expect((await tus('POST', `${base}/f`, headers, 'hello')).status).to.equal(405)
    expect((await tus('POST', target, bytesType, 'hello')).status).to.equal(405)
  })

  it('speaks one version, and says so', async () => {
    for (const headers of [{ 'tus-resumable': '0.2.2' }, {}]) {
      const answer = await house.call('POST', `${base}/-/tus/`, { headers: { ...headers, 'upload-length': '5' } })
      expect([answer.status, answer.headers['tus-version']]).to.deep.equal([412, '1.0.0'])
    }
  })

  it('refuses malformed creations, and keeps nothing of them', async () => {
    const path = { 'upload-metadata': `path ${b64('f')}` }
    const malformed: readonly Record<string, string>[] = [
      {},
      path,
      { ...path, 'upload-length': 'x' },
      { ...path, 'upload-length': '-1' },
      { ...path, 'upload-length': '5', 'upload-defer-length': '1' },
      { ...path, 'upload-defer-length': '2' },
      { 'upload-length': '5' },
      { 'upload-length': '5', 'upload-metadata': 'path !!!' },
      { 'upload-length': '5', 'upload-metadata': `path ${b64('f')},path ${b64('g')}` },
      { 'upload-length': '5', 'upload-metadata': `path ${Buffer.from([0xff]).toString('base64')}` },
    ]
    for (const headers of malformed)
      expect((await tus('POST', `${base}/-/tus/`, headers)).status, JSON.stringify(headers)).to.equal(400)
    expect((await tus('POST', '/acme/small/-/tus/', { ...path, 'upload-length': '11' })).status).to.equal(413)
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it('holds conditions and policy when it begins and when it ends', async () => {
    await house.call('PUT', `${base}/f`, { body: 'there' })
    expect((await create('f', 5, { 'if-none-match': '*' })).status).to.equal(412)
    expect((await create('f/g', 5)).status).to.equal(409)
    const target = at(await create('new', 5, { 'if-none-match': '*' }))
    await house.call('PUT', `${base}/new`, { body: 'faster' })
    expect((await patch(target, 0, 'hello')).status).to.equal(412)
    expect(await offset(target), 'complete all the same').to.equal('5')
    expect((await house.call('GET', `${base}/new`)).text()).to.equal('faster')
    await house.call('DELETE', `${base}/new`, { as: 'olga' })
    expect((await patch(target, 5, '')).status, 'asked again, nothing sent again').to.equal(204)
    expect((await house.call('GET', `${base}/new`)).text()).to.equal('hello')
  })

  it('holds the digest that was promised when it began', async () => {
    const sha256 = createHash('sha256').update('other').digest('hex')
    const target = at(await create('f', 5, { 'x-checksum-sha256': sha256 }))
    expect((await patch(target, 0, 'hello')).status).to.equal(400)
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('is its own caller’s: others find nothing, and readers may not begin', async () => {
    const target = at(await create('f', 5))
    expect((await tus('HEAD', target, {}, undefined, 'olga')).status).to.equal(404)
    expect((await tus('DELETE', target, {}, undefined, 'olga')).status).to.equal(404)
    expect((await tus('HEAD', target, {}, undefined, 'rita')).status).to.equal(403)
    expect((await tus('HEAD', target, {}, undefined, 'nobody')).status).to.equal(401)
    expect((await tus('HEAD', target.replace('/files/', '/once/'))).status).to.equal(404)
    expect((await tus('HEAD', target.replace(/f$/, 'g'))).status, 'under another path').to.equal(404)
    expect(await offset(target)).to.equal('0')
  })

  it('of a day ago says that it is over, by both protocols, and is no file', async () => {
    const clock = new FixedClock()
    const other = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw' }], clock, idle: true })
    try {
      const headers = { 'tus-resumable': '1.0.0', 'upload-length': '10', 'upload-metadata': `path ${b64('f')}` }
      const begun = await other.call('POST', `${base}/-/tus/`, { headers: { ...headers, ...bytesType }, body: 'hello' })
      const draft = await other.call('PUT', `${base}/g`, { headers: { 'upload-complete': '?0' }, body: 'hello' })
      const statuses = async () => {
        const part = { 'upload-offset': '5', 'content-type': 'application/partial-upload', 'upload-complete': '?1' }
        const [one, two] = [at(begun), at(draft)]
        const answers = [
          await other.call('HEAD', one, { headers }),
          await other.call('PATCH', one, { headers: { ...headers, ...bytesType, 'upload-offset': '5' }, body: 'world' }),
          await other.call('HEAD', two),
          await other.call('PATCH', two, { headers: part, body: 'world' }),
        ]
        for (const answer of answers) expect(answer.headers, 'no offset is told').to.not.have.property('upload-offset')
        return answers.map(({ status }) => status)
      }
      clock.advance(24 * 60 * 60_000 + 1)
      expect(await statuses()).to.deep.equal([410, 410, 410, 410])
      expect(await other.storedFiles()).to.deep.equal([])
    } finally {
      await other.close()
    }
  })
})
