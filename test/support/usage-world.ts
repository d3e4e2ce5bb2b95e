import { expect } from 'chai'
import type { House } from './house.js'
import { instanceOf, operatorOf, type Thing } from './management.js'

export interface Stored {
  readonly storageBytes: number
  readonly files: number
  readonly versions: number
}

/** Counted from the rows themselves, by nothing but a look at every one: what usage has to say when nothing is under way. */
export async function countedByHand(house: House, organization = 'acme'): Promise<Stored> {
  const all = { storageBytes: 0, files: 0, versions: 0 }
  for (const one of (await countedRows(house, organization)).values())
    for (const what of ['storageBytes', 'files', 'versions'] as const) all[what] += one[what]
  return all
}

/** The same for each repository that holds anything, under its name. */
export async function storedByRepository(house: House, organization = 'acme'): Promise<readonly object[]> {
  const counted = await countedRows(house, organization)
  const repositories = await operatorOf(house, organization).items('repositories')
  return repositories.flatMap(({ id, name }) => {
    const stored = counted.get(String(id))
    return stored && stored.versions > 0 ? [{ repository: name, ...stored }] : []
  })
}

async function countedRows(house: House, organization: string) {
  const found = new Map<string, { storageBytes: number; files: number; versions: number }>()
  const id = await idOf(house, organization)
  for await (const { entry } of house.parts.metadata.scan()) {
    const [org, kind, repository = ''] = entry.key.partition.split('\0')
    if (org !== id) continue
    const value = entry.value as { readonly size?: number; readonly tombstone?: object; readonly state?: string }
    const one = found.get(repository) ?? { storageBytes: 0, files: 0, versions: 0 }
    if (kind === 'v' && entry.key.path[0] === 's' && value.tombstone === undefined) {
      one.storageBytes += value.size ?? 0
      one.versions += 1
    } else if (kind === 'f' && entry.key.path[0] === 'a' && value.state === 'present') one.files += 1
    else continue
    found.set(repository, one)
  }
  return found
}

/** What the management interface says of the whole organization. */
export async function saidUsage(house: House, organization = 'acme'): Promise<Stored> {
  const { storageBytes, files, versions } = (await operatorOf(house, organization).done('GET', 'usage')) as unknown as Stored
  return { storageBytes, files, versions }
}

export async function setQuota(house: House, storageBytes: number | null, organization = 'acme'): Promise<Thing> {
  const quota = storageBytes === null ? null : { storageBytes }
  return instanceOf(house).done('PATCH', `organizations/${organization}`, { quota })
}

export async function idOf(house: House, organization: string): Promise<string> {
  return String((await instanceOf(house).done('GET', `organizations/${organization}`))['id'])
}

interface Rows {
  readonly bytes: number
  readonly reserved: number
  /** Granted to processes and not counted yet: has to be what `reserved` says. */
  readonly allowances: number
}
/** The rows of the quota as they lie there, at one moment. */
export async function quotaRows(house: House, organization = 'acme'): Promise<Rows> {
  const id = await idOf(house, organization)
  let [bytes, reserved, allowances] = [0, 0, 0]
  for await (const { key, value } of house.parts.metadata.range(`${id}\0q`, {})) {
    const row = value as { readonly bytes: number; readonly reserved: number; readonly granted: number; readonly counted: number }
    if (key.path[0] === 'usage') {
      bytes = row.bytes
      reserved = row.reserved
    }
    if (key.path[0] === 'allowance') allowances += row.granted - row.counted
  }
  expect(reserved, 'reserved is the sum of the allowances').to.equal(allowances)
  return { bytes, reserved, allowances }
}
