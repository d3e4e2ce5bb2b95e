import { type Ledger, type State, stateOf } from './ledger.js'
import type { Place } from './writers.js'

async function get(place: Place, address: string): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  const answer = await fetch(place.url + address, {
    headers: { authorization: `Bearer ${place.token}`, accept: 'application/json' },
  })
  return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) }
}

async function stateAt(place: Place, address: string): Promise<State> {
  const { status, body } = await get(place, address)
  if (status === 404) return 'absent'
  // Another answer is no content that anybody sent: a finding, not the end of the check.
  return status === 200 ? stateOf(body) : { sha256: String(status), size: -1 }
}

/** Reads beside each other. */
const together = 16

export interface Findings {
  /** Acknowledged, and not there as acknowledged. */
  readonly lost: readonly string[]
  /** Visible, and neither acknowledged nor a whole attempt. */
  readonly invented: readonly string[]
}

/** Reads everything back after a restart, and takes what it found as settled. */
export async function check(place: Place, ledger: Ledger, packages: readonly string[]): Promise<Findings> {
  const lost: string[] = []
  const invented: string[] = []
  const addresses = ledger.addresses()
  const look = async (address: string) => {
    const found = await stateAt(place, address)
    if (!ledger.allows(address, found)) (found === 'absent' ? lost : invented).push(address)
    ledger.settle(address, found)
  }
  for (let at = 0; at < addresses.length; at += together) await Promise.all(addresses.slice(at, at + together).map(look))
  for (const address of await listed(place, '/main/raw/'))
    if (ledger.expected(address) === 'absent') invented.push(`${address} is listed`)
  for (const name of packages) await checkPackage(place, ledger, name, lost, invented)
  return { lost, invented }
}

/** What the packument names has to be there, and what is there has to be named. */
async function checkPackage(place: Place, ledger: Ledger, name: string, lost: string[], invented: string[]): Promise<void> {
  const { status, body } = await get(place, `/main/npm/${name}`)
  const document =
    status === 200 ? (JSON.parse(Buffer.from(body).toString()) as { versions: Record<string, unknown> }) : { versions: {} }
  const named = new Set(Object.keys(document.versions).map((version) => `/main/npm/${name}/-/${name}-${version}.tgz`))
  for (const address of named) if (ledger.expected(address) === 'absent') invented.push(`${address} is named by its packument`)
  for (const address of ledger.addresses())
    if (address.startsWith(`/main/npm/${name}/`) && ledger.expected(address) !== 'absent' && !named.has(address))
      lost.push(`${address} is not named by its packument`)
}

async function listed(place: Place, folder: string): Promise<readonly string[]> {
  const files: string[] = []
  let cursor: string | null = null
  do {
    const { status, body } = await get(
      place,
      `${folder}?format=json&limit=1000${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    if (status === 404) return files
    const page = JSON.parse(Buffer.from(body).toString()) as { entries: { name: string; type: string }[]; next: string | null }
    for (const { name, type } of page.entries) {
      if (type === 'directory') files.push(...(await listed(place, `${folder}${encodeURIComponent(name)}/`)))
      else files.push(folder + encodeURIComponent(name))
    }
    cursor = page.next
  } while (cursor !== null)
  return files
}
