import { createHash, randomUUID } from 'node:crypto'
import type { Key, MetadataStore, Mutation } from '#core/host'

/** What of the source stands in the target: rows of data, rows of keys, blobs. */
export type Shelf = 'metadata' | 'keys' | 'blobs'

/** One thing that was copied. `digest`: SHA-256 of its value or of its bytes; `index` numbers it among all of its shelf. */
export interface Copied {
  readonly index: number
  readonly digest: string
  /** Of a blob: its bytes in the store, and whether they were read back from the target and compared. */
  readonly size?: number
  readonly verified?: boolean
}
export type CopiedRow = Copied & { readonly key: Key }
type Stored = Copied & { readonly p: string; readonly s: readonly string[] }

/** The memory of a move, on this machine's disk: what stands in the target, with its digest, so that a pass compares without asking the target, a move that
 *  was killed goes on, and memory stays small whatever is moved. Losing it costs time and nothing else: everything is copied and compared again. */
export class CopyJournal {
  readonly #next = new Map<Shelf, number>()

  private constructor(private readonly store: MetadataStore) {}

  static async open(store: MetadataStore): Promise<CopyJournal> {
    const journal = new CopyJournal(store)
    for (const shelf of ['metadata', 'keys', 'blobs'] as const) {
      let next = 0
      for await (const { index } of journal.all(shelf)) next = Math.max(next, index + 1)
      journal.#next.set(shelf, next)
    }
    return journal
  }

  async find(shelf: Shelf, key: Key): Promise<CopiedRow | undefined> {
    const entry = await this.store.get(place(shelf, key))
    return entry && copied(entry.value as unknown as Stored)
  }

  /** Numbers what is new. One commit of the journal: at most 100 of either. */
  async write(
    shelf: Shelf,
    put: readonly (Omit<CopiedRow, 'index'> & { readonly index?: number | undefined })[],
    gone: readonly Key[] = [],
  ): Promise<void> {
    const mutations: Mutation[] = gone.map((key) => ({ op: 'delete', key: place(shelf, key) }))
    for (const { key, index = this.#number(shelf), ...rest } of put) {
      const value = { ...rest, index, p: key.partition, s: [...key.path] }
      mutations.push({ op: 'put', key: place(shelf, key), value })
    }
    if (mutations.length > 0) await this.store.commit(mutations, randomUUID())
  }

  /** The number that the next new one gets. */
  next(shelf: Shelf): number {
    return this.#next.get(shelf) ?? 0
  }

  async *all(shelf: Shelf): AsyncIterable<CopiedRow> {
    for await (const { value } of this.store.range(shelf, {})) yield copied(value as unknown as Stored)
  }

  close(): Promise<void> {
    return this.store.close()
  }

  #number(shelf: Shelf): number {
    const next = this.next(shelf)
    this.#next.set(shelf, next + 1)
    return next
  }
}

/** A blob's key as the journal has it. */
export const blobPlace = (key: string): Key => ({ partition: 'blob', path: [key] })

function copied({ p, s, ...rest }: Stored): CopiedRow {
  return { ...rest, key: { partition: p, path: s } }
}

/** Keys of the source may be as long as a store takes: here they stand as digests. */
function place(shelf: Shelf, { partition, path }: Key): Key {
  return { partition: shelf, path: [digestOf(JSON.stringify([partition, path]))] }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
