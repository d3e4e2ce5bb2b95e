import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { breakOff } from '../../support/wire.js'
import { emptyShelves } from './empty-shelves.js'

const file = '/acme/files/a/f.txt'
const digest = (text: string) => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`
const etag = (text: string) => `"${createHash('sha256').update(text).digest('hex')}"`
const partial = { 'content-type': 'application/partial-upload' }

describe('uploads by the IETF draft', () => {
  let house: House
  let blobs = 0
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'small', format: 'raw', maxSize: 10 },
      ],
    })
  })
  after(() => house.close())
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  const start = (body: string, headers: Record<string, string> = {}, target = file) =>
    house.call('PUT', target, { body, headers: { 'upload-complete': '?0', ...headers } })
  const at = (answer: Answer) => new URL(answer.headers['location'] ?? '', house.url).pathname
  const append = (target: string, offset: number, complete: '?0' | '?1', body: string, headers: Record<string, string> = {}) =>
    house.call('PATCH', target, {
      body,
      headers: { ...partial, 'upload-offset': String(offset), 'upload-complete': complete, ...headers },
    })

  it('announce their limit by OPTIONS of the target', async () => {
    expect((await house.call('OPTIONS', file)).headers['upload-limit']).to.equal('min-size=0, max-age=86400')
    expect((await house.call('OPTIONS', '/acme/small/f')).headers['upload-limit']).to.equal(
      'max-size=10, min-size=0, max-age=86400',
    )
  })

  it('with all of the file in one request are an ordinary PUT', async () => {
    const answer = await house.call('PUT', file, { body: 'hello', headers: { 'upload-complete': '?1' } })
    expect([answer.status, answer.headers['upload-complete'], answer.headers['etag']]).to.deep.equal([201, '?1', etag('hello')])
    expect((await house.call('PUT', file, { body: 'x', headers: { 'upload-complete': '1' } })).status).to.equal(400)
  })

  it('begin with a part, go on where they stand, and end as the PUT would have', async () => {
    const begun = await start('hello', { 'upload-length': '15', 'content-type': 'text/csv' })
    expect([begun.status, begun.headers['upload-complete'], begun.headers['upload-offset']]).to.deep.equal([201, '?0', '5'])
    expect(begun.headers['location']).to.match(/\/acme\/files\/-\/uploads\/[0-9a-f]{32}\/a\/f\.txt$/)
    expect(begun.headers['upload-limit']).to.match(/^max-size=\d+, min-size=0, max-age=\d+$/)
    const target = at(begun)
    const middle = await append(target, 5, '?0', 'world')
    expect([middle.status, middle.headers['upload-complete'], middle.headers['upload-offset']]).to.deep.equal([204, '?0', '10'])
    const asked = await house.call('HEAD', target)
    expect(asked.status).to.equal(204)
    expect(asked.headers).to.include({
      ...{ 'upload-offset': '10', 'upload-complete': '?0', 'upload-length': '15', 'cache-control': 'no-store' },
    })
    expect(await house.storedFiles()).to.deep.equal([])

    const ended = await append(target, 10, '?1', 'again')
    expect([ended.status, ended.headers['upload-complete'], ended.headers['etag']]).to.deep.equal([
      ...[201, '?1', etag('helloworldagain')],
    ])
    const stored = await house.call('GET', file)
    expect([stored.text(), stored.headers['content-type']]).to.deep.equal(['helloworldagain', 'text/csv'])
    expect(await house.storedBlobs()).to.equal(blobs + 1)
    expect((await house.call('HEAD', target)).headers['upload-complete']).to.equal('?1')
    expect((await append(target, 15, '?1', '')).status, 'its answer was lost').to.equal(201)
    expect((await append(target, 15, '?0', 'more')).status).to.equal(409)
  })

  it('keep what a broken connection brought', async () => {
    const target = at(await start('hello'))
    const headers = { ...partial, 'Upload-Offset': '5', 'Upload-Complete': '?1', Authorization: `Bearer ${house.token('dora')}` }
    await breakOff(house.url, { method: 'PATCH', target, headers }, Buffer.from('wor'), 5)
    expect((await house.call('HEAD', target)).headers['upload-offset']).to.equal('8')
    expect((await append(target, 8, '?1', 'ld')).status).to.equal(201)
    expect((await house.call('GET', file)).text()).to.equal('helloworld')
  })

  it('name the right offset in a problem document', async () => {
    const target = at(await start('hello'))
    const answer = await append(target, 3, '?0', 'x')
    expect([answer.status, answer.headers['upload-offset'], answer.headers['upload-complete']]).to.deep.equal([409, '5', '?0'])
    expect(answer.headers['content-type']).to.equal('application/problem+json')
    expect(answer.json()).to.deep.equal({
      type: 'https://iana.org/assignments/http-problem-types#mismatching-upload-offset',
      title: 'The upload stands at 5',
      status: 409,
      'expected-offset': 5,
      'provided-offset': 3,
    })
  })

  it('refuse lengths that contradict each other, another type, missing fields', async () => {
    const target = at(await start('hello', { 'upload-length': '10' }))
    for (const answer of [await append(target, 5, '?0', 'x', { 'upload-length': '11' }), await append(target, 5, '?1', 'x')]) {
      expect(answer.status).to.equal(400)
      expect((answer.json() as { type: string }).type).to.match(/#inconsistent-upload-length$/)
    }
    expect((await append(target, 6, '?0', 'x', { 'content-type': 'text/plain' })).status).to.equal(415)
    expect((await append(target, 6, '?0', 'x', { 'upload-complete': 'yes' })).status).to.equal(400)
    expect((await house.call('PATCH', target, { body: 'x', headers: partial })).status).to.equal(400)
  })

  it('are void once more came than was announced', async () => {
    const target = at(await start('hello', { 'upload-length': '7' }))
    expect((await append(target, 5, '?0', 'world')).status).to.equal(400)
    expect((await house.call('HEAD', target)).status).to.equal(404)
    expect((await start('12345678901', {}, '/acme/small/f')).status).to.equal(413)
    expect((await start('x', { 'upload-length': '11' }, '/acme/small/f')).status).to.equal(413)
    expect(await house.storedBlobs()).to.equal(blobs)
  })

  it('hold the digest of the whole at the end, and of one request before it counts', async () => {
    const target = at(await start('hello', { 'repr-digest': digest('helloworld') }))
    expect((await append(target, 5, '?0', 'wor', { 'content-digest': digest('other') })).status).to.equal(400)
    expect((await house.call('HEAD', target)).headers['upload-offset']).to.equal('5')
    expect((await append(target, 5, '?0', 'WOR', { 'content-digest': digest('WOR') })).status).to.equal(204)
    expect((await append(target, 8, '?1', 'LD')).status).to.equal(400)
    expect(await house.storedFiles()).to.deep.equal([])
  })

  it('hold conditions when they begin and when they end', async () => {
    const target = at(await start('hello', { 'if-none-match': '*' }))
    await house.call('PUT', file, { body: 'faster' })
    expect((await start('x', { 'if-none-match': '*' })).status).to.equal(412)
    const late = await append(target, 5, '?1', 'world')
    expect([late.status, late.headers['etag']]).to.deep.equal([412, etag('faster')])
    expect((await house.call('GET', file)).text()).to.equal('faster')
  })

  it('end by DELETE, and leave nothing; tus does not reach them', async () => {
    const target = at(await start('hello'))
    expect((await house.call('HEAD', target, { headers: { 'tus-resumable': '1.0.0' } })).status).to.equal(404)
    expect((await house.call('DELETE', target)).status).to.equal(204)
    expect((await house.call('HEAD', target)).status).to.equal(404)
    expect(await house.storedBlobs()).to.equal(blobs)
  })
})
