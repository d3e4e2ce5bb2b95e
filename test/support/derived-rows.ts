import { randomHex } from '../../core/runtime/identifiers.js'
import type { Json } from '../../core/runtime/json.js'
import type { Entry, MetadataStore, Mutation } from '../../core/storage/metadata-store.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'

/** What says what was done, and by whom, not what is stored. */
const told = new Set(['lease', 'chore', 'reindex', 'out', 'due', 'instance', 'token'])

/** Every row by its key, but for those that tell of work that was done. */
export async function storedRows(metadata: MetadataStore): Promise<Map<string, Json>> {
  const rows = new Map<string, Json>()
  for await (const { entry } of metadata.scan()) {
    const [org = '', kind = ''] = entry.key.partition.split('\0')
    if ((org === '.' && told.has(kind)) || kind === 'l' || kind === 'q' || told.has(entry.key.path[0] ?? '')) continue
    rows.set(`${entry.key.partition.replaceAll('\0', ' ')} | ${entry.key.path.join(' ')}`, entry.value)
  }
  return new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Rows that can be made again: of the list of names, and of folders. */
export async function derivedRows(metadata: MetadataStore): Promise<readonly Entry[]> {
  const found: Entry[] = []
  for await (const { entry } of metadata.scan()) {
    const [, kind] = entry.key.partition.split('\0')
    if (kind === 'n' || (kind === 'f' && entry.key.path[0] === 'd')) found.push(entry)
  }
  return found
}

/** Takes every derived row away; every third is spoilt instead: a name says something else, a folder is marked as empty. And a name comes up that
 *  nothing stands behind. */
export async function destroyDerived(metadata: MetadataStore): Promise<void> {
  const places = new Set<string>()
  for (const [at, { key }] of (await derivedRows(metadata)).entries()) {
    const name = key.partition.split('\0')[1] === 'n'
    if (name) places.add(key.partition.split('\0').slice(0, 3).join('\0'))
    const wrong: Json = name ? { v: 1, facts: { latest: 'none of them' } } : { v: 1, empty: 1 }
    const mutation: Mutation = at % 3 === 2 ? { op: 'put', key, value: wrong } : { op: 'delete', key }
    await metadata.commit([mutation], randomHex())
  }
  for (const place of places) {
    const [org = '', , repo = ''] = place.split('\0')
    const key = tenantKeys.name(org, repo, 'never/was')
    await metadata.commit([{ op: 'put', key, value: { v: 1, facts: {} } }], randomHex())
  }
}
