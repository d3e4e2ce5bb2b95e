import { setTimeout as pause } from 'node:timers/promises'
import { BoundedMap } from '../runtime/bounded-map.js'
import { batchState } from './batch-rows.js'
import type { Entry, Key, MetadataStore } from './metadata-store.js'
import { type HeadRow, row } from './storage-rows.js'

/** Milliseconds between looks: two seconds and a half in all. A commit appears within a few of them. */
const pauses = [2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280]
const mostKnown = 20_000

/** Heads whose commits were seen whole, by partition: facts that do not change. */
const known = new WeakMap<MetadataStore, BoundedMap<string, string>>()

/** The row of a head, once everything that its commit wrote beside it can be read as well: whoever reads documents after it reads those of this commit or of a later
 *  one, also in a store whose commits appear row by row. One that rests on a row somebody rewrote alone is waited for once in each process, and taken then. */
export async function wholeHead(store: MetadataStore, key: Key): Promise<Entry | undefined> {
  if (store.piecemeal !== true) return store.get(key)
  const seen = knownOf(store)
  for (let look = 0; ; look++) {
    const entry = await store.get(key)
    if (!entry || seen.get(key.partition) === entry.revision) return entry
    const wait = pauses[look]
    if (wait !== undefined && !(await isWhole(store, key, entry))) {
      await pause(wait)
      continue
    }
    seen.set(key.partition, entry.revision)
    return entry
  }
}

/** Before a commit that follows this head: whoever then sees its own, sees what came before it too. */
export async function untilWhole(store: MetadataStore, head: Entry): Promise<void> {
  if (store.piecemeal !== true || knownOf(store).get(head.key.partition) === head.revision) return
  await wholeHead(store, head.key)
}

/** The row that another one names, which was put in the same commit: it may take a moment longer to appear. */
export async function appearing(store: MetadataStore, key: Key): Promise<Entry | undefined> {
  const entry = await store.get(key)
  if (entry || store.piecemeal !== true) return entry
  for (const wait of pauses) {
    await pause(wait)
    const late = await store.get(key)
    if (late) return late
  }
  return undefined
}

/** Rows of one commit have its revision. */
async function isWhole(store: MetadataStore, { partition }: Key, head: Entry): Promise<boolean> {
  const { put = [], gone = [], batch } = row<HeadRow>(head.value).beside ?? {}
  const [org = ''] = partition.split('\0')
  // A batch whose row is gone ended long ago.
  if (batch !== undefined && (await batchState(store, org, batch))?.row.state === 'open') return false
  const read = (path: readonly string[]) => store.get({ partition, path: ['doc', ...path] })
  const [there, away] = await Promise.all([Promise.all(put.map(read)), Promise.all(gone.map(read))])
  return there.every((entry) => entry?.revision === head.revision) && away.every((entry) => entry === undefined)
}

function knownOf(store: MetadataStore): BoundedMap<string, string> {
  const found = known.get(store) ?? new BoundedMap<string, string>(mostKnown)
  known.set(store, found)
  return found
}
