import { expect } from 'chai'
import { ReindexChore } from '../../core/lifecycle/reindex-chore.js'
import { randomHex } from '../../core/runtime/identifiers.js'
import type { Json } from '../../core/runtime/json.js'
import { silentLogger } from '../../core/runtime/logger.js'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'
import { AccessEpoch } from '../../core/tenancy/access-epoch.js'
import { StoredTenancy } from '../../core/tenancy/stored-tenancy.js'
import { WrappedStore } from '../faults/wrapped-store.js'
import { choreWork } from '../support/chore-work.js'
import { destroyDerived, storedRows } from '../support/derived-rows.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { operatorOf } from '../support/management.js'
import { openShelves, shelves } from '../support/shelves.js'

class Dead extends Error {}

/** The process dies at its commit number `last`, before it arrives or after it: nothing of it is heard of any more. */
class DyingStore extends WrappedStore {
  commits = 0
  private dead = false

  constructor(
    store: MetadataStore,
    private readonly last: number,
    private readonly arrives: boolean,
  ) {
    super(store)
  }

  override async get(key: Key): Promise<Entry | undefined> {
    this.live()
    return super.get(key)
  }
  override range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    this.live()
    return super.range(partition, query)
  }
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    this.live()
    this.commits += 1
    this.dead = this.commits === this.last
    if (!this.dead || this.arrives) await super.commit(mutations, token)
    this.live()
  }
  private live(): void {
    if (this.dead) throw new Dead('the process is gone')
  }
}

describe('a reindex that is killed', function () {
  this.timeout(60_000)
  let house: House
  const clock = new FixedClock()
  before(async () => {
    house = await openShelves(clock)
    for (const shelf of shelves) for (const version of ['1.0.0', '2.0.0']) await shelf.publish(house, shelf.format, version)
    for (const name of ['a', 'b', 'c', 'd'])
      await house
        .call('PUT', `/acme/npm/-/x`, { body: name })
        .then(() => house.call('PUT', `/acme/raw/more/${name}/deep/file.txt`, { body: name }))
  })
  after(() => house.close())

  /** The chore as another process has it. */
  async function run(store: MetadataStore): Promise<unknown> {
    const tenancy = new StoredTenancy(store, new AccessEpoch(store), clock)
    const plugin = (format: string) => house.kernel.plugins().find(({ name }) => name === format)
    const parts = { metadata: store, clock, log: silentLogger, tenancy, isReadOnly: async () => false, plugin }
    const work = await choreWork(house.parts.metadata, clock, 'reindex')
    return new ReindexChore({ ...parts, pace: { rows: 25, pause: 0 } }).run(work).catch((thrown: unknown) => {
      if (!(thrown instanceof Dead)) throw thrown
    })
  }
  const ask = (repository: string, body: object) => operatorOf(house).done('POST', `repositories/${repository}/reindex`, body)
  const told = async (repository: string) => {
    const { state, changes, files, packages } = await operatorOf(house).done('GET', `repositories/${repository}/reindex`)
    return { state, changes, files, packages }
  }

  for (const repository of ['raw', 'maven'])
    for (const dryRun of [false, true])
      it(`of ${repository}${dryRun ? ', dry,' : ''} goes on where it was, and counts nothing twice, whenever that is`, async () => {
        const whole = await storedRows(house.parts.metadata)
        await destroyDerived(house.parts.metadata)
        const destroyed = await storedRows(house.parts.metadata)
        const counting = new DyingStore(house.parts.metadata, 0, true)
        await ask(repository, { dryRun })
        await run(counting)
        const wanted = await told(repository)
        const reindexed = await storedRows(house.parts.metadata)
        if (!dryRun) expect(reindexed).to.not.deep.equal(destroyed)
        expect(wanted.state).to.equal('done')
        for (let last = 1; last <= counting.commits; last++)
          for (const arrives of [false, true]) {
            await restore(destroyed)
            await ask(repository, { dryRun })
            await run(new DyingStore(house.parts.metadata, last, arrives))
            await run(house.parts.metadata)
            expect(await told(repository), `killed at commit ${last}`).to.deep.equal(wanted)
            expect(Object.fromEntries(await storedRows(house.parts.metadata))).to.deep.equal(Object.fromEntries(reindexed))
          }
        await restore(whole)
      })

  /** Derived rows as they were. */
  async function restore(rows: ReadonlyMap<string, Json>): Promise<void> {
    const { metadata } = house.parts
    const text = ({ partition, path }: Key) => `${partition.replaceAll('\0', ' ')} | ${path.join(' ')}`
    for await (const { entry } of metadata.scan()) {
      const [, kind] = entry.key.partition.split('\0')
      if (kind !== 'n' && !(kind === 'f' && entry.key.path[0] === 'd')) continue
      if (!rows.has(text(entry.key))) await metadata.commit([{ op: 'delete', key: entry.key }], randomHex())
    }
    for (const [key, value] of rows) {
      const [partition = '', path = ''] = key.split(' | ')
      const parts = partition.split(' ')
      if (parts[1] === 'n' || (parts[1] === 'f' && path.startsWith('d ')))
        await metadata.commit([{ op: 'put', key: { partition: parts.join('\0'), path: path.split(' ') }, value }], randomHex())
    }
  }
})
