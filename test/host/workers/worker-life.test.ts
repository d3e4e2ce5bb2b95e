import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { childrenOf, holderOf, PinnedClient, until } from '../../support/worker-processes.js'
import { RawClient } from '../support/raw-http.js'

const two = { CLOUDREPO_WORKERS: '2', CLOUDREPO_PLUGINS: 'raw,api' }

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the life of workers', function () {
  this.timeout(240_000)
  let server: Server
  let authorization: string
  const begun: Server[] = []
  const sockets: Socket[] = []
  const start = async (settings: NodeJS.ProcessEnv = two, folder?: string) => {
    const started = await Server.start(settings, folder)
    begun.push(started)
    return started
  }
  beforeEach(async () => {
    server = await start()
    authorization = `Bearer ${(await server.target('raw')).token}`
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const one of begun.splice(0)) {
      await one.halt()
      await rm(one.folder, { recursive: true, force: true })
    }
  })

  /** On a connection of its own: one that was kept may have ended with its worker. */
  const get = (at: Server, path: string) => fetch(at.url + path, { headers: { authorization, connection: 'close' } })
  const put = (at: Server, path: string, body: Uint8Array | string) =>
    fetch(at.url + path, { method: 'PUT', headers: { authorization, connection: 'close' }, body })
  const events = (at: Server) =>
    at.log
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { event: string; worker?: number; signal?: string; status?: number })
  const notPartial = async (at: Server) => {
    const entries = await readdir(join(at.data, 'blobs'), { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.part')).length
  }

  /** An upload of which half has come: the connection, and the process that has it. */
  async function halfUpload(at: Server, path: string, content: Uint8Array) {
    const client = await RawClient.open(Number(new URL(at.url).port))
    sockets.push(client.socket)
    client.write(
      [
        `PUT ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        `Authorization: ${authorization}`,
        `Content-Length: ${content.length}`,
        '',
        '',
      ].join('\r\n'),
    )
    client.write(content.subarray(0, content.length / 2))
    const holder = await until(
      () => holderOf(childrenOf(at.pid), client.socket),
      (pid) => pid !== undefined,
    )
    const parts = async () => {
      const names = await readdir(join(at.data, 'blobs'), { recursive: true })
      return names.filter((name) => name.endsWith('.part')).length
    }
    expect(await until(parts, (count) => count > 0)).to.equal(1)
    return { client, holder: holder as number, rest: content.subarray(content.length / 2) }
  }

  it('a worker killed in mid-upload breaks that connection and nothing else, and is followed by another', async () => {
    const content = randomBytes(1024 * 1024)
    await put(server, '/main/raw/before.txt', 'before')
    const blobs = await notPartial(server)
    let kills = 0
    for (; kills < 3; kills++) {
      const before = childrenOf(server.pid)
      const upload = await halfUpload(server, '/main/raw/half.bin', content)
      expect(before).to.include(upload.holder)
      process.kill(upload.holder, 'SIGKILL')
      expect(await upload.client.rest(), 'no answer').to.equal('')
      await until(
        () => childrenOf(server.pid),
        (pids) => !pids.includes(upload.holder),
      )
      expect((await get(server, '/main/raw/half.bin')).status).to.equal(404)
      expect(await (await get(server, '/main/raw/before.txt')).text()).to.equal('before')
      expect(await notPartial(server)).to.equal(blobs)
      const after = await until(
        () => events(server).filter(({ event }) => event === 'worker.ready').length,
        (ready) => ready === 2 + kills + 1,
      )
      expect(after).to.equal(2 + kills + 1)
      expect(childrenOf(server.pid)).to.have.length(2).and.not.include(upload.holder)
      for (const name of await readdir(join(server.data, 'blobs'), { recursive: true }))
        if (name.endsWith('.part')) await rm(join(server.data, 'blobs', name))
    }
    expect(events(server).filter(({ event, signal }) => event === 'worker.ended' && signal === 'SIGKILL')).to.have.length(kills)
    expect((await put(server, '/main/raw/half.bin', content)).status).to.equal(201)
    expect(Buffer.from(await (await get(server, '/main/raw/half.bin')).arrayBuffer()).equals(content)).to.equal(true)
  })

  it('both may die at once: the address stays, and both come again', async () => {
    const before = childrenOf(server.pid)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    const after = await until(
      () => events(server).filter(({ event }) => event === 'worker.ready').length,
      (ready) => ready === 4,
    )
    expect(after).to.equal(4)
    expect((await get(server, '/main/raw/x')).status).to.equal(404)
    expect(childrenOf(server.pid))
      .to.have.length(2)
      .and.not.include.members([...before])
  })

  it('no connection is left hanging by a worker that is killed while it is being handed some', async () => {
    const port = Number(new URL(server.url).port)
    let answered = 0
    let broken = 0
    const ask = () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1')
        sockets.push(socket)
        const late = setTimeout(() => reject(new Error('a connection hung')), 60_000)
        socket.on('error', () => {})
        socket.once('data', () => {
          answered++
          socket.destroy()
        })
        socket.on('close', () => {
          clearTimeout(late)
          if (socket.bytesRead === 0) broken++
          resolve()
        })
        socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
      })
    for (let round = 0; round < 3; round++) {
      const asked = Array.from({ length: 300 }, ask)
      const [victim] = childrenOf(server.pid)
      process.kill(victim as number, 'SIGKILL')
      await Promise.all(asked)
      await until(
        () => events(server).filter(({ event }) => event === 'worker.ready').length,
        (ready) => ready === 3 + round,
      )
    }
    process.stdout.write(`      ${answered} answered, ${broken} broken off by 3 kills\n`)
    expect(answered + broken).to.equal(900)
    // Of those that the victim was given none need be answered; the other process answers what it was given.
    expect(answered).to.be.greaterThan(225)
  })

  it('stops with a sentence and status 1 where workers die as soon as they have begun', async () => {
    const plugin = join(server.folder, 'dying.mjs')
    const sign = join(server.folder, 'die')
    const start = `async () => { if (existsSync(${JSON.stringify(sign)})) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100) }`
    const module = `export default { name: 'dying', version: '1', contract: 1, mounts: [], start: ${start} }`
    await writeFile(plugin, `import { existsSync } from 'node:fs'\n${module}`)
    await server.halt()
    const dying = await Server.start({ ...two, CLOUDREPO_PLUGINS: `raw,api,${plugin}` }, server.folder)
    begun.push(dying)
    await writeFile(sign, '')
    const exited = once(dying.process, 'exit')
    process.kill(childrenOf(dying.pid)[0] as number, 'SIGKILL')
    expect(await exited).to.deep.equal([1, null])
    expect(dying.log).to.contain('The house stops: its workers end as soon as they have begun')
    expect(events(dying).filter(({ event }) => event === 'worker.ended')).to.have.length(5)
    expect((await readdir(dying.data)).filter((name) => name.startsWith('house.lock'))).to.deep.equal([])
  })

  it('SIGTERM lets a running upload finish on its worker, and leaves nobody', async () => {
    const content = randomBytes(256 * 1024)
    const upload = await halfUpload(server, '/main/raw/last.bin', content)
    const pids = childrenOf(server.pid)
    const halted = server.halt()
    // The other worker has nothing to wait for.
    await until(
      () => pids.filter(alive).length,
      (count) => count === 1,
    )
    expect(pids.filter(alive)).to.deep.equal([upload.holder])
    upload.client.write(upload.rest)
    const answer = await upload.client.answer('PUT')
    expect([answer.status, answer.headers['connection']]).to.deep.equal([201, 'close'])
    expect(await halted).to.equal(0)
    expect(pids.filter(alive)).to.deep.equal([])
    expect((await readdir(server.data)).filter((name) => name.startsWith('house.lock'))).to.deep.equal([])
    const again = await start(two, server.folder)
    expect((await get(again, '/main/raw/last.bin')).status).to.equal(200)
  })

  it('one that is told to end by itself is followed by another, and is no accident', async () => {
    const [first, second] = childrenOf(server.pid) as [number, number]
    process.kill(first, 'SIGTERM')
    const pids = await until(
      () => childrenOf(server.pid),
      (found) => found.length === 2 && !found.includes(first),
    )
    expect(pids).to.include(second)
    await until(
      () => events(server).filter(({ event }) => event === 'worker.ready').length,
      (ready) => ready === 3,
    )
    expect(events(server).filter(({ event }) => event === 'worker.ended')).to.have.length(0)
    expect((await get(server, '/main/raw/x')).status).to.equal(404)
  })

  it('a primary that is killed takes its workers with it: running uploads finish first, and the next house waits for them', async () => {
    const content = randomBytes(256 * 1024)
    const pids = childrenOf(server.pid)
    const [client] = await PinnedClient.ofEach(server.url, pids.slice(0, 1))
    const idle = once(client?.socket as Socket, 'close')
    const upload = await halfUpload(server, '/main/raw/orphan.bin', content)
    await server.killPrimary()
    expect((await readdir(server.data)).filter((name) => name.startsWith('house.lock')).length).to.be.greaterThan(0)
    // A connection that waits for its next request is closed; nobody new comes in.
    await idle
    let next: Server | undefined
    const starting = start(two, server.folder).then((started) => {
      next = started
      return started
    })
    const overtaken = once(connect(join(server.data, 'house.lock')), 'connect').catch(() => undefined)
    await overtaken
    expect(next, 'it serves while another house writes').to.equal(undefined)
    upload.client.write(upload.rest)
    expect((await upload.client.answer('PUT')).status).to.equal(201)
    const again = await starting
    expect(Buffer.from(await (await get(again, '/main/raw/orphan.bin')).arrayBuffer()).equals(content)).to.equal(true)
    expect(
      await until(
        () => pids.filter(alive),
        (left) => left.length === 0,
      ),
    ).to.deep.equal([])
  })

  it('two houses on one folder: the second refuses, whatever the number of its workers', async () => {
    for (const workers of ['1', '2']) {
      const refused = await Server.start({ ...two, CLOUDREPO_WORKERS: workers }, server.folder).then(
        () => 'started',
        (error: Error) => error.message,
      )
      expect(refused)
        .to.match(/ended with 1 before it was ready/)
        .and.to.contain('Another house serves the data folder')
    }
    expect((await get(server, '/main/raw/x')).status).to.equal(404)
  })

  it('a port that is taken is told once, by the primary, with status 1', async () => {
    const refused = await Server.start({ ...two, CLOUDREPO_LISTEN: new URL(server.url).host }).then(
      () => 'started',
      (error: Error) => error.message,
    )
    expect(refused)
      .to.match(/ended with 1 before it was ready/)
      .and.to.contain('EADDRINUSE')
  })
})
