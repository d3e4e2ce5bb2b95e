import { expect } from 'chai'
import { json } from '#core'
import { type Door, openDoor } from '../support/door.js'

describe('What the host lets in', () => {
  let door: Door
  const seen: string[] = []
  before(async () => {
    door = await openDoor((request) => {
      seen.push(`${request.method} ${request.target}`)
      const { address, hostname, publicUrl, contentLength } = request
      return json(200, { target: request.target, address, hostname, publicUrl: publicUrl.href, length: contentLength ?? null })
    })
  })
  after(() => door.close())
  beforeEach(() => void seen.splice(0))

  it('hands the target on as it was written', async () => {
    const target = '/a/%2e%2E//b;c/%zz?q=%00&q=..#x'
    const answer = await door.send(`GET ${target} HTTP/1.1`, 'Host: repo.example.com:81')
    expect(JSON.parse(answer.body)).to.deep.equal({
      target,
      address: '127.0.0.1',
      hostname: 'repo.example.com',
      publicUrl: 'http://repo.example.com:81/',
      length: 0,
    })
  })

  const host = 'Host: localhost'
  const refused: [string, number, readonly string[]][] = [
    ['two Host headers', 400, ['GET / HTTP/1.1', host, host]],
    ['two Host headers in different spelling', 400, ['GET / HTTP/1.1', host, 'HOST: evil.example']],
    ['no Host header', 400, ['GET / HTTP/1.1']],
    ['an empty Host', 400, ['GET / HTTP/1.1', 'Host: ']],
    ['a Host with credentials', 400, ['GET / HTTP/1.1', 'Host: a@b']],
    ['a Host with a path', 400, ['GET / HTTP/1.1', 'Host: a/b']],
    ['a Host with a port out of range', 400, ['GET / HTTP/1.1', 'Host: a:65536']],
    ['a Host with two ports', 400, ['GET / HTTP/1.1', 'Host: a:80:80']],
    ['a Host list', 400, ['GET / HTTP/1.1', 'Host: a, b']],
    ['a Host with a bad IPv6 address', 400, ['GET / HTTP/1.1', 'Host: [::g]']],
    ['an absolute target', 400, ['GET http://evil.example/a HTTP/1.1', host]],
    ['an absolute target that is no URL', 400, ['GET http://[::1/a HTTP/1.1', host]],
    ['a body on GET', 400, ['GET /a HTTP/1.1', host, 'Content-Length: 5', '', 'hello']],
    ['a chunked body on GET', 400, ['GET /a HTTP/1.1', host, 'Transfer-Encoding: chunked', '', '0']],
    ['a body on HEAD', 400, ['HEAD /a HTTP/1.1', host, 'Content-Length: 5', '', 'hello']],
    ['TRACE', 405, ['TRACE /a HTTP/1.1', host]],
    ['CONNECT', 405, ['CONNECT a:80 HTTP/1.1', host]],
    ['LOCK', 405, ['LOCK /a HTTP/1.1', host]],
    ['a method that nobody knows', 400, ['BREW /a HTTP/1.1', host]],
    ['three thousand header lines', 431, ['GET /a HTTP/1.1', host, ...Array.from({ length: 3_000 }, () => 'a:')]],
    ['17 KB of headers', 431, ['GET /a HTTP/1.1', host, `X: ${'x'.repeat(17 * 1024)}`]],
    [
      'length and transfer coding together',
      400,
      ['POST /a HTTP/1.1', host, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0'],
    ],
    ['an odd transfer coding', 400, ['POST /a HTTP/1.1', host, 'Transfer-Encoding: xchunked', '', '0']],
    [
      'a transfer coding that does not end in chunked',
      400,
      ['POST /a HTTP/1.1', host, 'Transfer-Encoding: chunked, identity', '', '0'],
    ],
    ['two lengths', 400, ['POST /a HTTP/1.1', host, 'Content-Length: 5', 'Content-Length: 6', '', 'hello']],
    ['a signed length', 400, ['POST /a HTTP/1.1', host, 'Content-Length: +5', '', 'hello']],
    ['a folded header', 400, ['POST /a HTTP/1.1', host, 'X: a', ' b']],
    ['a space before the colon', 400, ['POST /a HTTP/1.1', host, 'X : a']],
    ['an unknown expectation', 417, ['PUT /a HTTP/1.1', host, 'Expect: coffee', 'Content-Length: 5']],
  ]
  for (const [what, status, lines] of refused)
    it(`answers ${status} to ${what}, and nobody behind it sees the request`, async () => {
      const answer = await door.send(...lines)
      expect(answer.status).to.equal(status)
      if (status === 405) expect(answer.headers['allow']).to.equal('GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS')
      expect(seen).to.deep.equal([])
    })

  it('does not run what was smuggled behind a body on GET', async () => {
    const client = await door.raw()
    client.write(`GET /a HTTP/1.1\r\n${host}\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\n${host}\r\n\r\n`)
    const answer = await client.answer()
    expect([answer.status, answer.headers['connection']]).to.deep.equal([400, 'close'])
    client.close()
    expect(seen).to.deep.equal([])
  })

  for (const upgrade of ['h2c', 'websocket'])
    it(`serves a request that asks for ${upgrade} as HTTP/1.1`, async () => {
      const answer = await door.send(
        'GET /a HTTP/1.1',
        host,
        'Connection: Upgrade, HTTP2-Settings',
        `Upgrade: ${upgrade}`,
        'Content-Length: 0',
      )
      expect([answer.status, seen]).to.deep.equal([200, ['GET /a']])
    })

  it('reads and drops a small body on DELETE and keeps the connection', async () => {
    const client = await door.raw()
    client.write(`DELETE /a HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\n\r\nhello`)
    expect((await client.answer()).status).to.equal(200)
    client.write(`DELETE /b HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`)
    expect((await client.answer()).status).to.equal(200)
    expect(seen).to.deep.equal(['DELETE /a', 'DELETE /b'])
  })

  it('reads no further than 64 KiB of a body on DELETE, and closes behind it', async () => {
    const client = await door.raw()
    client.write(`DELETE /a HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n${'x'.repeat(0x20000)}\r\n`)
    const answer = await client.answer()
    client.socket.end()
    expect([answer.status, answer.headers['connection'], await client.rest()]).to.deep.equal([200, 'close', ''])
  })

  it('does not wait for a body on DELETE that wants to be asked for', async () => {
    const client = await door.raw()
    client.write(`DELETE /a HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`)
    const answer = await client.answer()
    client.socket.end()
    expect([answer.status, answer.headers['connection'], await client.rest()]).to.deep.equal([200, 'close', ''])
  })

  it('answers its own addresses itself', async () => {
    const health = await door.send('GET /-/health?x HTTP/1.1', host)
    expect([health.status, health.body, health.headers['cache-control']]).to.deep.equal([200, '{"status":"ok"}', 'no-store'])
    expect((await door.send('GET / HTTP/1.1', host)).status).to.equal(200)
    expect((await door.send('GET /robots.txt HTTP/1.1', host)).status, 'wget -r obeys it').to.equal(404)
    expect((await door.send('GET /favicon.ico HTTP/1.1', host)).status).to.equal(404)
    expect((await door.send('POST /-/health HTTP/1.1', host)).headers['allow']).to.equal('GET, HEAD, OPTIONS')
    expect(seen).to.deep.equal([])
    await door.send('GET /-/health/ HTTP/1.1', host)
    expect(seen).to.deep.equal(['GET /-/health/'])
  })

  it('is unhealthy while it drains, and closes connections', async () => {
    door.health.draining = true
    const answer = await door.send('GET /-/health HTTP/1.1', host)
    door.health.draining = false
    expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([503, '{"status":"draining"}', 'close'])
  })

  it('answers a thousand requests of a connection in order, then closes it', async () => {
    const client = await door.raw()
    client.write(Array.from({ length: 1_200 }, (_, index) => `GET /${index} HTTP/1.1\r\n${host}\r\n\r\n`).join(''))
    for (let index = 0; index < 1_000; index++) {
      const answer = await client.answer()
      expect(JSON.parse(answer.body)).to.have.property('target', `/${index}`)
      expect(answer.headers['connection']).to.equal(index < 999 ? 'keep-alive' : 'close')
    }
    expect(await client.rest()).to.equal('')
  })

  it('names neither its software nor the requested path, and sends an id', async () => {
    const answer = await door.send('TRACE /secret HTTP/1.1', host)
    expect(answer.headers).to.not.have.any.keys('x-powered-by', 'server')
    expect(answer.body).to.not.contain('secret')
    expect(answer.headers['x-request-id']).to.match(/^[a-z0-9]+-[a-z0-9]+$/)
  })
})

describe('Behind a configured public address', () => {
  const view = (answer: { body: string }) => JSON.parse(answer.body) as { publicUrl: string; address: string }
  let door: Door
  before(async () => {
    door = await openDoor(({ publicUrl, address }) => json(200, { publicUrl: publicUrl.href, address }), {
      publicUrl: new URL('http://repo.example.com/packages/'),
      isRootMount: async (hostname) => hostname === 'npm.acme.example',
    })
  })
  after(() => door.close())

  for (const name of ['repo.example.com', 'REPO.example.com:8080', 'localhost:8080', '127.0.0.1', '[::1]:80', 'npm.acme.example'])
    it(`serves Host ${name}, with links that begin as configured`, async () => {
      const answer = await door.send('GET /a HTTP/1.1', `Host: ${name}`)
      expect([answer.status, view(answer).publicUrl]).to.deep.equal([200, 'http://repo.example.com/packages/'])
    })
  for (const name of ['evil.example', 'repo.example.com.evil.example', '10.0.0.1', 'xlocalhost', '127.evil.example'])
    it(`answers 421 to Host ${name}`, async () => {
      expect((await door.send('GET /a HTTP/1.1', `Host: ${name}`)).status).to.equal(421)
      expect((await door.send('GET /-/health HTTP/1.1', `Host: ${name}`)).status).to.equal(421)
    })
  it('leaves every path of a root mount to its repository', async () => {
    const answer = await door.send('GET /-/health HTTP/1.1', 'Host: npm.acme.example')
    expect(view(answer).address).to.equal('127.0.0.1')
  })
  it('ignores what forwarding headers claim', async () => {
    const claims = [
      'X-Forwarded-For: 203.0.113.9',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Prefix: /x',
    ]
    const answer = await door.send('GET /a HTTP/1.1', 'Host: localhost', ...claims)
    expect(view(answer)).to.deep.equal({ publicUrl: 'http://repo.example.com/packages/', address: '127.0.0.1' })
  })
})

describe('Behind a trusted proxy', () => {
  let door: Door
  before(async () => {
    door = await openDoor(({ publicUrl, address }) => json(200, [publicUrl.href, address]), {
      trusted: ['10.0.0.0/8', '127.0.0.1'],
    })
  })
  after(() => door.close())

  const table: [string, readonly string[], [string, string]][] = [
    ['believes one hop', ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'], ['https://a/', '203.0.113.9']],
    ['believes the last entry alone', ['X-Forwarded-For: 1.1.1.1, 203.0.113.9'], ['http://a/', '203.0.113.9']],
    [
      'believes the last of several headers',
      ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 203.0.113.9'],
      ['http://a/', '203.0.113.9'],
    ],
    ['takes a port off', ['X-Forwarded-For: 203.0.113.9:5000'], ['http://a/', '203.0.113.9']],
    ['takes brackets off', ['X-Forwarded-For: [2001:db8::1]:5000'], ['http://a/', '2001:db8::1']],
    ['falls back to the peer on junk', ['X-Forwarded-For: <b>', 'X-Forwarded-Proto: gopher'], ['http://a/', '127.0.0.1']],
    ['never takes host or prefix', ['X-Forwarded-Host: evil.example', 'X-Forwarded-Prefix: /x'], ['http://a/', '127.0.0.1']],
  ]
  for (const [what, headers, expected] of table)
    it(what, async () => {
      expect(JSON.parse((await door.send('GET /x HTTP/1.1', 'Host: a', ...headers)).body)).to.deep.equal(expected)
    })
})
