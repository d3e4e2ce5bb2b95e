import { randomUUID } from 'node:crypto'
import { type Entry, type Key, type MetadataStore, type Mutation, several } from '#core/host'
import { type CopyJournal, digestOf, type Shelf } from './copy-journal.js'
import { patiently, usualPatience } from './patience.js'
import { SeenSet } from './seen-set.js'

/** Of a pass: rows that were met, rows that differed from what stood in the target, and how many of these somebody would miss. */
export interface PassCount {
  rows: number
  changed: number
  essential: number
}

/** A commit of the target: the contract takes 100 rows and 3 MiB. */
const rowsAtOnce = 100
const bytesAtOnce = 2 * 1024 * 1024
/** A key at its longest. */
const rowOverhead = 2_048
const commitsAtOnce = 8

/** Rows that each process writes for itself while it lives: they say nothing in another place. The move's own rows are made by it, here and there. */
function isLocal({ key, value }: Entry): boolean {
  const [org, kind] = key.partition.split('\0')
  if (org !== '.') return false
  if (kind === 'lease') return true
  if (kind !== 'instance') return false
  return (
    key.path[0] === 'move' || (key.path[0] === 'read-only' && (value as { readonly move?: unknown } | null)?.move !== undefined)
  )
}

/** Counts of downloads, last use of tokens, allowances, intents, queues: a house that takes no uploads goes on writing these. */
function isEssential({ partition }: Key): boolean {
  const [org = '', kind = ''] = partition.split('\0')
  return org === '.' ? ['org', 'orgs', 'host', 'issuer'].includes(kind) : !['u', 't', 'q', 'i', 's', 'm', 'l'].includes(kind)
}

interface Outgoing {
  readonly entry: Entry
  readonly digest: string
  readonly index: number | undefined
}

/** Copies rows of one store into another, pass after pass, until a pass finds them equal. */
export class RowCopy {
  constructor(
    private readonly shelf: Extract<Shelf, 'metadata' | 'keys'>,
    private readonly source: MetadataStore,
    private readonly target: MetadataStore,
    private readonly journal: CopyJournal,
    private readonly onRow: () => void = () => {},
    private readonly patience = usualPatience,
  ) {}

  /** Every row of the source that is not in the target as it stands now; and takes away what is no longer in the source. */
  async pass(): Promise<PassCount> {
    const count: PassCount = { rows: 0, changed: 0, essential: 0 }
    const seen = new SeenSet()
    const fresh = this.journal.next(this.shelf)
    await several(batched(this.#differing(count, seen)), commitsAtOnce, (batch) => this.#put(batch))
    const gone: Key[] = []
    for await (const { key, index } of this.journal.all(this.shelf)) {
      // Behind the scan a row may have been made anew: the source is asked.
      if (index >= fresh || seen.has(index) || (await this.source.get(key)) !== undefined) continue
      noteChange(count, key)
      gone.push(key)
      if (gone.length === rowsAtOnce) await this.#remove(gone.splice(0))
    }
    await this.#remove(gone)
    return count
  }

  /** Every row of the target against the journal, which the last pass found equal to the source. Those that differ are mended, and counted. */
  async verify(): Promise<{ readonly rows: number; readonly different: number }> {
    const count = { rows: 0, different: 0 }
    await several(batched(this.#wrong(count)), commitsAtOnce, (batch) => this.#put(batch))
    return count
  }

  async *#differing(count: PassCount, seen: SeenSet): AsyncIterable<Outgoing> {
    for await (const { entry } of this.source.scan()) {
      this.onRow()
      if (isLocal(entry)) continue
      count.rows++
      const digest = digestOf(JSON.stringify(entry.value))
      const known = await this.journal.find(this.shelf, entry.key)
      if (known !== undefined) seen.add(known.index)
      if (known?.digest === digest) continue
      noteChange(count, entry.key)
      yield { entry, digest, index: known?.index }
    }
  }

  /** What has to be put again; what has to go is taken away on the way. */
  async *#wrong(count: { rows: number; different: number }): AsyncIterable<Outgoing> {
    const seen = new SeenSet()
    for await (const { entry } of this.target.scan()) {
      this.onRow()
      if (isLocal(entry)) continue
      count.rows++
      const known = await this.journal.find(this.shelf, entry.key)
      if (known !== undefined) seen.add(known.index)
      if (known?.digest === digestOf(JSON.stringify(entry.value))) continue
      count.different++
      yield* this.#again(entry.key, known?.index)
    }
    for await (const { key, index } of this.journal.all(this.shelf)) {
      if (seen.has(index)) continue
      count.different++
      yield* this.#again(key, index)
    }
  }

  async *#again(key: Key, index: number | undefined): AsyncIterable<Outgoing> {
    const entry = await this.source.get(key)
    if (entry === undefined || isLocal(entry)) await this.#remove([key])
    else yield { entry, digest: digestOf(JSON.stringify(entry.value)), index }
  }

  /** The target first: the journal never says more than is there. */
  async #put(batch: readonly Outgoing[]): Promise<void> {
    const mutations: Mutation[] = batch.map(({ entry }) => ({ op: 'put', key: entry.key, value: entry.value }))
    await this.#commit(mutations)
    const rows = batch.map(({ entry, digest, index }) => ({ key: entry.key, digest, index }))
    await this.journal.write(this.shelf, rows)
  }

  async #remove(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return
    const mutations: Mutation[] = keys.map((key) => ({ op: 'delete', key }))
    await this.#commit(mutations)
    await this.journal.write(this.shelf, [], keys)
  }

  /** Under one token: an attempt whose answer was lost, and its repeat, count once. */
  #commit(mutations: readonly Mutation[]): Promise<void> {
    const token = randomUUID()
    return patiently(() => this.target.commit(mutations, token), this.patience)
  }
}

function noteChange(count: PassCount, key: Key): void {
  count.changed++
  if (isEssential(key)) count.essential++
}

/** As many as one commit takes. */
async function* batched(rows: AsyncIterable<Outgoing>): AsyncIterable<readonly Outgoing[]> {
  let batch: Outgoing[] = []
  let bytes = 0
  for await (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row.entry.value)) + rowOverhead
    if (batch.length === rowsAtOnce || (batch.length > 0 && bytes + size > bytesAtOnce)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(row)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
