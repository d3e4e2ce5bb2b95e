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
    // Its parts are told beside each other.
    expect(world.events.map(({ path }) => path).sort()).to.deep.equal(many)
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

  it('that takes files away and is abandoned leaves all of them', async () => {
    await (await recorded()).commit()
    const removal = world.change()
    for (const path of many) removal.deleteArtifact(path)
    await removal.flush()
    await removal.abandon()
    expect(await listed()).to.deep.equal(many)
    for (const path of many) await world.change().deleteArtifact(path).commit()
    expect(await listed()).to.deep.equal([])
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

  describe('with more packages than a commit takes', () => {
    const packages = Array.from({ length: 130 }, (_, n) => `pkg-${String(n).padStart(3, '0')}`)
    const described = async () => {
      const change = world.change()
      for (const pkg of packages)
        change
          .putArtifact(`${pkg}/file`, await world.stage(pkg), { replace: true })
          .putDocument([pkg, 'doc'], { pkg })
          .requireHead(pkg, (await world.documents.head(pkg))?.sequence ?? 0)
          .describe(pkg, { description: pkg })
      return change
    }
    const heads = async () => {
      const found: (number | undefined)[] = []
      for (const pkg of packages) found.push((await world.documents.head(pkg))?.sequence)
      return [...new Set(found)]
    }
    const present = async () => {
      let count = 0
      for (const pkg of packages) if (await world.documents.find([pkg, 'doc'])) count++
      return count
    }

    it('appears whole, heads and names with it, and goes on as single commits would', async () => {
      const { heads: raised } = await (await described()).commit()
      expect([...raised]).to.deep.equal(packages.map((pkg) => [pkg, 1]))
      expect([await heads(), await present()]).to.deep.equal([[1], 130])
      expect((await rowsOf('n')).length).to.equal(130)
      expect((await world.entries()).filter(({ value }) => 'pending' in (value as object))).to.deep.equal([])
      await (await described()).commit()
      expect(await heads()).to.deep.equal([2])
      await world.change().requireHead('pkg-007', 2).putDocument(['pkg-007', 'doc'], 'next').commit()
      expect((await world.documents.head('pkg-007'))?.sequence).to.equal(3)
    })

    it('leaves nothing, not one head, where one of the packages moved on under the decision', async () => {
      const before = await rowsOf('f v p n')
      const change = await described()
      await change.flush()
      await world.change().putDocument(['pkg-120', 'other'], 1).commit()
      const refused = await failure(change.commit())
      expect([refused.kind, refused.detail['package']]).to.deep.equal(['stale', 'pkg-120'])
      expect([await heads(), await present()]).to.deep.equal([[undefined, 1], 0])
      expect((await rowsOf('p n')).filter((row) => !row.includes('pkg-120'))).to.deep.equal(
        before.filter((row) => / [pn] /.test(row)),
      )
    })

    it('that a crash cut off before its end is taken back by whoever comes to one of its packages, once it is over its time', async () => {
      const real = world.metadata.commit.bind(world.metadata)
      world.metadata.commit = async (mutations, token) => {
        if (
          mutations.some(
            ({ op, key, ...rest }) => op === 'put' && key.path[0] === 'batch' && JSON.stringify(rest).includes('"done"'),
          )
        )
          throw new Error('the process is gone')
        if (gone) throw new Error('the process is gone')
        await real(mutations, token)
      }
      let gone = false
      const attempt = described().then((change) => change.commit())
      await failure(attempt.finally(() => (gone = true)))
      world.metadata.commit = real
      expect([await heads(), await present()]).to.deep.equal([[undefined], 0])
      world.clock.advance(batchLife + 1)
      await world.change().putDocument(['pkg-005', 'doc'], 'mine').commit()
      expect((await world.documents.head('pkg-005'))?.sequence).to.equal(1)
      await end()
      expect([await heads(), await present()]).to.deep.equal([[undefined, 1], 1])
    })

    it('is read as what it is where a crash came right after its end, and whoever comes next finds it written out', async () => {
      const real = world.metadata.commit.bind(world.metadata)
      let done = false
      world.metadata.commit = async (mutations, token) => {
        if (done) throw new Error('the process is gone')
        await real(mutations, token)
        done ||= mutations.some((mutation) => mutation.op === 'put' && JSON.stringify(mutation.value).includes('"state":"done"'))
      }
      await (await described()).commit()
      world.metadata.commit = real
      expect(done).to.equal(true)
      expect([await heads(), await present(), (await rowsOf('n')).length]).to.deep.equal([[1], 130, 0])
      await world.change().requireHead('pkg-009', 1).putDocument(['pkg-009', 'doc'], 'next').commit()
      expect((await world.documents.head('pkg-009'))?.sequence).to.equal(2)
      expect((await rowsOf('n')).length, 'names came with the heads').to.equal(130)
    })
  })
})
