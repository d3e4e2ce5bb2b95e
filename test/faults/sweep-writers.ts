import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { tarball } from '../support/tar-builder.js'
import { equal, type Ledger, type State, stateOf } from './ledger.js'
import type { LoadTally } from './sweep-load.js'
import type { Place } from './writers.js'

const filesPerWriter = 4
/** So many are more rows than one commit takes. */
const filesPerArchive = 40
/** About as many as files, so that the same bytes are published, named by nobody, and published again all the time. */
const contents = (count: number) => Array.from({ length: count }, () => randomBytes(randomInt(1, 60_000)))
const pool = contents(32)
/** Of archives: apart, as one that is unpacked would name nearly all of the others for as long as it stands. */
const packed = contents(32)
const pick = (from: readonly Buffer[]) => from[randomInt(from.length)] as Buffer

type Places = () => Place & { readonly operator: string }
type Tally = Pick<LoadTally, 'operations' | 'undone' | 'batches' | 'wrong'>
interface Running {
  readonly now: boolean
}

/** Puts, replaces, deletes and takes deletes back, on files of its own; reads each as the very next call. */
export async function writeFiles(
  name: string,
  places: Places,
  ledger: Ledger,
  tally: Tally,
  running: Running,
  undoes: boolean,
): Promise<void> {
  while (running.now) {
    const place = places()
    const address = `/main/raw/${name}/${randomInt(filesPerWriter)}`
    try {
      // What was taken away a while after it was acknowledged.
      if (randomInt(2) === 0) {
        await compare(place, address, ledger, tally, 'later')
        continue
      }
      const before = ledger.expected(address)
      // Whether what was tried before came to stand there nobody can say: an undo would bring back the one or the other.
      const certain = !ledger.unsettled.includes(address)
      const body =
        before !== 'absent' && randomInt(3) === 0
          ? undefined
          : randomInt(4) === 0
            ? randomBytes(randomInt(1, 90_000))
            : pick(pool)
      ledger.attempt(address, body ? stateOf(body) : 'absent')
      const { status } = body ? await send(place, 'PUT', address, body) : await send(place, 'DELETE', address)
      if (status < 200 || status > 299) continue
      ledger.acknowledge(address)
      tally.operations++
      await compare(place, address, ledger, tally)
      if (undoes && body === undefined && certain && randomInt(2) === 0) await undo(places, address, before, ledger, tally)
    } catch {
      // The process was killed: what came of the attempt is seen at the end.
      await pause(20)
    }
  }
}

/** A while after the delete, when sweepers are at work on what it left. */
async function undo(places: Places, address: string, before: State, ledger: Ledger, tally: Tally): Promise<void> {
  await pause(randomInt(1_800))
  const { url, operator } = places()
  const headers = { authorization: `Bearer ${operator}` }
  const list = await fetch(`${url}/main/-/api/v1/deleted?repository=raw&limit=1000`, {
    headers,
    signal: AbortSignal.timeout(20_000),
  })
  const { items = [] } = (await list.json()) as { items?: { id: string; paths: string[] }[] }
  const one = items.findLast(({ paths }) => `/main/raw/${paths[0]}` === address)
  if (one === undefined) return
  ledger.attempt(address, before)
  const undone = await fetch(`${url}/main/-/api/v1/deleted/raw/${one.id}/undo`, {
    ...{ method: 'POST', headers, signal: AbortSignal.timeout(20_000) },
  })
  await undone.arrayBuffer()
  // Purged meanwhile: it stays away.
  if (undone.status !== 200) return
  ledger.acknowledge(address)
  tally.operations++
  tally.undone++
  await compare(places(), address, ledger, tally)
}

/** Archives whose files appear together, larger than a commit: after each attempt all of them are of one state. */
export async function unpackArchives(
  name: string,
  places: Places,
  ledger: Ledger,
  tally: Tally,
  running: Running,
): Promise<void> {
  const addresses = Array.from({ length: filesPerArchive }, (_, at) => `/main/raw/${name}/${at}`)
  while (running.now) {
    const files = addresses.map(() => (randomInt(4) === 0 ? randomBytes(randomInt(1, 5_000)) : pick(packed)))
    const archive = await tarball(files.map((content, at) => ({ name: String(at), content })))
    const before = addresses.map((address) => ledger.expected(address))
    const wanted = files.map(stateOf)
    for (const [at, address] of addresses.entries()) ledger.attempt(address, wanted[at] as State)
    let acknowledged = false
    try {
      const { status } = await send(places(), 'PUT', `/main/raw/${name}/`, archive, { 'x-explode-archive': 'true' })
      acknowledged = status === 201
    } catch {
      await pause(20)
    }
    if (acknowledged) {
      tally.operations++
      tally.batches++
    }
    const found = await readAll(addresses, places, running)
    if (found === undefined) continue
    const holds = (all: readonly State[]) => found.every((state, at) => equal(state, all[at] as State))
    if (!holds(wanted) && (acknowledged || !holds(before)))
      tally.wrong.push(`${name}: ${acknowledged ? 'acknowledged, and not all of it there' : 'torn'}`)
    for (const [at, address] of addresses.entries()) ledger.settle(address, found[at] as State)
  }
}

/** Undefined where the load ends before all of them could be read. */
async function readAll(addresses: readonly string[], places: Places, running: Running): Promise<readonly State[] | undefined> {
  const states: State[] = []
  for (let at = 0; at < addresses.length; ) {
    try {
      const { status, content } = await send(places(), 'GET', addresses[at] as string)
      if (status === 503 && running.now) throw new Error('ask again')
      states.push(read(status, content))
      at += 1
    } catch {
      if (!running.now) return undefined
      await pause(20)
    }
  }
  return states
}

/** The very next call: what a collector took in between shows here. */
async function compare(place: Place, address: string, ledger: Ledger, tally: Tally, when = 'after its acknowledgement') {
  const { status, content } = await send(place, 'GET', address)
  const found = read(status, content)
  if (!ledger.allows(address, found)) tally.wrong.push(`${address} is ${JSON.stringify(found)} ${when}`)
}

const read = (status: number, content: Uint8Array): State =>
  status === 404 ? 'absent' : status === 200 ? stateOf(content) : { sha256: `${status}`, size: -1 }

async function send(
  place: Place,
  method: string,
  address: string,
  body?: Uint8Array,
  more: Readonly<Record<string, string>> = {},
) {
  const answer = await fetch(place.url + address, {
    method,
    headers: { authorization: `Bearer ${place.token}`, ...more },
    ...(body ? { body } : {}),
    signal: AbortSignal.timeout(20_000),
  })
  return { status: answer.status, content: new Uint8Array(await answer.arrayBuffer()) }
}
