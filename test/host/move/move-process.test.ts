import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { Moving } from '../support/moving.js'

describe('cloudrepo move, from one folder to another', function () {
  this.timeout(180_000)
  let server: Server
  let token: string
  let to: string
  let target: string
  const acknowledged = new Map<string, string>()
  before(async () => {
    server = await Server.start()
    token = (await server.target('raw')).token
    target = join(server.folder, 'elsewhere', 'data')
    to = join(server.folder, 'to.json')
    await writeFile(to, JSON.stringify({ data: target }))
  })
  after(() => server.stop())

  const put = async (url: string, path: string, body: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await call(url, { method: 'PUT', target: `/main/raw/${path}`, headers, body })).status
  }
  const publish = async (path: string, bytes = 20_000) => {
    const body = path.padEnd(bytes, `${path} `)
    const status = await put(server.url, path, body)
    if (status === 201) acknowledged.set(path, body)
    return status
  }
  const begin = () => new Moving(server.folder, { CLOUDREPO_DATA: server.data }, to)

  it('says which key is missing, and makes nothing', async () => {
    await publish('first.txt')
    const { status, stderr } = await begin().ended
    expect([status, stderr]).to.deep.equal([
      1,
      `The target's root key ${target}.key is not there. Keys of organizations move wrapped as they are: cp -p ${server.data}.key ${target}.key\n`,
    ])
    expect(await readdir(server.folder)).to.not.include.members(['elsewhere', 'data.move'])
  })

  it('killed again and again while people publish, ends with everything that was acknowledged', async () => {
    for (let at = 0; at < 300; at++) expect(await publish(`before/${at}.bin`, 100 + at * 997)).to.equal(201)
    await writeFile(to, JSON.stringify({ data: target, rootKey: `${server.data}.key` }))
    let stop = false
    const refusals: number[] = []
    const publishing = Promise.all(
      [1, 2].map(async (writer) => {
        for (let at = 0; !stop; at++) {
          const status = await publish(`w${writer}/${at}.bin`)
          if (status !== 201) refusals.push(status)
          // They were refused for good: the house has moved.
          if (status !== 201) await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }),
    )
    for (const after of [300, 700, 1_200, 2_000, 3_500]) {
      const { signal, stderr } = await begin().killedAfter(after)
      expect([signal, stderr]).to.deep.equal(['SIGKILL', ''])
    }
    const half = await Server.start({ CLOUDREPO_DATA: target, CLOUDREPO_ROOT_KEY: `${server.data}.key` }, server.folder).catch(
      (error: Error) => error.message,
    )
    expect(half).to.match(
      /move: A move from .+, begun .+, has not ended: not everything is here yet\. Run `cloudrepo move` again/,
    )
    const { status, stdout, stderr } = await begin().ended
    stop = true
    await publishing
    expect([status, stderr]).to.deep.equal([0, ''])
    expect(new Set(refusals)).to.deep.equal(new Set([503]))
    expect(acknowledged.size).to.be.greaterThan(310)
    const moved = JSON.parse(stdout) as Record<string, number>
    expect(moved['blobs']).to.be.within(acknowledged.size, acknowledged.size + refusals.length)
    expect(await readdir(server.folder)).to.not.include('data.move')
  })

  it('lets the new place be served from, where every acknowledged file reads as it was sent', async () => {
    await server.halt()
    expect(await readFile(join(target, 'operator-token'), 'utf8')).to.match(/^crt_o_/)
    const there = await Server.start({ CLOUDREPO_DATA: target, CLOUDREPO_ROOT_KEY: `${server.data}.key` }, server.folder)
    try {
      for (const [path, body] of acknowledged) {
        const headers = { authorization: `Bearer ${token}` }
        const answer = await call(there.url, { method: 'GET', target: `/main/raw/${path}`, headers })
        expect([path, answer.status]).to.deep.equal([path, 200])
        expect(answer.body.equals(Buffer.from(body)), path).to.equal(true)
      }
      expect(await put(there.url, 'later.txt', 'later')).to.equal(201)
    } finally {
      await there.halt()
    }
  })

  it('is refused to a place that has moved on, and from a place that is not there', async () => {
    const again = await begin().ended
    expect([again.status, again.stderr]).to.deep.equal([1, `Everything was moved to ${target} already; start the house there\n`])
    await rm(server.data, { recursive: true })
    const nothing = await begin().ended
    expect([nothing.status, nothing.stderr]).to.deep.equal([1, `Nothing is stored at ${server.data}\n`])
  })
})
