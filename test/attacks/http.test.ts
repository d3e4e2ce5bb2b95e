import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { expect } from 'chai'
import { RawClient } from '../host/support/raw-http.js'
import type { House } from '../support/house.js'
import { publishBody } from '../support/npm-package.js'
import { answersIn, bases, controlAreas, expectUnharmed, openWholeHouse, packages, type Stored, stored } from './whole-house.js'

const everywhere = [...bases, ...controlAreas]

/** What the server says to these bytes until it closes, or until the answer to a question put behind them has come. */
async function converse(url: string, text: string | Uint8Array): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(text)
  await closed
  return received
}
/** Where the system tells. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0)

describe('attacks by HTTP itself (security guide 4, H)', function () {
  this.timeout(60_000)
  let house: House
  let written: Stored
  let olga: string
  before(async () => {
    house = await openWholeHouse({ behindProxy: true })
    written = await stored(house)
    olga = `Host: localhost\r\nAuthorization: Bearer ${house.token('olga')}\r\n`
  })
  afterEach('nothing was written, and everything is answered as ever', () => expectUnharmed(house, written))
  after(() => house.close())

  it('H1 framing that two servers could read differently ends the connection, and what was smuggled is not run', async () => {
    const smuggled = `PUT /acme/files/smuggled HTTP/1.1\r\n${olga}Content-Length: 1\r\n\r\nx`
    const framings = [
      `Content-Length: ${smuggled.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
      'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
      'Content-Length: 0\r\nContent-Length: 5\r\n\r\n',
      'Content-Length: +5\r\n\r\nhello',
      'Content-Length: 0x5\r\n\r\nhello',
      'Content-Length: 5 5\r\n\r\nhello',
      'Content-Length: -1\r\n\r\n',
      'Content-Length: 5\nX: y\r\n\r\nhello',
      'X: a\rContent-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n',
      'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx',
    ]
    for (const framing of framings)
      for (const target of ['/acme/files/first', '/acme/jars/org/demo/first/1.0/first-1.0.jar', '/acme/js/first', '/nowhere/x']) {
        const said = await converse(house.url, `PUT ${target} HTTP/1.1\r\n${olga}${framing}${smuggled}`)
        const statuses = answersIn(said).filter((status) => status !== 100)
        expect(statuses, `${JSON.stringify(framing)} to ${target}`).to.have.length.at.most(1)
        for (const status of statuses) expect(status, JSON.stringify(framing)).to.be.within(400, 499)
      }
  })

  it('H2 chunk extensions are no way to send without end', async () => {
    for (const target of ['/acme/files/extended', '/acme/jars/org/demo/x/1.0/x-1.0.jar', '/acme/js/extended', '/acme/py/']) {
      const head = `POST ${target} HTTP/1.1\r\n${olga}Transfer-Encoding: chunked\r\n\r\n`.replace(
        'POST',
        target === '/acme/py/' ? 'POST' : 'PUT',
      )
      const said = await converse(house.url, `${head}1;${'x'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`)
      for (const status of answersIn(said)) expect(status, target).to.be.oneOf([400, 413, 415])
    }
  })

  it('H10 answers that stand behind others hold nothing open, and are let go with their connection', async () => {
    const files = await openWholeHouse({ store: 'files' })
    try {
      const { port } = new URL(files.url)
      const content = Buffer.alloc(8 * 1024 * 1024, 'x')
      expect((await files.call('PUT', '/acme/files/large.bin', { body: content })).status).to.equal(201)
      const asked = `GET /acme/files/large.bin HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${files.token('olga')}\r\n\r\n`
      const before = openFiles()
      const greedy = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const socket = connect(Number(port), '127.0.0.1')
          socket.on('error', () => {})
          socket.write(asked.repeat(100))
          await once(socket, 'data')
          socket.pause()
          return socket
        }),
      )
      expect((await files.call('GET', '/acme/files/kept.txt')).status).to.equal(200)
      // Both ends of the connections are in this process.
      expect(openFiles() - before).to.be.at.most(5 * 3 + 5)
      for (const socket of greedy) {
        socket.destroy()
        await once(socket, 'close')
      }
      for (let tries = 0; openFiles() > before && tries < 100; tries++)
        expect((await files.call('GET', '/acme/files/kept.txt')).status).to.equal(200)
      expect(openFiles()).to.be.at.most(before)
    } finally {
      await files.close()
    }
  })

  it('H10 answers on one connection come whole and in order, whatever their size', async () => {
    const client = await RawClient.open(Number(new URL(house.url).port))
    const targets = [...packages('acme'), '/nowhere/x', '/-/health', ...packages('acme')]
    const alone = await Promise.all(targets.map((target) => house.call('GET', target)))
    client.write(targets.map((target) => `GET ${target} HTTP/1.1\r\n${olga}\r\n`).join(''))
    for (const [index, target] of targets.entries()) {
      const { status, body } = await client.answer()
      expect([target, status]).to.deep.equal([target, alone[index]?.status])
      if (!/\/(?:tool|nowhere\/x)\/?$/.test(target)) expect(body, target).to.equal(alone[index]?.body.toString('latin1'))
    }
    client.close()
  })

  it('H5 a host name that is none is refused, and forwarding headers make none, on every mount', async () => {
    for (const base of everywhere) {
      const ask = async (...lines: readonly string[]) => {
        const client = await RawClient.open(Number(new URL(house.url).port))
        client.write(`GET ${base}/x HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
        const { status } = await client.answer()
        client.close()
        return status
      }
      for (const host of ['a@b', 'a/b', 'a b', 'a:b', 'a:0:0', 'a,b', '', '[::1', 'a\\b', '<x>', 'a?b', 'a#b', 'a:99999'])
        expect(await ask(`Host: ${host}`), `${base} at ${host}`).to.equal(400)
      expect(await ask('Host: localhost', 'Host: evil.example')).to.equal(400)
      expect(await ask('Host: localhost', 'host: localhost')).to.equal(400)
      expect(await ask('X-Forwarded-Host: localhost')).to.equal(400)
    }
  })

  it('H5 no answer to one host name reaches another', async () => {
    const claims = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-prefix': '/evil',
      'x-forwarded-server': 'evil.example',
      'x-host': 'evil.example',
    }
    for (const accept of [
      'application/json',
      'application/vnd.npm.install-v1+json',
      'application/vnd.pypi.simple.v1+json',
      'text/html',
    ])
      for (const target of [...packages('acme'), '/acme/files/', '/acme/py/simple/', '/acme/js/-/v1/search?text=tool']) {
        const ask = (host: string) => house.call('GET', target, { headers: { host, accept, ...claims } })
        const evil = await ask('evil.example')
        const good = await ask('good.example')
        expect(
          [good.status, good.text().includes('evil.example'), JSON.stringify(good.headers).includes('evil')],
          target,
        ).to.deep.equal([good.status, false, false])
        expect(evil.status, target).to.equal(good.status)
        const again = await house.call('GET', target, {
          headers: { host: 'good.example', accept, 'if-none-match': evil.headers['etag'] ?? '""' },
        })
        expect(again.text().includes('evil.example'), target).to.equal(false)
      }
    const packument = (await house.call('GET', '/acme/js/tool', { headers: { host: 'good.example:81', ...claims } })).json() as {
      versions: Record<string, { dist: { tarball: string } }>
    }
    expect(packument.versions['1.0.0']?.dist.tarball).to.equal('http://good.example:81/acme/js/tool/-/tool-1.0.0.tgz')
  })

  it('H6 three thousand header lines and 17 KB of headers are 431 on every mount', async () => {
    for (const base of everywhere)
      for (const more of ['a:\r\n'.repeat(3_000), `x: ${'x'.repeat(17 * 1024)}\r\n`, `x: ${'x'.repeat(50)}\r\n`.repeat(120)]) {
        const said = await converse(house.url, `PUT ${base}/x HTTP/1.1\r\n${olga}${more}Content-Length: 1\r\n\r\nx`)
        expect(answersIn(said), base).to.deep.equal([431])
      }
  })

  it('H7 methods that no format has are refused by each, and a GET has no body', async () => {
    for (const base of [...packages('acme'), ...controlAreas]) {
      for (const method of ['TRACE', 'PROPFIND', 'MKCOL', 'MOVE', 'COPY', 'PATCH', 'LOCK', 'PURGE', 'SEARCH']) {
        const said = await converse(
          house.url,
          `${method} ${base} HTTP/1.1\r\n${olga}Destination: /acme/files/moved\r\nConnection: close\r\n\r\n`,
        )
        expect(answersIn(said)[0], `${method} ${base}`).to.be.oneOf([400, 401, 404, 405])
        expect(said.toLowerCase(), 'TRACE sends nothing back').to.not.contain(house.token('olga').toLowerCase())
      }
      const said = await converse(house.url, `GET ${base} HTTP/1.1\r\n${olga}Content-Length: 5\r\n\r\nhello`)
      expect(answersIn(said), base).to.deep.equal([400])
      const upgraded = await converse(
        house.url,
        `GET ${base} HTTP/1.1\r\n${olga}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      )
      expect(answersIn(upgraded)[0], base).to.not.equal(101)
    }
    expect(answersIn(await converse(house.url, `CONNECT localhost:80 HTTP/1.1\r\n${olga}\r\n`))).to.deep.equal([405])
    expect(answersIn(await converse(house.url, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))).to.deep.equal([400])
    expect(answersIn(await converse(house.url, Buffer.from('16030100c8010000c40303', 'hex')))).to.deep.equal([400])
  })

  it('H8 page sizes, offsets and cursors beyond reason are refused, or cut to what a page has', async () => {
    const api = '/acme/-/api/v1'
    const cursors = ['%00', 'AAAA', '..', '%F0%9F%92%A9', 'x'.repeat(3_500), 'WyJhIl0', '-1', encodeURIComponent('{"$gt":""}')]
    const operator = { as: 'nobody' as const, headers: { authorization: `Bearer ${house.operatorToken()}` } }
    for (const path of ['members', 'groups', 'repositories', 'grants', 'tokens'])
      for (const query of [
        'limit=1e9',
        'limit=-1',
        'limit=NaN',
        'limit=Infinity',
        'offset=-1',
        'limit[]=1',
        ...cursors.map((cursor) => `cursor=${cursor}`),
      ])
        expect((await house.call('GET', `${api}/${path}?${query}`, operator)).status, `${path}?${query}`).to.equal(400)
    for (const query of ['size=1e9', 'size=-1', 'from=-1', 'from=1e99', 'size=NaN', `text=${'x+'.repeat(600)}`]) {
      const answer = await house.call('GET', `/acme/js/-/v1/search?${query}`)
      expect(answer.status, query).to.be.oneOf([200, 400])
      if (answer.status === 200) expect((answer.json() as { objects: unknown[] }).objects.length, query).to.be.at.most(250)
    }
    for (const query of ['limit=1e9', 'limit=-1', 'after=%00', 'cursor=%ff'])
      expect((await house.call('GET', `/acme/files/?format=json&${query}`)).status, query).to.be.oneOf([200, 400])
  })
})

describe('attacks by a packument that names another host (security guide 4, H)', () => {
  it('H5 the host that a publisher claimed is in no answer', async () => {
    const house = await openWholeHouse()
    try {
      const sent = JSON.stringify(await publishBody({ name: 'claims', version: '1.0.0' }))
      expect(sent).to.contain('evil.example')
      expect(
        (await house.call('PUT', '/acme/js/claims', { headers: { 'content-type': 'application/json' }, body: sent })).status,
      ).to.equal(201)
      for (const target of ['/acme/js/claims', '/acme/js/claims/1.0.0', '/acme/js/-/v1/search?text=claims'])
        expect((await house.call('GET', target)).text(), target).to.not.contain('evil.example')
    } finally {
      await house.close()
    }
  })
})
