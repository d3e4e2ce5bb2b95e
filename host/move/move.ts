import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { canaryOpens, type Entry, type MetadataStore, type RootKeyProvider, readOnlyRow } from '#core/host'
import { findMove, type MoveRow, moveKey } from '../doctor/move-finding.js'
import { BlobCopy } from './blob-copy.js'
import type { CopyJournal } from './copy-journal.js'
import type { usualPatience } from './patience.js'
import { type PassCount, RowCopy } from './row-copy.js'
import type { StorePair } from './store-pair.js'

/** Told where the move is; `total` where it is known. */
export interface MoveWatch {
  phase<T>(name: string, total: number | undefined, work: (advance: () => void) => Promise<T>): Promise<T>
}

export interface MoveParts {
  readonly source: StorePair
  readonly target: StorePair
  /** Of the target: it has to open the source's keys, which move wrapped as they are. */
  readonly rootKey: RootKeyProvider
  readonly openJournal: (moveId: string) => Promise<CopyJournal>
  readonly watch: MoveWatch
  /** Milliseconds from the moment that the source takes no writes to the last look at it: longer than a commit under way then. */
  readonly settle: number
  /** How long a store may be away. */
  readonly patience?: typeof usualPatience
  readonly now?: () => number
}

export interface Moved {
  readonly rows: number
  readonly keys: number
  readonly blobs: number
  /** Milliseconds in which the source took no writes. */
  readonly readOnly: number
}

/** A move that must not begin, or go on; the message is for people. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused'
}

/** Passes while the house writes on: each copies what changed during the one before. */
const mostPasses = 6
const fewChanges = 200
/** Passes over a house that takes no writes, until one finds nothing that matters. */
const mostLastPasses = 20

/** Everything of one place into another: copied while the house serves, its tail under a short read-only, read back, compared, and then the target's row says
 *  that it may be served from. Killed at any moment it can be begun again, with the same places. */
export async function move(parts: MoveParts): Promise<Moved> {
  const { source, target, watch } = parts
  const row = await begin(parts)
  const journal = await parts.openJournal(row.id)
  try {
    const blobs = new BlobCopy(source.blobs, target.blobs, journal)
    await blobs.dropParts()
    const copy = new Copying(parts, journal)
    for (let at = 1; at <= mostPasses; at++) if ((await copy.pass(`copy ${at}`)) <= fewChanges) break
    const frozenAt = performance.now()
    const thaw = await freeze(source.metadata, row)
    try {
      await copy.untilQuiet(frozenAt)
      const counts = await copy.compared()
      await stillFrozen(source.metadata)
      await end(parts, row)
      return { ...counts, readOnly: Math.round(performance.now() - frozenAt) }
    } catch (error) {
      // Nothing was switched: the house goes on where it is.
      await thaw()
      throw error
    }
  } finally {
    await watch.phase('close', undefined, () => journal.close())
  }
}

class Copying {
  readonly #parts: MoveParts
  readonly #journal: CopyJournal

  constructor(parts: MoveParts, journal: CopyJournal) {
    this.#parts = parts
    this.#journal = journal
  }

  /** How much was different. Names first, bytes second: whatever a row names is still there when its turn comes (security guide 1.9). */
  async pass(name: string): Promise<number> {
    const { rows, keys, blobs } = await this.#pass(name)
    return rows.changed + keys.changed + blobs.copied
  }

  async untilQuiet(frozenAt: number): Promise<void> {
    for (let at = 1; at <= mostLastPasses; at++) {
      const settled = performance.now() - frozenAt >= this.#parts.settle
      const { rows, keys, blobs } = await this.#pass(`tail ${at}`)
      if (settled && rows.essential + keys.changed + blobs.copied === 0) return
      const left = this.#parts.settle - (performance.now() - frozenAt)
      if (left > 0) await pause(left)
    }
    throw new MoveRefused(
      'Somebody goes on writing although the house is read-only; is an older version of it at work? Nothing was switched',
    )
  }

  /** Throws where the two are not equal, when what differs was mended once. */
  async compared(): Promise<Pick<Moved, 'rows' | 'keys' | 'blobs'>> {
    const { watch } = this.#parts
    for (let at = 1; at <= 3; at++) {
      const blobs = await watch.phase('compare blobs', undefined, (advance) => this.#blobs(advance).verify())
      const rows = await watch.phase('compare rows', undefined, (advance) => this.#rows(advance).verify())
      const keys = await watch.phase('compare keys', undefined, (advance) => this.#keys(advance).verify())
      if (blobs.different + rows.different + keys.different === 0) return { rows: rows.rows, keys: keys.rows, blobs: blobs.blobs }
      await this.#pass(`mend ${at}`)
    }
    throw new MoveRefused('The two places do not become equal: somebody else writes into the target. Nothing was switched')
  }

  async #pass(name: string): Promise<{ rows: PassCount; keys: PassCount; blobs: { readonly copied: number } }> {
    const { source, watch } = this.#parts
    const total = source.metadata.measure?.().rows
    const keys = await this.#keys(() => {}).pass()
    const rows = await watch.phase(`${name}: rows`, total, (advance) => this.#rows(advance).pass())
    const blobs = await watch.phase(`${name}: blobs`, undefined, (advance) => this.#blobs(advance).pass())
    return { rows, keys, blobs }
  }

  #rows(advance: () => void): RowCopy {
    const { source, target } = this.#parts
    return new RowCopy('metadata', source.metadata, target.metadata, this.#journal, advance, this.#parts.patience)
  }
  #keys(advance: () => void): RowCopy {
    const { source, target } = this.#parts
    return new RowCopy('keys', source.keyStore, target.keyStore, this.#journal, advance, this.#parts.patience)
  }
  #blobs(advance: () => void): BlobCopy {
    const { source, target } = this.#parts
    return new BlobCopy(source.blobs, target.blobs, this.#journal, advance, this.#parts.patience)
  }
}

/** The target is empty, or this very move's: then its row is there from now on. Throws MoveRefused otherwise, with nothing written. */
async function begin({ source, target, rootKey, now = Date.now }: MoveParts): Promise<MoveRow> {
  if (source.place === target.place) throw new MoveRefused(`${source.place} is where the data lies already`)
  if ((await findMove(source.metadata))?.row.state === 'copying')
    throw new MoveRefused(`${source.place} is itself the target of a move that has not ended`)
  const opens = await canaryOpens(source.keyStore, rootKey).catch(() => undefined)
  if (opens === undefined)
    throw new MoveRefused(
      "The root key of the target's settings does not open the keys of this data. They move wrapped as they are: give the target the same root key file",
    )
  if (!opens) throw new MoveRefused(`Nothing is stored at ${source.place}`)
  const found = await findMove(target.metadata)
  if (found !== undefined) {
    if (found.row.source !== source.place)
      throw new MoveRefused(`${target.place} is the target of a move from ${found.row.source}`)
    if (found.row.state === 'copying') return found.row
    // It may have been killed between its last two writes.
    if (moveOf(await readOnlyRow.read(source.metadata)) === found.row.id) await sayWhither(source.metadata, target, found.row)
    throw new MoveRefused(`Everything was moved to ${target.place} already; start the house there`)
  }
  for (const things of [target.metadata.scan(), target.keyStore.scan(), target.blobs.list('')])
    for await (const _ of things) throw new MoveRefused(`${target.place} is not empty, and no move to it was begun`)
  const row: MoveRow = { v: 1, id: randomUUID(), state: 'copying', source: source.place, at: now() }
  await target.metadata.commit([{ op: 'put', key: moveKey, value: { ...row }, if: 'absent' }], randomUUID())
  return row
}

/** The source takes no writes from here on; the answer lets it take them again. What an operator had said before is left as it is. */
async function freeze(metadata: MetadataStore, { id }: MoveRow): Promise<() => Promise<void>> {
  await readOnlyRow.spread(metadata)
  const before = await readOnlyRow.read(metadata)
  if (before !== undefined && moveOf(before) === undefined) return async () => {}
  const value = { v: 1, reason: 'It is being moved to another place; try again in a few minutes', move: id }
  await metadata.commit(readOnlyRow.put(value), randomUUID())
  return async () => {
    if (moveOf(await readOnlyRow.read(metadata)) !== id) return
    await metadata.commit(readOnlyRow.delete(), randomUUID())
  }
}

async function stillFrozen(metadata: MetadataStore): Promise<void> {
  if ((await readOnlyRow.read(metadata)) === undefined)
    throw new MoveRefused('Somebody let the house take writes again before everything had moved. Nothing was switched')
}

/** One row of the target, conditionally; then the source says where it went, and stays as it is. */
async function end({ source, target, now = Date.now }: MoveParts, row: MoveRow): Promise<void> {
  const found = await findMove(target.metadata)
  if (found?.row.id !== row.id) throw new MoveRefused('Another move took the target over. Nothing was switched')
  const value = { ...row, state: 'done', ended: now() }
  await target.metadata.commit([{ op: 'put', key: moveKey, value, if: { revision: found.revision } }], randomUUID())
  await sayWhither(source.metadata, target, row)
}

/** What the old house answers to writes from now on. */
async function sayWhither(metadata: MetadataStore, target: StorePair, { id }: MoveRow): Promise<void> {
  const value = { v: 1, reason: `It was moved to ${target.place}`, move: id }
  await metadata.commit(readOnlyRow.put(value), randomUUID())
}

/** The move that took writes from a house; undefined where none did. */
function moveOf(readOnly: Entry | undefined): string | undefined {
  return (readOnly?.value as { readonly move?: string } | undefined)?.move
}
