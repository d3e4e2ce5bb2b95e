import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { call } from '../support/client.js'
import type { House } from '../support/house.js'
import { answersIn, basic, expectUnharmed, openWholeHouse, type Stored, stored, uploads } from './whole-house.js'

describe('attacks by slowness (security guide 4, H)', function () {
  this.timeout(120_000)
  let house: House
  let written: Stored
  before(async () => {
    const body = { idle: 1_000, grace: 1_500, rate: 16 * 1024, total: 60_000 }
    house = await openWholeHouse({ store: 'files', pace: { listener: { headers: 1_000, check: 50 }, body, stalledAfter: 1_000 } })
    written = await stored(house)
  })
  afterEach('nothing was written, and everything is answered as ever', () => expectUnharmed(house, written))
  after(() => house.close())

  it('H3 two hundred connections that drip their headers are closed in time, and others are served meanwhile', async () => {
    const { port } = new URL(house.url)
    const dripping = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.write('GET /acme/files/kept.txt HTTP/1.1\r\nHost: localhost\r\n')
      const drip = setInterval(() => socket.write('x'), 100)
      return once(socket, 'close').finally(() => clearInterval(drip))
    })
    for (let round = 0; round < 20; round++)
      expect((await call(house.url, { method: 'GET', target: '/-/health' })).status).to.equal(200)
    await Promise.all(dripping)
  })

  it('H4 uploads that drip or stand still are cut in every format, and nothing of them stays', async () => {
    const { port } = new URL(house.url)
    const slow: Promise<unknown>[] = []
    const statuses: number[] = []
    for (const { method, target, headers = {} } of await uploads('acme', '3.0'))
      for (const pause of [50, 10_000])
        for (let beside = 0; beside < 5; beside++) {
          const socket = connect(Number(port), '127.0.0.1')
          socket.on('error', () => {})
          socket.on('data', (chunk: Buffer) => void statuses.push(...answersIn(chunk.toString('latin1'))))
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
          const authorization = `Authorization: ${basic('x', house.token('dora'))}\r\n`
          socket.write(
            `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${authorization}${lines.join('')}Content-Length: 1000000\r\n\r\n{`,
          )
          const drip = setInterval(() => socket.write(' '), pause)
          slow.push(once(socket, 'close').finally(() => clearInterval(drip)))
        }
    await Promise.all(slow)
    expect([...new Set(statuses)]).to.deep.equal([400])
  })

  it('H4 downloads that nobody reads are cut', async () => {
    const { port } = new URL(house.url)
    const content = Buffer.alloc(16 * 1024 * 1024, 'x')
    const authorization = `Authorization: ${basic('x', house.token('olga'))}\r\n`
    expect((await house.call('PUT', '/acme/files/large.bin', { body: content })).status).to.equal(201)
    const idle = Array.from({ length: 20 }, async () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(`GET /acme/files/large.bin HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`)
      let received = 0
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
        socket.pause()
      })
      await once(socket, 'data')
      const peer = socket.localPort ?? 0
      while (house.peers.has(peer)) await new Promise((resolve) => setTimeout(resolve, 20))
      // What the kernel still held comes when it is read again, and then the end.
      socket.on('data', () => socket.resume())
      socket.resume()
      await once(socket, 'close')
      return received
    })
    for (const received of await Promise.all(idle)) expect(received).to.be.below(content.length)
    expect((await house.call('GET', '/acme/files/large.bin')).body.equals(content)).to.equal(true)
    expect((await house.call('DELETE', '/acme/files/large.bin', { as: 'olga' })).status).to.equal(204)
    written = await stored(house)
  })
})

describe('attacks by guessing (security guide 4, H)', () => {
  it('H11 a flood of logins from everywhere is shed, and tokens are served beside it', async function () {
    this.timeout(60_000)
    const house = await openWholeHouse({ behindProxy: true })
    try {
      const written = await stored(house)
      const flood = Array.from({ length: 300 }, (_, index) =>
        house.call('GET', '/acme/files/kept.txt', {
          as: 'nobody',
          headers: { authorization: basic(`somebody-${index}`, 'wrong'), 'x-forwarded-for': `10.9.${index >> 8}.${index & 255}` },
        }),
      )
      for (let round = 0; round < 50; round++)
        expect(
          (await house.call('GET', '/acme/files/kept.txt', { headers: { 'x-forwarded-for': '10.10.0.1' } })).status,
        ).to.equal(200)
      const answers = await Promise.all(flood)
      const shed = answers.filter(({ status }) => status === 503)
      for (const { status } of answers) expect(status).to.be.oneOf([401, 503])
      for (const { headers } of shed) expect(headers['retry-after']).to.match(/^[1-9]\d*$/)
      expect(shed.length, 'most of it costs no derivation').to.be.above(100)
      await expectUnharmed(house, written)
    } finally {
      await house.close()
    }
  })
})
