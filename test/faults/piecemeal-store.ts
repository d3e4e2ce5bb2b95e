import { setImmediate } from 'node:timers/promises'
import { randomHex } from '../../core/runtime/identifiers.js'
import { checkCommit, commitFingerprint, conditionFailure } from '../../core/storage/commit-check.js'
import { CommitMemory } from '../../core/storage/commit-memory.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, Key, Mutation } from '../../core/storage/metadata-store.js'
import { dice } from '../support/dice.js'
import { WrappedStore } from './wrapped-store.js'

/** A store whose commits appear row by row, in no order, with time in between, as those of a service do that keeps rows on many machines: each row is
 *  either as before or as after, and two commits that share a row wait for each other. */
export class PiecemealStore extends WrappedStore {
  override readonly name = 'piecemeal'
  private readonly roll: (most: number) => number
  private readonly commits = new CommitMemory()
  private readonly held = new Set<string>()
  /** Of each row, the commit that put it. */
  private readonly revisions = new Map<string, string>()
  /** Reads between the first and the last row of a commit. */
  torn = 0

  constructor(
    seed: number,
    /** At most so many turns of the event loop from one row to the next. */
    private readonly turns = 12,
    private readonly tells = true,
  ) {
    super(new MemoryMetadataStore())
    this.roll = dice(seed)
  }

  override get piecemeal(): boolean {
    return this.tells
  }

  override async get(key: Key): Promise<Entry | undefined> {
    if (this.held.size > 0) this.torn += 1
    const entry = await this.store.get(key)
    return entry && this.sealed(entry)
  }

  override async *range(...query: Parameters<WrappedStore['range']>): AsyncIterable<Entry> {
    for await (const entry of this.store.range(...query)) yield this.sealed(entry)
  }

  override async *scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    for await (const { entry, cursor } of this.store.scan(after)) yield { entry: this.sealed(entry), cursor }
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const checked = checkCommit(mutations, token)
    await this.commits.once(token, commitFingerprint(checked), () => this.apply(mutations))
  }

  private async apply(mutations: readonly Mutation[]): Promise<void> {
    const rows = mutations.map(({ key }) => nameOf(key))
    while (rows.some((row) => this.held.has(row))) await setImmediate()
    for (const row of rows) this.held.add(row)
    try {
      for (const [index, { key, if: condition }] of mutations.entries()) {
        const failure = condition && conditionFailure(condition, (await this.get(key))?.revision, index)
        if (failure) throw failure
      }
      const revision = randomHex(8)
      for (const { mutation } of this.shuffled(mutations)) {
        if (mutation.op === 'check') continue
        const { if: _, ...blind } = mutation
        this.revisions.set(nameOf(mutation.key), revision)
        await this.store.commit([blind], randomHex())
        if (mutations.length > 1) for (let turn = this.roll(this.turns); turn > 0; turn--) await setImmediate()
      }
    } finally {
      for (const row of rows) this.held.delete(row)
    }
  }

  private shuffled(mutations: readonly Mutation[]) {
    return mutations.map((mutation) => ({ mutation, place: this.roll(1_000_000) })).sort((one, two) => one.place - two.place)
  }

  private sealed(entry: Entry): Entry {
    return { ...entry, revision: this.revisions.get(nameOf(entry.key)) ?? entry.revision }
  }
}

function nameOf({ partition, path }: Key): string {
  return [partition, ...path].join('\0')
}
