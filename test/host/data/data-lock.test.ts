import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { addressOfHouse, DataLock } from '../../../host/data/data-lock.js'

describe('The lock of a data folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** A lock whose holder was killed. */
  async function leaveStale(): Promise<void> {
    const script = `require('net').createServer().listen(${JSON.stringify(join(folder, 'house.lock'))}, () => console.log('up'))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await readdir(folder)).to.deep.equal(['house.lock'])
  }
  const outcomes = async (count: number) => {
    const taken = await Promise.allSettled(Array.from({ length: count }, () => DataLock.take(folder)))
    return taken.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  }

  it('is held by one and leaves nothing when released', async () => {
    const lock = await DataLock.take(folder)
    const second = await DataLock.take(folder).catch((error: Error) => error.message)
    expect(second).to.equal(`Another house serves the data folder ${folder}`)
    expect(await readdir(folder)).to.deep.equal(['house.lock'])
    await lock.release()
    expect(await readdir(folder)).to.deep.equal([])
    await (await DataLock.take(folder)).release()
  })

  it('tells whoever may enter the folder where its house listens', async () => {
    expect(await addressOfHouse(folder)).to.equal(undefined)
    const lock = await DataLock.take(folder)
    expect(await addressOfHouse(folder)).to.equal(undefined)
    lock.announce('http://127.0.0.1:4711')
    expect(await addressOfHouse(folder)).to.equal('http://127.0.0.1:4711')
    await lock.release()
    expect(await addressOfHouse(folder)).to.equal(undefined)
    await leaveStale()
    expect(await addressOfHouse(folder)).to.equal(undefined)
    expect(await addressOfHouse(join(folder, 'x'.repeat(200)))).to.equal(undefined)
  })

  it('goes to one of many that start together', async () => {
    const [lock, ...others] = await outcomes(20)
    expect(others).to.deep.equal([])
    await lock?.release()
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('is taken over from a house that was killed, by one of many', async () => {
    await leaveStale()
    const [lock, ...others] = await outcomes(20)
    expect([lock !== undefined, others.length]).to.deep.equal([true, 0])
    await lock?.release()
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('is taken over also where a take-over was killed', async () => {
    await leaveStale()
    const guard = join(folder, 'house.lock.taking')
    await writeFile(guard, '')
    const old = new Date(Date.now() - 60_000)
    await utimes(guard, old, old)
    await (await DataLock.take(folder)).release()
    expect(await readdir(folder)).to.deep.equal([])
  })
})
