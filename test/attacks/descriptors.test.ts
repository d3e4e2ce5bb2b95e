import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../clients/server.js'
import { call } from '../support/client.js'
import type { Answer } from '../support/house.js'
import { basic } from './whole-house.js'

describe('attacks by the number of connections (security guide 4, H)', function () {
  this.timeout(90_000)
  let server: Server
  let authorization: string
  const sockets: Socket[] = []
  before(async () => {
    server = await Server.start({}, undefined, undefined, 256)
    authorization = basic('admin', (await readFile(join(server.data, 'admin-password'), 'utf8')).trim())
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await server.stop()
  })
  const ask = (method: string, target: string, body?: Buffer | string): Promise<Answer> =>
    call(server.url, { method, target, headers: { authorization }, ...(body === undefined ? {} : { body }) })

  async function occupy(count: number, words = ''): Promise<void> {
    const { port } = new URL(server.url)
    const opened = Array.from({ length: count }, async () => {
      const socket = connect(Number(port), '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      if (words !== '') socket.write(words)
    })
    await Promise.all(opened)
  }
  async function release(): Promise<void> {
    for (const socket of sockets.splice(0)) {
      socket.destroy()
      if (!socket.closed) await once(socket, 'close')
    }
  }

  it('H9 a thousand connections beyond the limit of descriptors: it stays alive, and serves as soon as they are gone', async () => {
    expect((await ask('PUT', '/main/raw/kept.bin', Buffer.alloc(2 * 1024 * 1024, 'k'))).status).to.equal(201)
    await occupy(1_000)
    expect(() => process.kill(server.pid, 0)).to.not.throw()
    await release()
    const began = Date.now()
    for (let round = 0; round < 3; round++) {
      expect((await ask('GET', '/main/raw/kept.bin')).body.equals(Buffer.alloc(2 * 1024 * 1024, 'k'))).to.equal(true)
      expect((await ask('PUT', `/main/raw/after-${round}.txt`, 'x')).status).to.equal(201)
    }
    expect(Date.now() - began).to.be.below(60_000)
  })

  it('H9 while they last, others are answered: nothing crashes, nothing is half written', async () => {
    // Through connections that were there before, so that they are not what is refused.
    const held = await Promise.all([1, 2, 3, 4].map(async () => connect(Number(new URL(server.url).port), '127.0.0.1')))
    for (const socket of held) await once(socket, 'connect')
    await occupy(1_000)
    const statuses: number[] = []
    for (const [index, socket] of held.entries()) {
      const method = index % 2 === 1 ? 'GET /main/raw/kept.bin' : `PUT /main/raw/meanwhile-${index}.txt`
      const body = index % 2 === 1 ? '' : 'Content-Length: 1\r\n'
      socket.write(
        `${method} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nConnection: close\r\n${body}\r\n${body && 'x'}`,
      )
      let said = ''
      socket.on('data', (chunk: Buffer) => {
        if (said.length < 100) said += chunk.toString('latin1')
      })
      socket.on('error', () => {})
      await once(socket, 'close')
      statuses.push(Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1]))
    }
    for (const status of statuses) expect(status, String(statuses)).to.be.oneOf([200, 201, 503, 507])
    await release()
    for (const index of [0, 2]) {
      const { status } = await ask('GET', `/main/raw/meanwhile-${index}.txt`)
      expect([statuses[index], status], String(statuses)).to.be.deep.oneOf([
        [201, 200],
        [503, 404],
        [507, 404],
      ])
    }
    expect((await ask('PUT', '/main/raw/afterwards.txt', 'x')).status, 'the store is not taken for broken').to.equal(201)
  })
})
