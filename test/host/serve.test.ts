import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'host', 'main.js')

describe('A house in a process of its own', () => {
  let place: string
  const running = new Set<ChildProcess>()
  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'serve-'))
  })
  after(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(place, { recursive: true })
  })

  /** Until it is ready, or has ended. */
  async function start(environment: NodeJS.ProcessEnv = {}) {
    const env = { PATH: process.env['PATH'], CLOUDREPO_LISTEN: '127.0.0.1:0', CLOUDREPO_PLUGINS: 'raw,api', ...environment }
    const child = spawn(process.execPath, [main, 'serve'], { cwd: place, env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    const lines: string[] = []
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
    const ended = once(child, 'close').then(([code, signal]) => {
      running.delete(child)
      return { code: code as number | null, signal: signal as string | null, log }
    })
    const ready = new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line)
        if (line.startsWith('ready ')) resolve(line.slice(6))
      })
    })
    const url = await Promise.race([ready, ended.then(() => '')])
    return { child, url, lines, ended }
  }
  const authorization = async () => {
    const password = (await readFile(join(place, 'data', 'admin-password'), 'utf8')).trim()
    return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
  }

  it('greets once, serves, keeps what it was given over a restart, and ends with 0 on SIGTERM', async () => {
    const first = await start()
    expect(first.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
    const password = (await readFile(join(place, 'data', 'admin-password'), 'utf8')).trim()
    expect(first.lines.join('\n'))
      .to.contain(`password: ${password}`)
      .and.to.contain(`${first.url}/main/raw/`)
      .and.to.contain('data.key')
    for (const name of ['admin-password', 'operator-token'])
      expect((await stat(join(place, 'data', name))).mode & 0o777).to.equal(0o600)
    expect((await stat(join(place, 'data.key'))).mode & 0o777).to.equal(0o400)
    const headers = { authorization: await authorization() }
    const put = await fetch(`${first.url}/main/raw/a.txt`, { method: 'PUT', headers, body: 'kept' })
    expect(put.status).to.equal(201)
    first.child.kill('SIGTERM')
    expect(await first.ended).to.include({ code: 0, signal: null })

    const second = await start()
    expect(second.lines).to.deep.equal([`ready ${second.url}`])
    expect(await (await fetch(`${second.url}/main/raw/a.txt`, { headers })).text()).to.equal('kept')
    second.child.kill('SIGTERM')
    const { code, log } = await second.ended
    expect(code).to.equal(0)
    for (const line of log.trim().split('\n')) expect(JSON.parse(line)).to.include.keys('time', 'level', 'event')
    expect(log).to.not.contain(password).and.to.not.contain('a.txt')
  })

  it('refuses a second house on its data, and is taken over when it was killed', async () => {
    const first = await start()
    const second = await start()
    expect(second.url).to.equal('')
    const { code, log } = await second.ended
    expect([code, log.includes('Another house serves the data folder')]).to.deep.equal([1, true])
    first.child.kill('SIGKILL')
    await first.ended
    const third = await start()
    expect(third.lines).to.deep.equal([`ready ${third.url}`])
    third.child.kill('SIGINT')
    expect((await third.ended).code).to.equal(0)
  })

  it('does not start without the key of its data, nor with another, nor with one inside', async () => {
    const key = join(place, 'data.key')
    const kept = join(place, 'kept.key')
    await rename(key, kept)
    const without = await start()
    expect(await without.ended)
      .to.have.property('log')
      .that.contains('is missing')
    await copyFile(kept, join(place, 'data', 'in.key'))
    const inside = await start({ CLOUDREPO_ROOT_KEY: 'data/in.key' })
    expect(await inside.ended)
      .to.have.property('log')
      .that.contains('inside the data folder')
    await rm(join(place, 'data', 'in.key'), { force: true })
    const other = join(place, 'other')
    const elsewhere = await start({ CLOUDREPO_DATA: other })
    elsewhere.child.kill('SIGTERM')
    await elsewhere.ended
    const foreign = await start({ CLOUDREPO_ROOT_KEY: `${other}.key` })
    const { code, log } = await foreign.ended
    expect([code, log.includes('The root key is not the one')]).to.deep.equal([1, true])
    await rename(kept, key)
    const right = await start()
    expect(right.url).to.not.equal('')
    right.child.kill('SIGTERM')
    await right.ended
  })
})
