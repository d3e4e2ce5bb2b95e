import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { type BodyPace, RequestBody } from '../../../host/server/request-body.js'
import { RawClient } from '../support/raw-http.js'

const patient: BodyPace = { idle: 60_000, grace: 60_000, rate: 1, total: 60_000 }

describe('The watch over a body', () => {
  let server: Server
  let pace = patient
  before(async () => {
    server = createServer((req, res) => {
      const body = new RequestBody(req, res, pace)
      body.once('error', (error) => res.writeHead(400, { connection: 'close' }).end(error.message))
      body.once('end', () => res.end('whole'))
      body.resume()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  async function upload(drip: boolean) {
    const client = await RawClient.open((server.address() as AddressInfo).port)
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhello')
    const dripping = drip ? setInterval(() => client.write('x'), 10) : undefined
    const status = await client.answer().finally(() => clearInterval(dripping))
    client.close()
    return status.status
  }

  it('ends one that stands still', async () => {
    pace = { ...patient, idle: 60 }
    expect(await upload(false)).to.equal(400)
  })
  it('ends one that drips', async () => {
    pace = { ...patient, idle: 200, grace: 60, rate: 16 * 1024 }
    expect(await upload(true)).to.equal(400)
  })
  it('ends one that takes too long altogether', async () => {
    pace = { ...patient, idle: 200, total: 100 }
    expect(await upload(true)).to.equal(400)
  })
})
