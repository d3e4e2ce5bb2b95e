import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Server } from '../clients/server.js'
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

/** Writers with real acknowledgements; the server is killed at a random instant, started again, and everything is read back. `enough`: stop early. */
async function crash(
  rounds: number,
  program: string | undefined,
  enough: (tally: Tally) => boolean = () => false,
): Promise<Tally> {
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
  let server = await Server.start({}, undefined, program)
  const { token } = await server.target('raw')
  try {
    while (tally.kills < rounds && !enough(tally)) {
      const place = { url: server.url, token }
      let running = true
      // A writer ends with the server that it talks to.
      const ended = Promise.all(writers.map((writer) => writer(place, ledger, () => running).catch(() => {})))
      await new Promise((resolve) => setTimeout(resolve, randomInt(50, 700)))
      await server.kill()
      running = false
      await ended
      tally.kills++
      server = await Server.start({}, server.folder, program)
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

describe('kill -9 at random instants', function () {
  this.timeout(900_000)

  it('loses no acknowledged publish and shows nothing half-done', async () => {
    const tally = await crash(kills, undefined)
    process.stdout.write(
      `      ${tally.kills} kills, ${tally.acknowledged} acknowledgements, ${tally.lost.length} lost, ${tally.invented.length} invented\n`,
    )
    expect([tally.lost, tally.invented]).to.deep.equal([[], []])
    expect(tally.kills).to.equal(kills)
    expect(tally.acknowledged).to.be.greaterThan(kills)
  })

  it('is a test that can fail: a build that acknowledges before it commits is caught', async () => {
    const tally = await crash(20, hastyMain, ({ lost }) => lost.length > 0)
    process.stdout.write(
      `      caught after ${tally.kills} kills: ${tally.lost.length} of ${tally.acknowledged} acknowledgements lost\n`,
    )
    expect(tally.lost).to.not.deep.equal([])
  })
})
