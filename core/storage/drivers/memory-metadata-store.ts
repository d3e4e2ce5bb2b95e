import { unavailable } from '../../errors/registry-error.js'
import type { Json } from '../../runtime/json.js'
import { type CheckedMutation, checkCommit, commitFingerprint, conditionFailure } from '../commit-check.js'
import { CommitMemory } from '../commit-memory.js'
import { checkLimit, decodeCursor, decodeKey, encodeCursor, encodeKey, keySpan } from '../key-order.js'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../metadata-store.js'

interface Row {
  readonly text: string
  readonly revision: string
}

/** For tests: the whole contract, nothing durable. Keys are held as one character a byte, whose order is that of the bytes. */
export class MemoryMetadataStore implements MetadataStore {
  readonly name = 'memory'
  readonly #rows = new Map<string, Row>()
  readonly #order: string[] = []
  readonly #commits = new CommitMemory()
  #sequence = 0
  #closed = false

  async get(key: Key): Promise<Entry | undefined> {
    this.#checkOpen()
    const row = this.#rows.get(encodeKey(key).toString('latin1'))
    return row === undefined ? undefined : { key, value: JSON.parse(row.text) as Json, revision: row.revision }
  }

  async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    this.#checkOpen()
    const span = keySpan(partition, query)
    const lower = span.lower.toString('latin1')
    const upper = span.upper.toString('latin1')
    let left = checkLimit(query)
    let key: string | undefined = query.descending === true ? this.#below(upper) : this.#from(lower)
    while (left > 0 && key !== undefined && key >= lower && key < upper) {
      const entry = this.#entry(key)
      if (entry !== undefined) {
        left -= 1
        yield entry
      }
      // Looked up anew each time: a commit may have moved the order while the consumer was away.
      key = query.descending === true ? this.#below(key) : this.#from(`${key}\0`)
    }
  }

  async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    this.#checkOpen()
    const checked = checkCommit(mutations, token)
    await this.#commits.once(token, commitFingerprint(checked), async () => this.#apply(checked))
  }

  async *scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    this.#checkOpen()
    let key = this.#from(after === undefined ? '' : `${decodeCursor(after).toString('latin1')}\0`)
    while (key !== undefined) {
      const entry = this.#entry(key)
      if (entry !== undefined) yield { entry, cursor: encodeCursor(Buffer.from(key, 'latin1')) }
      key = this.#from(`${key}\0`)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #apply(mutations: readonly CheckedMutation[]): void {
    const keys = mutations.map(({ key }) => key.toString('latin1'))
    for (const [index, { if: condition }] of mutations.entries()) {
      const failure = condition && conditionFailure(condition, this.#rows.get(keys[index] ?? '')?.revision, index)
      if (failure !== undefined) throw failure
    }
    this.#sequence += 1
    const revision = this.#sequence.toString(36)
    for (const [index, { op, text }] of mutations.entries()) {
      const key = keys[index] ?? ''
      if (op === 'put' && text !== undefined) {
        if (!this.#rows.has(key)) this.#order.splice(this.#place(key), 0, key)
        this.#rows.set(key, { text, revision })
      } else if (op === 'delete' && this.#rows.delete(key)) {
        this.#order.splice(this.#place(key), 1)
      }
    }
  }

  #entry(key: string): Entry | undefined {
    const row = this.#rows.get(key)
    if (row === undefined) return undefined
    return { key: decodeKey(Buffer.from(key, 'latin1')), value: JSON.parse(row.text) as Json, revision: row.revision }
  }

  #from(key: string): string | undefined {
    return this.#order[this.#place(key)]
  }
  #below(key: string): string | undefined {
    return this.#order[this.#place(key) - 1]
  }
  /** Index of the first key that is not below this one. */
  #place(key: string): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #checkOpen(): void {
    if (this.#closed) throw unavailable('The metadata store is closed')
  }
}
