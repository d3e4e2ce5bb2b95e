import { randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { check } from './crash-check.js'
import { HouseProcess } from './house-process.js'
import { Ledger, type State, stateOf } from './ledger.js'
import { audit, type StoreAudit } from './store-audit.js'

export interface LoadOptions {
  readonly seconds: number
  readonly mode: 'sound' | 'mutant'
  /** Stop as soon as something was found. */
  readonly untilCaught?: boolean
}
export interface LoadTally {
  operations: number
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
const filesPerWriter = 4
/** About as many as files, so that the same bytes are published, named by nobody, and published again all the time. */
const pool = Array.from({ length: 32 }, () => randomBytes(randomInt(1, 60_000)))

/** Uploads, overwrites, deletes and equal bytes against two processes on one folder, both sweeping without grace, each killed now and then. */
export async function sweepUnderLoad({ seconds, mode, untilCaught = false }: LoadOptions): Promise<LoadTally> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-sweep-'))
  await writeFile(join(folder, 'key'), randomBytes(32))
  const ledger = new Ledger()
  const tally: LoadTally = { operations: 0, kills: 0, sweeps: 0, removed: 0, wrong: [], invented: [], audit: undefined }
  const houses = [new HouseProcess(folder, mode), new HouseProcess(folder, mode)]
  const running = { now: true }
  const deadline = performance.now() + seconds * 1_000
  try {
    for (const house of houses) await house.start()
    const { token, operator } = await (houses[0] as HouseProcess).tokens()
    const place = () => ({ url: (houses[randomInt(houses.length)] as HouseProcess).url, token })
    const work = [
      ...Array.from({ length: writers }, (_, at) => write(`w${at}`, place, ledger, tally, running)),
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
    await settle(folder, mode, tally)
    tally.audit = await audit(folder)
    return tally
  } finally {
    running.now = false
    for (const house of houses) await house.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a crash left is collected a day later: intents have run out by then. */
export async function settle(
  folder: string,
  mode: LoadOptions['mode'],
  tally: Pick<LoadTally, 'sweeps' | 'removed'>,
): Promise<void> {
  const house = new HouseProcess(folder, mode, 26)
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

async function write(
  name: string,
  place: () => { readonly url: string; readonly token: string },
  ledger: Ledger,
  tally: LoadTally,
  running: { readonly now: boolean },
): Promise<void> {
  while (running.now) {
    const { url, token } = place()
    const address = `/main/raw/${name}/${randomInt(filesPerWriter)}`
    const headers = { authorization: `Bearer ${token}` }
    const send = async (method: string, body?: Uint8Array) => {
      const answer = await fetch(url + address, {
        method,
        headers,
        ...(body ? { body } : {}),
        signal: AbortSignal.timeout(20_000),
      })
      return { status: answer.status, content: new Uint8Array(await answer.arrayBuffer()) }
    }
    try {
      const present = ledger.expected(address) !== 'absent'
      const body = present && randomInt(3) === 0 ? undefined : randomInt(4) === 0 ? randomBytes(randomInt(1, 90_000)) : pick()
      const wanted: State = body ? stateOf(body) : 'absent'
      ledger.attempt(address, wanted)
      const { status } = body ? await send('PUT', body) : await send('DELETE')
      if (status < 200 || status > 299) continue
      ledger.acknowledge(address)
      tally.operations++
      // The very next call: what a collector took in between shows here.
      const read = await send('GET')
      const found: State =
        read.status === 404 ? 'absent' : read.status === 200 ? stateOf(read.content) : { sha256: `${read.status}`, size: -1 }
      if (!ledger.allows(address, found)) tally.wrong.push(`${address} is ${JSON.stringify(found)} after its acknowledgement`)
    } catch {
      // The process was killed: what came of the attempt is seen at the end.
      await pause(20)
    }
  }
}

function pick(): Buffer {
  return pool[randomInt(pool.length)] as Buffer
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
