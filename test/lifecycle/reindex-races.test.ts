import { expect } from 'chai'
import { randomHex } from '../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, Key, MetadataStore, Mutation } from '../../core/storage/metadata-store.js'
import { row } from '../../core/storage/storage-rows.js'
import binaries from '../../examples/new-format/binaries.js'
import api from '../../plugins/api/index.js'
import { mavenPlugin } from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import { pypiPlugin } from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { WrappedStore } from '../faults/wrapped-store.js'
import { bothLists } from '../support/both-lists.js'
import { destroyDerived } from '../support/derived-rows.js'
import { type House, openHouse } from '../support/house.js'
import { operatorOf } from '../support/management.js'
import { shelves } from '../support/shelves.js'

/** Builds that this test has to catch: a reindex that does not hold the head of the package whose documents it read, or a publish that does not hold the
 *  name that it found right. */
type Careless = 'head' | 'name'

/** A store whose calls arrive in any order. */
class UnsteadyStore extends WrappedStore {
  override readonly name = 'unsteady'

  constructor(
    store: MetadataStore,
    private readonly careless?: Careless,
  ) {
    super(store)
  }

  override async get(key: Key): Promise<Entry | undefined> {
    const found = await this.store.get(key)
    await turns(3)
    return found
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    await turns(6)
    const ofReindex = mutations.some(({ key }) => key.path[0] === 'reindex')
    await this.store.commit(
      mutations.filter((one) => one.op !== 'check' || !this.forgets(one.key, ofReindex)),
      token,
    )
  }

  private forgets({ partition, path }: Key, ofReindex: boolean): boolean {
    if (this.careless === 'head') return ofReindex && path[0] === 'head'
    return this.careless === 'name' && !ofReindex && partition.split('\0')[1] === 'n'
  }
}

async function turns(most: number): Promise<void> {
  for (let left = Math.floor(Math.random() * most); left > 0; left--) await new Promise((resolve) => setImmediate(resolve))
}

function openUnsteady(careless?: Careless): Promise<House> {
  return openHouse({
    plugins: [mavenPlugin(), npm, pypiPlugin(), raw, binaries, api],
    repositories: shelves.map(({ format }) => ({ name: format, format })),
    parts: async () => ({ metadata: new UnsteadyStore(new MemoryMetadataStore(), careless) }),
  })
}

async function reindex(house: House, repository: string): Promise<void> {
  await operatorOf(house).done('POST', `repositories/${repository}/reindex`, {})
  await house.kernel.chores.run('reindex')
}

/** Folders without a row in which, or below which, a file lies. */
async function lostFolders(house: House): Promise<readonly string[]> {
  const needed = new Set<string>()
  const there = new Set<string>()
  for await (const { entry } of house.parts.metadata.scan()) {
    const [org, kind, repo, folder = ''] = entry.key.partition.split('\0')
    if (kind !== 'f') continue
    const name = entry.key.path[1] ?? ''
    if (entry.key.path[0] === 'd') there.add(`${org} ${repo} ${folder === '' ? name : `${folder}/${name}`}`)
    else if (row<{ v: 1; state: string }>(entry.value).state === 'present' && folder !== '') {
      const segments = folder.split('/')
      for (let depth = 1; depth <= segments.length; depth++) needed.add(`${org} ${repo} ${segments.slice(0, depth).join('/')}`)
    }
  }
  return [...needed].filter((folder) => !there.has(folder))
}

describe('a reindex while others publish', function () {
  this.timeout(120_000)
  const rounds = 25

  for (const shelf of shelves) {
    it(`of ${shelf.format} overwrites nothing with what is older`, async () => {
      const house = await openUnsteady()
      try {
        await shelf.publish(house, shelf.format, '1.0.0')
        for (let round = 1; round <= rounds; round++) {
          await destroyDerived(house.parts.metadata)
          const [next, last] = [`1.${round}.0`, `1.${round - 1}.0`]
          const [answer] = await Promise.all([
            operatorOf(house).send('DELETE', `packages/${shelf.format}/${shelf.name}/${shelf.version(last)}`),
            round % 5 === 0 ? undefined : shelf.publish(house, shelf.format, next),
            reindex(house, shelf.format),
          ])
          expect(answer.status, answer.text()).to.equal(204)
          const { listed, described } = await bothLists(house)
          expect(listed, `round ${round}`).to.deep.equal(described)
          expect(await lostFolders(house)).to.deep.equal([])
          // The package was gone whole.
          if (round % 5 === 0) await shelf.publish(house, shelf.format, next)
        }
      } finally {
        await house.close()
      }
    })
  }

  /** In how many rounds the list said otherwise than the documents in the end: a name that is wrong becomes right in the very moment of the reindex. */
  async function wrongEnds(careless: Careless | undefined, most: number): Promise<number> {
    const house = await openUnsteady(careless)
    try {
      const shelf = shelves.find(({ format }) => format === 'npm')
      for (const version of ['1.0.0', '2.0.0']) await shelf?.publish(house, 'npm', version)
      const nameRow = async () => {
        for await (const { entry } of house.parts.metadata.scan()) if (entry.key.partition.split('\0')[1] === 'n') return entry
        throw new Error('there is no name')
      }
      const latest = (version: string) =>
        house.call('PUT', '/acme/npm/-/package/@acme%2fui/dist-tags/latest', {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(version),
        })
      for (let round = 0; round < most; round++) {
        const { key, value } = await nameRow()
        expect((await latest('1.0.0')).status).to.equal(201)
        await house.parts.metadata.commit([{ op: 'put', key, value }], randomHex())
        const [answer] = await Promise.all([turns(20).then(() => latest('2.0.0')), reindex(house, 'npm')])
        expect(answer.status).to.equal(201)
        const { listed, described } = await bothLists(house)
        if (JSON.stringify(listed) !== JSON.stringify(described)) return 1
      }
      return 0
    } finally {
      await house.close()
    }
  }

  it('is right in the end where a name became right just then', async () => {
    expect(await wrongEnds(undefined, 100)).to.equal(0)
  })
  for (const careless of ['head', 'name'] as const) {
    it(`is caught where a commit does not hold the ${careless}`, async () => {
      expect(await wrongEnds(careless, 2_000)).to.equal(1)
    })
  }
})
