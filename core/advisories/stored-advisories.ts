import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { inject, injectable } from 'tsyringe'
import { z } from 'zod'
import { invalid } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { newId, randomHex } from '../runtime/identifiers.js'
import type { Json } from '../runtime/json.js'
import { type Entry, type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { readRow } from '../storage/row-reader.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Advisories, Advisory, LoadedFeed } from './advisory.js'
import { atLine, recordsOf } from './feed-lines.js'
import { type PackageAdvisory, readOsvRecord } from './osv-record.js'

/** One feed of the instance: a generation of rows, and one row that says which generation counts, so that a feed appears at once or not at all. */
const feedRow = z.object({
  v: z.literal(1),
  current: z.exactOptional(
    z.object({ generation: z.string(), loadedAt: z.number(), by: z.string(), advisories: z.number(), passedOver: z.number() }),
  ),
  /** Generations that count no more, or not yet, and since when. */
  others: z.array(z.object({ generation: z.string(), since: z.number() })),
})
type FeedRow = z.output<typeof feedRow>

const shards = 64
const ecosystems = ['npm', 'PyPI', 'Maven'] as const
/** Rows and bytes that are written in one commit, of the store's 100 and 3 MiB. */
const commitRoom = { rows: 90, bytes: 2 * 1024 ** 2 } as const
/** Of one advisory as JSON: a row takes 256 KiB. */
const advisoryLimit = 200 * 1024
/** Milliseconds after which a generation that never counted was given up, and nobody reads one that counts no more. */
const settled = 60 * 60_000
const lookedUpAtOnce = 16

/** Advisories of the whole instance; empty until an operator loads a feed. */
@injectable()
export class StoredAdvisories implements Advisories {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async loaded(): Promise<boolean> {
    return (await this.read()).row.current !== undefined
  }

  async find(ecosystem: string, packages: readonly string[]): Promise<ReadonlyMap<string, readonly Advisory[]>> {
    const found = new Map<string, readonly Advisory[]>()
    const generation = (await this.read()).row.current?.generation
    if (generation === undefined) return found
    const names = [...new Set(packages)]
    const look = async (name: string) => {
      const rows: Advisory[] = []
      const { partition } = keyOf(generation, ecosystem, name, '')
      for await (const { value } of this.store.range(partition, { prefix: [name] }))
        rows.push((value as unknown as { readonly d: Advisory }).d)
      if (rows.length > 0) found.set(name, rows)
    }
    for (let at = 0; at < names.length; at += lookedUpAtOnce) {
      await Promise.all(names.slice(at, at + lookedUpAtOnce).map(look))
      // An embedded store answers at once, and nobody else would have a turn before the last of many names.
      await turn()
    }
    return found
  }

  /** Undefined where none was loaded. */
  async status(): Promise<LoadedFeed | undefined> {
    const { current } = (await this.read()).row
    return current && feedOf(current)
  }

  /** Takes a feed of OSV records, one a line, in the place of what was loaded before. Throws `invalid` and `too-large` with the line, and leaves
   *  everything as it was. */
  async load(feed: Readable, by: string): Promise<LoadedFeed> {
    await this.forgetOld()
    const generation = newId('f')
    const now = () => this.clock.now().getTime()
    await this.change((row) => ({ ...row, others: [...row.others, { generation, since: now() }] }))
    try {
      const { advisories, passedOver } = await this.write(generation, feed)
      if (advisories === 0) throw invalid('The feed has no advisory about packages that can be served here')
      const current = { generation, loadedAt: now(), by, advisories, passedOver }
      await this.change((row) => ({
        v: 1,
        current,
        others: [
          ...row.others.filter((other) => other.generation !== generation),
          ...(row.current === undefined ? [] : [{ generation: row.current.generation, since: now() }]),
        ],
      }))
      return feedOf(current)
    } catch (failure) {
      await this.remove(generation)
      throw failure
    }
  }

  /** From now on nothing is known against anything. */
  async clear(): Promise<void> {
    await this.change(({ current, others }) => ({
      v: 1,
      others: [
        ...others,
        ...(current === undefined ? [] : [{ generation: current.generation, since: this.clock.now().getTime() }]),
      ],
    }))
    await this.forgetOld()
  }

  private async write(generation: string, feed: Readable): Promise<{ advisories: number; passedOver: number }> {
    let mutations = new Map<string, Mutation>()
    let bytes = 0
    let advisories = 0
    let passedOver = 0
    const flush = async () => {
      if (mutations.size > 0) await this.store.commit([...mutations.values()], randomHex())
      mutations = new Map()
      bytes = 0
    }
    for await (const { line, value } of recordsOf(feed)) {
      const found = advisoriesIn(value, line)
      if (found.length === 0) passedOver += 1
      for (const { ecosystem, name, advisory } of found) {
        const key = keyOf(generation, ecosystem, name, advisory.id)
        const size = Buffer.byteLength(JSON.stringify(advisory))
        if (size > advisoryLimit) throw invalid(`Line ${line} of the feed tells more of ${name} than ${advisoryLimit} bytes`)
        if (mutations.size === commitRoom.rows || bytes + size > commitRoom.bytes) await flush()
        mutations.set(`${key.partition} ${key.path.join('\0')}`, {
          op: 'put',
          key,
          value: { v: 1, d: advisory as unknown as Json },
        })
        bytes += size
        advisories += 1
      }
    }
    await flush()
    return { advisories, passedOver }
  }

  /** Whatever does not count and has settled; a load that was cut among them. */
  private async forgetOld(): Promise<void> {
    const old = this.clock.now().getTime() - settled
    for (const { generation, since } of (await this.read()).row.others) if (since <= old) await this.remove(generation)
  }

  private async remove(generation: string): Promise<void> {
    for (const ecosystem of ecosystems)
      for (let shard = 0; shard < shards; shard += 1) await this.removeShard(tenantKeys.advisories(generation, ecosystem, shard))
    await this.change((row) => ({ ...row, others: row.others.filter((other) => other.generation !== generation) }))
  }

  private async removeShard(partition: string): Promise<void> {
    let keys: Key[] = []
    const flush = async () => {
      if (keys.length > 0)
        await this.store.commit(
          keys.map((key) => ({ op: 'delete', key })),
          randomHex(),
        )
      keys = []
    }
    for await (const { key } of this.store.range(partition, {})) {
      keys.push(key)
      if (keys.length === commitRoom.rows) await flush()
    }
    await flush()
  }

  private async read(): Promise<{ readonly entry: Entry | undefined; readonly row: FeedRow }> {
    const entry = await this.store.get(tenantKeys.instance('advisories'))
    return { entry, row: entry === undefined ? { v: 1, others: [] } : readRow(feedRow, entry) }
  }

  private async change(decide: (row: FeedRow) => FeedRow): Promise<void> {
    for (;;) {
      const { entry, row } = await this.read()
      const value = decide(row) as unknown as Json
      const key = tenantKeys.instance('advisories')
      if (await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: seen(entry) }])) return
    }
  }
}

function advisoriesIn(value: unknown, line: number): readonly PackageAdvisory[] {
  try {
    return readOsvRecord(value)
  } catch (failure) {
    throw atLine(line, failure)
  }
}

function keyOf(generation: string, ecosystem: string, name: string, id: string): Key {
  const shard = (createHash('sha256').update(name).digest()[0] ?? 0) % shards
  return { partition: tenantKeys.advisories(generation, ecosystem, shard), path: [name, id] }
}

function feedOf({ loadedAt, by, advisories, passedOver }: NonNullable<FeedRow['current']>): LoadedFeed {
  return { loadedAt: new Date(loadedAt), by, advisories, passedOver }
}
