import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { expect } from 'chai'
import { type Bytes, type Reply, text } from '#core'
import { type Door, memoryBytes, openDoor } from '../support/door.js'

const hundred = Buffer.from(Array.from({ length: 100 }, (_, index) => 48 + (index % 10)))
const modified = new Date('2026-03-01T12:00:00Z')

describe('How replies are sent', () => {
  let door: Door
  let reply: Reply
  const host = 'Host: localhost'
  const file = (body: Uint8Array | Bytes, more: Partial<Reply> = {}): Reply => ({
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      vary: 'accept',
      'cache-control': 'no-cache',
    },
    etag: '"tag"',
    modified,
    ranges: true,
    body,
    ...more,
  })
  before(async () => {
    door = await openDoor(() => reply)
  })
  after(() => door.close())

  it('sends a whole file with its validators and the headers of every answer', async () => {
    reply = file(memoryBytes(hundred))
    const { headers, ...answer } = await door.send('GET /f HTTP/1.1', host)
    expect(answer).to.deep.equal({ status: 200, reason: 'OK', body: hundred.toString() })
    const { date, 'x-request-id': id, ...others } = headers
    expect([typeof date, typeof id]).to.deep.equal(['string', 'string'])
    expect(others).to.deep.equal({
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'content-disposition': 'attachment',
      'content-length': '100',
      'content-type': 'application/octet-stream',
      etag: '"tag"',
      'keep-alive': 'timeout=75, max=1000',
      'last-modified': 'Sun, 01 Mar 2026 12:00:00 GMT',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
    })
  })

  it('answers HEAD with the headers of GET and opens nothing', async () => {
    const body = memoryBytes(hundred)
    reply = file(body)
    const answer = await door.send('HEAD /f HTTP/1.1', host, 'Range: bytes=0-9')
    expect([answer.status, answer.headers['content-length'], answer.headers['etag'], body.opened]).to.deep.equal([
      200,
      '100',
      '"tag"',
      0,
    ])
  })

  it('sends what has no length as it comes, and breaks off where it fails: nobody takes a part for the whole', async () => {
    let opened = 0
    const lines = (fails: boolean) =>
      async function* () {
        opened += 1
        yield Buffer.from('one\n')
        yield Buffer.from('two\n')
        if (fails) throw new Error('it cannot be read')
      }
    const streamed = (fails: boolean): Reply => ({
      status: 200,
      headers: { 'content-type': 'application/x-ndjson' },
      stream: lines(fails),
    })
    reply = streamed(false)
    const whole = await fetch(`${door.url}/f`)
    expect([whole.status, whole.headers.get('content-length'), await whole.text()]).to.deep.equal([200, null, 'one\ntwo\n'])
    expect((await fetch(`${door.url}/f`, { method: 'HEAD' })).status).to.equal(200)
    expect(opened, 'HEAD opens nothing').to.equal(1)
    reply = streamed(true)
    const failure = await fetch(`${door.url}/f`)
      .then((answer) => answer.text())
      .catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(TypeError)
  })

  it('answers 304 with validators and without what describes a body', async () => {
    const body = memoryBytes(hundred)
    reply = file(body)
    const answer = await door.send('GET /f HTTP/1.1', host, 'If-None-Match: W/"tag"', 'Range: bytes=0-9')
    const { date: _date, 'x-request-id': _id, ...headers } = answer.headers
    expect([answer.status, answer.body, body.opened]).to.deep.equal([304, '', 0])
    expect(headers).to.deep.equal({
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      etag: '"tag"',
      'keep-alive': 'timeout=75, max=1000',
      'last-modified': 'Sun, 01 Mar 2026 12:00:00 GMT',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
    })
  })

  it('answers 412 before 416, naming the current tag', async () => {
    reply = file(memoryBytes(hundred))
    const answer = await door.send('GET /f HTTP/1.1', host, 'If-Match: "other"', 'Range: bytes=900-')
    expect([answer.status, answer.headers['etag'], answer.headers['content-range']]).to.deep.equal([412, '"tag"', undefined])
    expect(JSON.parse(answer.body)).to.deep.include({
      status: 412,
      code: 'precondition',
      detail: 'The current entity tag is "tag"',
    })
  })

  it('ignores conditions where the answer is no success, and on writes', async () => {
    reply = { ...text(404, 'gone'), etag: '"tag"' }
    expect((await door.send('GET /f HTTP/1.1', host, 'If-Match: "other"')).status).to.equal(404)
    reply = { ...text(201, 'made'), etag: '"tag"' }
    expect((await door.send('PUT /f HTTP/1.1', host, 'If-None-Match: "tag"')).status).to.equal(201)
  })

  const ranges: [string, number, string | undefined, string][] = [
    ['bytes=0-9', 206, 'bytes 0-9/100', '0123456789'],
    ['bytes=95-', 206, 'bytes 95-99/100', '56789'],
    ['bytes=-3', 206, 'bytes 97-99/100', '789'],
    ['bytes=0-1,5-6', 200, undefined, hundred.toString()],
    ['bytes=9-0', 200, undefined, hundred.toString()],
  ]
  for (const [range, status, contentRange, content] of ranges)
    for (const kind of ['small', 'streamed', 'array'] as const)
      it(`answers ${status} to ${range} of a ${kind} body`, async () => {
        const large: Bytes = { ...memoryBytes(hundred), small: async () => undefined }
        reply = file(kind === 'array' ? hundred : kind === 'small' ? memoryBytes(hundred) : large)
        const answer = await door.send('GET /f HTTP/1.1', host, `Range: ${range}`)
        expect([answer.status, answer.headers['content-range'], answer.body]).to.deep.equal([status, contentRange, content])
        expect(answer.headers['content-length']).to.equal(String(content.length))
      })

  it('answers 416 with the size', async () => {
    reply = file(memoryBytes(hundred))
    const answer = await door.send('GET /f HTTP/1.1', host, 'Range: bytes=100-')
    expect([answer.status, answer.headers['content-range'], answer.headers['etag']]).to.deep.equal([416, 'bytes */100', '"tag"'])
    expect(answer.headers['content-disposition']).to.equal(undefined)
  })

  for (const [ifRange, status] of [
    ['"tag"', 206],
    ['"other"', 200],
    ['W/"tag"', 200],
    ['Sun, 01 Mar 2026 12:00:00 GMT', 206],
  ] as const)
    it(`answers ${status} to a range if ${ifRange}`, async () => {
      reply = file(memoryBytes(hundred))
      expect((await door.send('GET /f HTTP/1.1', host, 'Range: bytes=0-9', `If-Range: ${ifRange}`)).status).to.equal(status)
    })

  it('offers no ranges where the reply does not', async () => {
    reply = file(memoryBytes(hundred), { ranges: false })
    const answer = await door.send('GET /f HTTP/1.1', host, 'Range: bytes=0-9')
    expect([answer.status, answer.headers['accept-ranges']]).to.deep.equal([200, undefined])
  })

  it('sends an empty file and an empty answer with their length', async () => {
    reply = file(memoryBytes(Buffer.alloc(0)))
    expect((await door.send('GET /f HTTP/1.1', host)).headers['content-length']).to.equal('0')
    reply = { status: 201, headers: {} }
    expect((await door.send('GET /f HTTP/1.1', host)).headers['content-length']).to.equal('0')
    reply = { status: 204, headers: {} }
    expect((await door.send('GET /f HTTP/1.1', host)).headers['content-length']).to.equal(undefined)
  })

  it('writes the reason phrase as one line of Latin-1', async () => {
    reply = { status: 400, reason: `é\r\nX: y ☃ ${'x'.repeat(600)}`, headers: {} }
    const answer = await door.send('GET /f HTTP/1.1', host)
    expect(answer.reason).to.equal(`é??X: y ? ${'x'.repeat(600)}`.slice(0, 500))
    expect(answer.headers['x']).to.equal(undefined)
  })

  it('calls an answer private that says nothing about caching', async () => {
    reply = text(200, 'x')
    expect((await door.send('GET /f HTTP/1.1', host)).headers['cache-control']).to.equal('private, no-cache')
  })

  it('says nothing twice that the reply says already', async () => {
    const own = {
      'x-request-id': 'own',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      etag: '"e"',
      'content-length': '9',
    }
    reply = { ...text(200, 'x', own), etag: '"e"' }
    const client = await door.raw()
    client.write(`GET /f HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`)
    const lines = (await client.rest()).split('\r\n').map((line) => line.split(':')[0])
    expect(lines.filter((name) => name !== undefined && (name in own || name === 'content-length'))).to.have.members(
      Object.keys(own),
    )
  })

  it('streams 8 MiB through a reader that is slow, holding little', async () => {
    const chunk = Buffer.alloc(256 * 1024, 1)
    let produced = 0
    const size = 32 * chunk.length
    reply = file({
      size,
      small: async () => undefined,
      open: async () =>
        new Readable({
          highWaterMark: chunk.length,
          read() {
            this.push(produced < 32 ? chunk : null)
            produced++
          },
        }),
    })
    const client = await door.raw()
    client.socket.pause()
    client.write(`GET /f HTTP/1.1\r\n${host}\r\n\r\n`)
    while (produced < 3) await new Promise((resolve) => setImmediate(resolve))
    const before = produced
    client.socket.resume()
    const answer = await client.answer()
    expect([answer.status, answer.body.length, before < 32]).to.deep.equal([200, size, true])
  })

  for (const [what, make] of [
    [
      'fails',
      () =>
        Readable.from(
          (async function* () {
            yield hundred
            throw new Error('disk')
          })(),
        ),
    ],
    ['ends early', () => Readable.from([hundred])],
    ['runs over', () => Readable.from([hundred, hundred, hundred])],
  ] as const) // prettier-ignore
    it(`destroys the connection under a body that ${what}`, async () => {
      reply = file({ size: 200, small: async () => undefined, open: async () => make() })
      const client = await door.raw()
      client.write(`GET /f HTTP/1.1\r\n${host}\r\n\r\n`)
      const got = await client.rest()
      expect(got.slice(got.indexOf('\r\n\r\n') + 4).length).to.be.lessThan(200)
    })

  it('answers 500 with constant words where a body cannot be opened', async () => {
    reply = file({ size: 200, small: async () => undefined, open: () => Promise.reject(new Error('/secret/path')) })
    const answer = await door.send('GET /f HTTP/1.1', host)
    expect([answer.status, JSON.parse(answer.body)]).to.deep.equal([
      500,
      { type: 'about:blank', title: 'Internal Server Error', status: 500, detail: 'Internal error', code: 'internal' },
    ])
  })

  it('answers 500 where a header cannot be written', async () => {
    reply = text(200, 'x', { 'x-bad': 'a\r\nset-cookie: b' })
    const answer = await door.send('GET /f HTTP/1.1', host)
    expect([answer.status, answer.headers['set-cookie']]).to.deep.equal([500, undefined])
  })

  it('lets go of a body whose reader has gone', async () => {
    const content = new PassThrough()
    content.write(hundred)
    reply = file({ size: 10_000, small: async () => undefined, open: async () => content })
    const client = await door.raw()
    client.write(`GET /f HTTP/1.1\r\n${host}\r\n\r\n`)
    await once(client.socket, 'data')
    client.close()
    await once(content, 'close')
    expect(content.destroyed).to.equal(true)
  })
})
