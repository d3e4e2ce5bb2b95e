import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Server, testWorkers } from '../clients/server.js'
import { PinnedClient, until } from '../support/worker-processes.js'
import { check } from './crash-check.js'
import { Ledger } from './ledger.js'
import { freshFiles, oneFile, packageVersions, type Writer } from './writers.js'

const kills = Number(process.env['CRASH_KILLS'] ?? 50)
const hastyMain = join(dirname(fileURLToPath(import.meta.url)), 'hasty-main.js')
const packages = ['crash-one', 'crash-two']

interface Tally {
  kills: number
  acknowledged: number
  readonly lost: string[]
  readonly invented: string[]
}

interface Plan {
  readonly rounds: number
  readonly program?: string
  readonly workers: string
  /** 'worker': one serving process at a time, while the others go on. */
  readonly victim: 'house' | 'worker'
  /** Stop early. */
  readonly enough?: (tally: Tally) => boolean
}

/** Writers with real acknowledgements; what serves them is killed at a random instant, started again, and everything is read back. */
async function crash({ rounds, program, workers, victim, enough = () => false }: Plan): Promise<Tally> {
  const ledger = new Ledger()
  const tally: Tally = { kills: 0, acknowledged: 0, lost: [], invented: [] }
  const writers: readonly Writer[] = [
    freshFiles('a'),
    freshFiles('b'),
    freshFiles('c'),
    oneFile('replaced-one'),
    oneFile('replaced-two'),
    ...packages.map(packageVersions),
  ]
  const settings = { CLOUDREPO_WORKERS: workers }
  let server = await Server.start(settings, undefined, program)
  const { token } = await server.target('raw')
  try {
    while (tally.kills < rounds && !enough(tally)) {
      const place = { url: server.url, token }
      let running = true
      // A writer ends with the process that it talks to.
      const ended = Promise.all(writers.map((writer) => writer(place, ledger, () => running).catch(() => {})))
      await new Promise((resolve) => setTimeout(resolve, randomInt(50, 700)))
      if (victim === 'house') await server.kill()
      else await killWorker(server)
      running = false
      await ended
      tally.kills++
      // Workers that die so often look like a loop, and the house would stop.
      const again = victim === 'worker' && tally.kills % 4 === 0
      if (again) await server.kill()
      if (again || victim === 'house') server = await Server.start(settings, server.folder, program)
      const findings = await check({ url: server.url, token }, ledger, packages)
      tally.lost.push(...findings.lost)
      tally.invented.push(...findings.invented)
    }
  } finally {
    await server.kill()
    await rm(server.folder, { recursive: true, force: true })
  }
  tally.acknowledged = ledger.acknowledged
  return tally
}

/** Resolves when another has taken its place and is handed connections. */
async function killWorker(server: Server): Promise<void> {
  const { workers } = server
  const victim = workers[randomInt(workers.length)] as number
  process.kill(victim, 'SIGKILL')
  await until(
    () => server.workers,
    (pids) => !pids.includes(victim) && pids.length === workers.length,
  )
  const reached = async () => {
    try {
      for (const client of await PinnedClient.ofEach(server.url, server.workers)) client.close()
      return true
    } catch {
      return false
    }
  }
  await until(reached, (all) => all)
}

describe('kill -9 at random instants', function () {
  this.timeout(900_000)

  it('loses no acknowledged publish and shows nothing half-done', async () => {
    const tally = await crash({ rounds: kills, workers: testWorkers, victim: 'house' })
    process.stdout.write(
      `      ${tally.kills} kills, ${tally.acknowledged} acknowledgements, ${tally.lost.length} lost, ${tally.invented.length} invented\n`,
    )
    expect([tally.lost, tally.invented]).to.deep.equal([[], []])
    expect(tally.kills).to.equal(kills)
    expect(tally.acknowledged).to.be.greaterThan(kills)
  })

  it('loses nothing and shows nothing half-done over two workers, all killed at once', async () => {
    const tally = await crash({ rounds: Math.ceil(kills / 5), workers: '2', victim: 'house' })
    process.stdout.write(
      `      ${tally.kills} kills, ${tally.acknowledged} acknowledgements, ${tally.lost.length} lost, ${tally.invented.length} invented\n`,
    )
    expect([tally.lost, tally.invented]).to.deep.equal([[], []])
    expect(tally.acknowledged).to.be.greaterThan(tally.kills)
  })

  it('loses nothing and shows nothing half-done where one worker is killed and the other goes on with the same store', async () => {
    const tally = await crash({ rounds: Math.ceil(kills / 5), workers: '2', victim: 'worker' })
    process.stdout.write(
      `      ${tally.kills} kills, ${tally.acknowledged} acknowledgements, ${tally.lost.length} lost, ${tally.invented.length} invented\n`,
    )
    expect([tally.lost, tally.invented]).to.deep.equal([[], []])
    expect(tally.acknowledged).to.be.greaterThan(tally.kills)
  })

  it('is a test that can fail: a build that acknowledges before it commits is caught', async () => {
    const enough = ({ lost }: Tally) => lost.length > 0
    const tally = await crash({ rounds: 20, program: hastyMain, workers: testWorkers, victim: 'house', enough })
    process.stdout.write(
      `      caught after ${tally.kills} kills: ${tally.lost.length} of ${tally.acknowledged} acknowledgements lost\n`,
    )
    expect(tally.lost).to.not.deep.equal([])
  })
})
