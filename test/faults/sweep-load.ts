import { randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { check } from './crash-check.js'
import { HouseProcess } from './house-process.js'
import { Ledger } from './ledger.js'
import type { Build } from './racing-store.js'
import { audit, type StoreAudit } from './store-audit.js'
import { unpackArchives, writeFiles } from './sweep-writers.js'

export interface LoadOptions {
  readonly seconds: number
  readonly build: Build
  /** Stop as soon as something was found. */
  readonly untilCaught?: boolean
}
export interface LoadTally {
  operations: number
  /** Of these, deletes that were taken back, and archives that were unpacked. */
  undone: number
  batches: number
  kills: number
  sweeps: number
  removed: number
  /** Acknowledged, and not there as acknowledged: at once, after a kill, at the end. */
  readonly wrong: string[]
  /** Visible though never sent. */
  readonly invented: string[]
  audit: StoreAudit | undefined
}

const writers = 8
const unpackers = 2

/** Uploads, overwrites, deletes, undos, archives larger than a commit and equal bytes against two processes on one folder, both sweeping without grace, each killed now and then. */
export async function sweepUnderLoad({ seconds, build, untilCaught = false }: LoadOptions): Promise<LoadTally> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-sweep-'))
  await writeFile(join(folder, 'key'), randomBytes(32))
  const ledger = new Ledger()
  const tally: LoadTally = {
    ...{ operations: 0, undone: 0, batches: 0, kills: 0, sweeps: 0, removed: 0 },
    ...{ wrong: [], invented: [], audit: undefined },
  }
  const houses = [new HouseProcess(folder, build), new HouseProcess(folder, build)]
  const running = { now: true }
  const deadline = performance.now() + seconds * 1_000
  try {
    for (const house of houses) await house.start()
    const { token, operator } = await (houses[0] as HouseProcess).tokens()
    const place = () => ({ url: (houses[randomInt(houses.length)] as HouseProcess).url, token, operator })
    const work = [
      ...Array.from({ length: writers }, (_, at) => writeFiles(`w${at}`, place, ledger, tally, running, build === 'sound')),
      ...Array.from({ length: build === 'sound' ? unpackers : 0 }, (_, at) =>
        unpackArchives(`b${at}`, place, ledger, tally, running),
      ),
      ...houses.map((house) => sweepAgain(house, operator, tally, running)),
    ]
    while (performance.now() < deadline && !(untilCaught && tally.wrong.length > 0)) {
      await pause(randomInt(2_000, 5_000))
      const house = houses[randomInt(houses.length)] as HouseProcess
      await house.kill()
      tally.kills++
      await house.start()
    }
    running.now = false
    await Promise.all(work)
    const found = await check(place(), ledger, [])
    tally.wrong.push(...found.lost)
    tally.invented.push(...found.invented)
    for (const house of houses) await house.kill()
    await settle(folder, build, tally)
    tally.audit = await audit(folder)
    return tally
  } finally {
    running.now = false
    for (const house of houses) await house.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a crash left is collected a day later: intents have run out by then. */
export async function settle(folder: string, build: Build, tally: Pick<LoadTally, 'sweeps' | 'removed'>): Promise<void> {
  const house = new HouseProcess(folder, build, 26)
  await house.start()
  try {
    const { operator } = await house.tokens()
    // Refused while the lease of a process that died in mid-sweep is still watched.
    for (let ended = 0, tries = 0; ended < 6; tries++) {
      if (tries === 150) throw new Error('the sweeper does not run')
      if (await sweep(house, operator, tally)) ended++
      else await pause(200)
    }
    // What is told again waits for its time, which has come; and for the lease of a process that died.
    for (let tries = 0; !(await hasTold(house, operator)); tries++) {
      if (tries === 150) throw new Error('the outbox does not become empty')
      await pause(200)
    }
  } finally {
    await house.kill()
  }
}

async function sweepAgain(
  house: HouseProcess,
  operator: string,
  tally: LoadTally,
  running: { readonly now: boolean },
): Promise<void> {
  while (running.now) {
    await sweep(house, operator, tally).catch(() => undefined)
    await pause(5)
  }
}

/** Is the outbox empty? */
async function hasTold(house: HouseProcess, operator: string): Promise<boolean> {
  const chore = await runChore(house, operator, 'outbox', { confirmed: true })
  const result = chore?.last?.result as { told?: number; failed?: number; waiting?: number } | null | undefined
  return result !== null && result !== undefined && result.told === 0 && result.failed === 0 && result.waiting === 0
}

interface Chore {
  readonly last?: { readonly outcome: string; readonly result: object | null } | null
}

/** Undefined where it runs on another process. */
async function runChore(house: HouseProcess, operator: string, name: string, body: object): Promise<Chore | undefined> {
  const answer = await fetch(`${house.url}/-/api/v1/chores/${name}/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  const chore = (await answer.json()) as Chore
  return answer.status === 200 ? chore : undefined
}

/** False where it did not run to its end. */
async function sweep(house: HouseProcess, operator: string, tally: Pick<LoadTally, 'sweeps' | 'removed'>): Promise<boolean> {
  const last = (await runChore(house, operator, 'sweep', {}))?.last
  if (last?.outcome !== 'done') return false
  tally.sweeps++
  tally.removed += (last.result as { done?: { remove?: number } } | null)?.done?.remove ?? 0
  return true
}
