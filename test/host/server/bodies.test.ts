import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { expect } from 'chai'
import { empty, json, RegistryError, text } from '#core'
import { type Door, type Handler, openDoor } from '../support/door.js'

const host = 'Host: localhost'

async function count(body: Readable): Promise<number> {
  let read = 0
  for await (const chunk of body) read += (chunk as Buffer).length
  return read
}

describe('Bodies of requests', () => {
  let door: Door
  let handle: Handler
  before(async () => {
    door = await openDoor((request) => handle(request))
  })
  after(() => door.close())

  it('sends 100 Continue when the body is read, not before', async () => {
    let read: (() => void) | undefined
    const ready = new Promise<void>((resolve) => {
      read = resolve
    })
    handle = async (request) => {
      const body = request.body()
      await ready
      return json(201, await count(body))
    }
    const client = await door.raw()
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`)
    client.write('')
    read?.()
    expect((await client.answer()).status).to.equal(100)
    client.write('hello')
    const answer = await client.answer()
    expect([answer.status, answer.body, answer.headers['connection']]).to.deep.equal([201, '5', 'keep-alive'])
  })

  it('refuses without 100 Continue and closes', async () => {
    handle = () => text(401, 'no')
    const client = await door.raw()
    client.write(
      `PUT /f HTTP/1.1\r\n${host}\r\nAuthorization: Basic eA==\r\nContent-Length: 5000000000\r\nExpect: 100-continue\r\n\r\n`,
    )
    const answer = await client.answer()
    expect([answer.status, answer.headers['connection']]).to.deep.equal([401, 'close'])
    client.socket.end()
    expect(await client.rest()).to.equal('')
  })

  it('hands out one stream, whoever asks, and keeps the connection', async () => {
    handle = async (request) =>
      json(200, [request.contentLength ?? null, await count(request.body()), await count(request.body())])
    const client = await door.raw()
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\n\r\nhello`)
    expect((await client.answer()).body).to.equal('[5,5,0]')
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`)
    expect((await client.answer()).body).to.equal('[null,5,0]')
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\n\r\n`)
    expect((await client.answer()).body).to.equal('[0,0,0]')
  })

  const broken: [string, string, 'end' | 'resetAndDestroy'][] = [
    ['a body that ends early', 'Content-Length: 100000\r\n\r\nhello', 'end'],
    ['a body that is reset', 'Content-Length: 100000\r\n\r\nhello', 'resetAndDestroy'],
    ['a chunked body without its last chunk', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'end'],
  ]
  for (const [what, rest, how] of broken)
    it(`fails ${what} with invalid`, async () => {
      const failure = new Promise<unknown>((resolve) => {
        handle = async (request) => {
          const body = request.body()
          body.once('data', () => client.socket[how]())
          await count(body).catch(resolve)
          return empty(400)
        }
      })
      const client = await door.raw()
      client.write(`PUT /f HTTP/1.1\r\n${host}\r\n${rest}`)
      const error = await failure
      expect(error).to.be.instanceOf(RegistryError)
      expect((error as RegistryError).kind).to.equal('invalid')
      expect((error as RegistryError).message).to.equal('The upload broke off')
    })

  it('lets every upload go that was broken off', async () => {
    const readings: Promise<string>[] = []
    handle = async (request) => {
      const reading = count(request.body()).then(
        () => 'whole',
        (error: RegistryError) => error.kind,
      )
      readings.push(reading)
      await reading
      return empty(400)
    }
    const closed: Promise<unknown>[] = []
    const watch = (socket: Socket) => closed.push(new Promise((resolve) => socket.once('close', resolve)))
    door.server.on('connection', watch)
    for (let index = 0; index < 100; index++) {
      const client = await door.raw()
      client.write(`PUT /f HTTP/1.1\r\n${host}\r\nContent-Length: 100000\r\n\r\nhello`)
      if (index % 2 === 0) client.socket.end()
      else client.socket.resetAndDestroy()
    }
    while (closed.length < 100) await once(door.server, 'connection')
    door.server.off('connection', watch)
    await Promise.all(closed)
    expect(readings.length).to.be.at.least(50)
    expect(new Set(await Promise.all(readings))).to.deep.equal(new Set(['invalid']))
  })

  it('answers an upload that it will not take at once, and reads a little further', async () => {
    handle = () => text(403, 'refused')
    const client = await door.raw()
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nAuthorization: x\r\nContent-Length: 600000\r\n\r\n`)
    const answer = await client.answer()
    expect([answer.status, answer.headers['connection'], answer.body]).to.deep.equal([403, 'close', 'refused'])
    client.write(Buffer.alloc(600_000))
    expect(await client.rest()).to.equal('')
  })

  it('answers in the middle of a body and closes after a mebibyte of the rest', async () => {
    handle = async (request) => {
      const body = request.body()
      await once(body, 'data')
      body.destroy()
      return text(413, 'enough')
    }
    const client = await door.raw()
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nAuthorization: x\r\nContent-Length: 5000000000\r\n\r\n`)
    client.write(Buffer.alloc(1000))
    const answer = await client.answer()
    expect([answer.status, answer.headers['connection']]).to.deep.equal([413, 'close'])
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    while (!client.socket.destroyed && written < 64 * 1024 * 1024) {
      written += chunk.length
      if (!client.socket.write(chunk))
        await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')]).catch(() => undefined)
    }
    await client.rest()
    // What the two kernels hold between them comes on top.
    expect(written).to.be.within(1024 * 1024, 32 * 1024 * 1024)
  })

  it('reads on for Maven 4, which sends its first PUT whole and without credentials', async () => {
    handle = () => text(401, 'who?')
    const client = await door.raw()
    client.write(`PUT /f HTTP/1.1\r\n${host}\r\nContent-Length: ${48 * 1024 * 1024}\r\n\r\n`)
    const chunk = Buffer.alloc(1024 * 1024)
    for (let sent = 0; sent < 48; sent++) if (!client.socket.write(chunk)) await once(client.socket, 'drain')
    const answer = await client.answer()
    expect([answer.status, answer.headers['connection'], await client.rest()]).to.deep.equal([401, 'close', ''])
  })
})
