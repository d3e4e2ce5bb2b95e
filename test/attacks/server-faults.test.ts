import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { Server } from '../clients/server.js'

/** Everything below the data folder that lies in `blobs`, parts included. */
async function blobFiles(server: Server): Promise<readonly string[]> {
  const entries = await readdir(`${server.data}/blobs`, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}
const descriptors = async (server: Server) => (await readdir(`/proc/${server.pid}/fd`)).length

/** Until it holds, or a minute has gone by: what a server does behind a broken connection has no answer to wait for. */
async function eventually<Value>(look: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  const end = performance.now() + 60_000
  for (;;) {
    const value = await look()
    if (holds(value) || performance.now() > end) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const manners = ['fin', 'reset', 'chunks'] as const

/** An upload that breaks off: five bytes of those promised and FIN, or a reset, or chunks without a last one. Resolves when the connection is gone. */
function breakOff(url: string, manner: (typeof manners)[number], lines: readonly string[], beginning: string): Promise<void> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
    const framing = manner === 'chunks' ? 'Transfer-Encoding: chunked' : 'Content-Length: 100000'
    const body = manner === 'chunks' ? `${beginning.length.toString(16)}\r\n${beginning}\r\n` : beginning
    socket.write([...lines, `Host: ${host}`, framing, '', body].join('\r\n'), () => {
      if (manner === 'reset') setTimeout(() => socket.resetAndDestroy(), 30)
      else socket.end()
    })
  })
}

describe('a server under broken uploads', function () {
  this.timeout(120_000)
  let server: Server
  let token = ''
  before(async () => {
    server = await Server.start()
    token = (await server.target('raw')).token
  })
  after(() => server.stop())

  const call = (method: string, path: string, body?: string) =>
    fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    })

  it('U1: 240 that break off in every format and manner, all at once, leave no byte, no part and no descriptor', async () => {
    expect((await call('PUT', '/main/raw/before', 'before')).status).to.equal(201)
    await call('GET', '/main/raw/before').then((answer) => answer.text())
    const before = { files: await blobFiles(server), descriptors: await descriptors(server) }
    const auth = `Authorization: Bearer ${token}`
    const beginnings: readonly ((at: number) => readonly [readonly string[], string])[] = [
      (at) => [[`PUT /main/maven/org/broken/lib${at}/1.0/lib${at}-1.0.jar HTTP/1.1`, auth], 'jar..'],
      (at) => [
        [`PUT /main/npm/broken${at} HTTP/1.1`, auth, 'Content-Type: application/json'],
        `{"name":"broken${at}","_attachments":{"broken${at}-1.0.0.tgz":{"data":"${'QUJD'.repeat(2_000)}`,
      ],
      () => [
        ['POST /main/pypi/ HTTP/1.1', auth, 'Content-Type: multipart/form-data; boundary=xyzxyzxyz'],
        `--xyzxyzxyz\r\nContent-Disposition: form-data; name="content"; filename="b-1.0-py3-none-any.whl"\r\n\r\n${'PK'.repeat(4_000)}`,
      ],
      (at) => [[`PUT /main/raw/broken/${at} HTTP/1.1`, auth], 'bytes'],
    ]
    await Promise.all(
      Array.from({ length: 240 }, (_, at) => {
        const [lines, beginning] = (beginnings[at % 4] as (typeof beginnings)[number])(at)
        return breakOff(server.url, manners[Math.floor(at / 4) % 3] as (typeof manners)[number], lines, beginning)
      }),
    )
    const files = await eventually(
      () => blobFiles(server),
      (found) => found.length === before.files.length,
    )
    expect(files).to.deep.equal(before.files)
    // Some connections of ours to look with may still be open.
    const open = await eventually(
      () => descriptors(server),
      (count) => count <= before.descriptors + 2,
    )
    expect(open).to.be.at.most(before.descriptors + 2)
    for (const path of ['raw/broken/3', 'npm/broken1', 'maven/org/broken/lib0/1.0/lib0-1.0.jar', 'pypi/simple/b/'])
      expect((await call('GET', `/main/${path}`)).status, path).to.equal(404)
    expect((await call('PUT', '/main/raw/after', 'after')).status).to.equal(201)
    expect(await (await call('GET', '/main/raw/after')).text()).to.equal('after')
  })

  it('S11: a second house on the same data folder refuses to start, and the first serves on', async () => {
    let refusal = ''
    await Server.start({}, server.folder).then(
      async (second) => {
        await second.kill()
      },
      (thrown: Error) => {
        refusal = thrown.message
      },
    )
    expect(refusal).to.match(/^the server ended with 1 before it was ready/)
    expect(refusal).to.not.include('    at ')
    expect((await call('PUT', '/main/raw/alone', 'alone')).status).to.equal(201)
    expect(await (await call('GET', '/main/raw/alone')).text()).to.equal('alone')
  })
})

interface Transfer {
  readonly begun: Promise<void>
  readonly done: Promise<{ readonly status: number; readonly body: Buffer } | undefined>
  finish(): void
}

/** A request that stops half-way until it is told to go on: in its body, or in reading the answer. */
function transfer(url: string, token: string, method: 'PUT' | 'GET', path: string, body?: Buffer): Transfer {
  let go: () => void = () => {}
  const told = new Promise<void>((resolve) => {
    go = resolve
  })
  let begin: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const done = new Promise<{ readonly status: number; readonly body: Buffer } | undefined>((resolve) => {
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-length': body.length }) }
    const sent = request(url + path, { method, headers, agent: false }, async (response) => {
      begin()
      if (method === 'GET') await told
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
      response.on('error', () => resolve(undefined))
    })
    sent.on('error', () => resolve(undefined))
    if (body === undefined) sent.end()
    else
      sent.write(body.subarray(0, body.length / 2), () => {
        begin()
        void told.then(() => sent.end(body.subarray(body.length / 2)))
      })
  })
  return { begun, done, finish: go }
}

describe('a server that is told to stop while it works', function () {
  this.timeout(180_000)

  it('S15: five times SIGTERM with ten uploads and ten downloads running: what was begun is whole, what was acknowledged stays, the end comes in time', async () => {
    let server = await Server.start()
    const { token } = await server.target('raw')
    const acknowledged = new Map<string, Buffer>()
    const large = randomBytes(4 * 1024 * 1024)
    const seeded = await fetch(`${server.url}/main/raw/large`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: new Uint8Array(large),
    })
    expect(seeded.status).to.equal(201)
    for (let round = 0; round < 5; round++) {
      const uploads = Array.from({ length: 10 }, (_, at) => {
        const body = randomBytes(200_000)
        return { path: `/main/raw/${round}/${at}`, body, ...transfer(server.url, token, 'PUT', `/main/raw/${round}/${at}`, body) }
      })
      const downloads = Array.from({ length: 10 }, () => transfer(server.url, token, 'GET', '/main/raw/large'))
      await Promise.all([...uploads, ...downloads].map(({ begun }) => begun))
      const began = performance.now()
      const stopped = server.halt()
      for (const { finish } of [...uploads, ...downloads]) finish()
      for (const { path, body, done } of uploads) {
        const answer = await done
        expect(answer?.status, path).to.equal(201)
        acknowledged.set(path, body)
      }
      for (const { done } of downloads) {
        const answer = await done
        expect([answer?.status, answer?.body.equals(large)]).to.deep.equal([200, true])
      }
      expect(await stopped).to.equal(0)
      expect(performance.now() - began).to.be.lessThan(60_000)
      server = await Server.start({}, server.folder)
    }
    try {
      for (const [path, body] of acknowledged) {
        const answer = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } })
        expect(Buffer.from(await answer.arrayBuffer()).equals(body), path).to.equal(true)
      }
      expect(acknowledged.size).to.equal(50)
      expect((await blobFiles(server)).filter((name) => name.endsWith('.part'))).to.deep.equal([])
    } finally {
      await server.stop()
    }
  })
})
