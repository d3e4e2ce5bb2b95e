import { expect } from 'chai'
import { BatchEnds } from '../../../core/housekeeping/batch-ends.js'
import { batchLife } from '../../../core/storage/batch-rows.js'
import type { RepositoryChangeSet } from '../../../core/storage/change-set.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { choreWork } from '../../support/chore-work.js'
import { failure, textOf } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

const many = Array.from({ length: 60 }, (_, n) => `set/file-${String(n).padStart(2, '0')}`)

describe('a change set that is larger than a commit', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await StorageWorld.open()
  })

  async function recorded(paths = many, content = (path: string) => path): Promise<RepositoryChangeSet> {
    const change = world.change()
    for (const path of paths) {
      change.putArtifact(path, await world.stage(content(path)), { replace: true }).putDocument(['set', 'file', path], { path })
    }
    return change
  }
  const listed = async (): Promise<readonly string[]> => {
    const names: string[] = []
    for await (const entry of world.artifacts.list('set')) names.push(`set/${entry.name}`)
    return names
  }
  const documents = async (): Promise<readonly string[]> => {
    const names: string[] = []
    for await (const { key } of world.documents.list(['set', 'file'])) names.push(key[2] ?? '')
    return names
  }
  const rowsOf = async (kinds: string) =>
    (await world.rows()).filter((row) => kinds.split(' ').some((kind) => row.startsWith(`o_1 ${kind} `)))
  const end = async () => {
    const told: string[] = []
    const chore = new BatchEnds(
      world.metadata,
      world.clock,
      (_, events) => void told.push(...events.map(({ path }) => String(path))),
    )
    await chore.run(await choreWork(world.metadata, world.clock, 'batches'))
    return told
  }

  it('appears whole, with its documents, under one step of the package', async () => {
    const committed = await (await recorded()).commit()
    expect([...committed.heads]).to.deep.equal([['set', 1]])
    expect([...committed.artifacts]).to.deep.equal(many.map((path) => [path, 'created']))
    expect(await listed()).to.deep.equal(many)
    expect(await documents()).to.deep.equal(many)
    expect(await textOf(world, 'set/file-31')).to.equal('set/file-31')
    expect(world.events.map(({ path }) => path)).to.deep.equal(many)
  })

  it('leaves the very rows that single commits would have left, once its own are forgotten', async () => {
    await (await recorded()).commit()
    world.clock.advance(2 * batchLife + 1)
    await end()
    const lasting = async () => (await world.rows()).filter((row) => !row.startsWith('o_1 l') && !row.startsWith('. '))
    const batched = await lasting()
    const batchedValues = (await world.entries()).filter(({ key }) => / [fv] /.test(key.partition.replaceAll('\0', ' ')))
    expect(batchedValues.filter(({ value }) => 'pending' in (value as object) || 'batch' in (value as object))).to.deep.equal([])
    world = await StorageWorld.open()
    for (const path of many) await (await recorded([path])).commit()
    expect(batched).to.deep.equal(await lasting())
  })

  it('is seen by nobody before, and not in part', async () => {
    const change = await recorded()
    await change.flush()
    expect(await listed()).to.deep.equal([])
    expect(await documents()).to.deep.equal([])
    expect(await world.documents.head('set')).to.equal(undefined)
    expect(world.events).to.deep.equal([])
    await change.commit()
    expect(await listed()).to.deep.equal(many)
  })

  it('keeps what stood there until all of it counts', async () => {
    await (await recorded(many.slice(0, 3), () => 'before')).commit()
    const change = await recorded(many, () => 'after')
    await change.flush()
    expect(await listed()).to.deep.equal(many.slice(0, 3))
    expect(await textOf(world, 'set/file-01')).to.equal('before')
    const { artifacts } = await change.commit()
    expect(artifacts.get('set/file-01')).to.equal('replaced')
    expect(await textOf(world, 'set/file-01')).to.equal('after')
  })

  it('takes away as many files and documents at once', async () => {
    await (await recorded()).commit()
    const change = world.change()
    for (const path of many) change.deleteArtifact(path).deleteDocument(['set', 'file', path])
    await change.flush()
    expect(await listed()).to.deep.equal(many)
    expect(await documents()).to.deep.equal(many)
    await change.commit()
    expect(await listed()).to.deep.equal([])
    expect(await documents()).to.deep.equal([])
  })

  it('leaves nothing where it is abandoned, nor where a file of it is refused', async () => {
    const before = await world.rows()
    const change = await recorded()
    await change.flush()
    await change.abandon()
    expect(await rowsOf('f v p x')).to.deep.equal(['o_1 f r_1  | d set'])

    await world
      .change()
      .putArtifact('other/final', await world.stage('first'))
      .commit()
    const refused = await recorded()
    refused.putArtifact('other/final', await world.stage('second'))
    expect((await failure(refused.commit())).detail).to.include({ path: 'other/final', reason: 'exists' })
    expect(await listed()).to.deep.equal([])
    expect(await rowsOf('p x')).to.deep.equal([])
    expect(before).to.deep.equal([])
  })

  it('leaves nothing where the package moved on under a decision that rests on it', async () => {
    const change = await recorded()
    change.requireHead('set', 0)
    await change.flush()
    await world.change().putDocument(['set', 'other'], 1).commit()
    expect((await failure(change.commit())).kind).to.equal('stale')
    expect(await listed()).to.deep.equal([])
    expect(await documents()).to.deep.equal([])
  })

  it('goes on beside other documents of the package, and is refused where one of its own was written meanwhile', async () => {
    const first = await recorded()
    await first.flush()
    await world.change().putDocument(['set', 'other'], 1).commit()
    expect([...(await first.commit()).heads]).to.deep.equal([['set', 2]])

    const second = await recorded(many, () => 'again')
    await second.flush()
    await world.change().putDocument(['set', 'file', 'set/file-07'], 'meanwhile').commit()
    expect((await failure(second.commit())).kind).to.equal('stale')
    expect(await textOf(world, 'set/file-07')).to.equal('set/file-07')
    expect((await world.documents.get(['set', 'file', 'set/file-07'])).value).to.equal('meanwhile')
  })

  it('keeps others from its paths while it is open, and loses them once it is over its time', async () => {
    const change = await recorded()
    await change.flush()
    const other = () => world.change().putArtifact('set/file-05', mine, { replace: true }).commit()
    const mine = await world.stage('mine')
    expect((await failure(other())).kind).to.equal('unavailable')
    world.clock.advance(batchLife + 1)
    expect((await other()).artifacts.get('set/file-05')).to.equal('created')
    expect((await failure(change.commit())).kind).to.equal('unavailable')
    expect(await listed()).to.deep.equal(['set/file-05'])
    expect(await textOf(world, 'set/file-05')).to.equal('mine')
  })

  it('spends no coordinates before it is done', async () => {
    const change = world.change()
    for (const path of many) change.putArtifact(path, await world.stage('first'))
    await change.flush()
    await change.abandon()
    const other = await world
      .change()
      .putArtifact('set/file-03', await world.stage('second'))
      .commit()
    expect(other.artifacts.get('set/file-03')).to.equal('created')
  })

  it('that a crash cut off vanishes by itself', async () => {
    await (await recorded()).flush()
    expect(await end()).to.deep.equal([])
    expect((await rowsOf('x')).length).to.be.greaterThan(1)
    world.clock.advance(2 * batchLife + 1)
    await end()
    expect(await rowsOf('f v p x')).to.deep.equal(['o_1 f r_1  | d set'])
    expect((await world.rows()).filter((row) => row.includes('| ref'))).to.deep.equal([])
  })

  it('whose rows a crash left behind is read as what it is, and written out and told of by the chore', async () => {
    // The store dies with the one commit that makes all of it count.
    class Dying extends MemoryMetadataStore {
      dead = false
      override async commit(...[mutations, token]: Parameters<MemoryMetadataStore['commit']>) {
        if (this.dead) throw new Error('dead')
        await super.commit(mutations, token)
        this.dead = mutations.some((one) => one.op === 'put' && (one.value as { state?: string }).state === 'done')
      }
    }
    const metadata = new Dying()
    world = await StorageWorld.open(metadata)
    await (await recorded()).commit()
    metadata.dead = false
    expect(await listed()).to.deep.equal(many)
    expect(await documents()).to.deep.equal(many)
    expect(world.events).to.deep.equal([])
    const { artifacts } = await world
      .change()
      .putArtifact('set/file-00', await world.stage('new'), { replace: true })
      .commit()
    expect(artifacts.get('set/file-00')).to.equal('replaced')
    expect(await end()).to.deep.equal(many)
    expect(await textOf(world, 'set/file-00')).to.equal('new')
    expect(await end()).to.deep.equal([])
  })
})
