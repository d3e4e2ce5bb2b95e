import { expect } from 'chai'
import { unavailable } from '../../../core/errors/registry-error.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, Key, Mutation } from '../../../core/storage/metadata-store.js'
import { failure, oneFile, textOf } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

/** Loses the answer of the first commits that carry an artifact: after they were applied, or instead. */
class ForgetfulStore extends MemoryMetadataStore {
  forget = 0
  constructor(private readonly applies: boolean) {
    super()
  }
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const carries = mutations.some(({ key }) => key.path[0] === 'a')
    if (carries && this.forget-- > 0) {
      if (this.applies) await super.commit(mutations, token)
      throw unavailable('lost')
    }
    await super.commit(mutations, token)
  }
}

describe('a commit whose answer is lost', () => {
  for (const [what, applies] of [
    ['was applied', true],
    ['was not applied', false],
  ] as const)
    it(`is settled, and counts once, where it ${what}`, async () => {
      const store = new ForgetfulStore(applies)
      store.forget = 1
      const world = await StorageWorld.open(store)
      await world
        .change()
        .putArtifact('a/b.txt', await world.stage('abc'))
        .commit()
      expect(await world.rows()).to.deep.equal(oneFile)
      expect(await textOf(world, 'a/b.txt')).to.equal('abc')
    })

  it('is unavailable where it stays unknown, and leaves the bytes, since a row may name them', async () => {
    const store = new ForgetfulStore(false)
    store.forget = 1_000
    const world = await StorageWorld.open(store)
    const upload = await world.stage('abc')
    expect((await failure(world.change().putArtifact('f', upload).commit())).kind).to.equal('unavailable')
    await upload.discard(world.metadata)
    expect(await world.keys()).to.have.length(1)
  })

  it('is sent again only as long as what is asked then can end within 30 seconds', async () => {
    const store = new ForgetfulStore(false)
    store.forget = 1_000
    const world = await StorageWorld.open(store)
    const commit = store.commit.bind(store)
    let sent = 0
    store.commit = async (mutations, token) => {
      if (mutations.some(({ key }) => key.path[0] === 'a')) {
        sent += 1
        world.clock.advance(10_000)
      }
      return commit(mutations, token)
    }
    const change = world.change().putArtifact('f', await world.stage('abc'))
    expect((await failure(change.commit())).kind).to.equal('unavailable')
    expect(sent).to.equal(1)
  })

  it('is not called refused where its own rows refuse the repeat and nobody can look', async () => {
    /** One that has forgotten the token by the time it is used again. */
    class BlindStore extends ForgetfulStore {
      blind = 0
      override commit(mutations: readonly Mutation[]): Promise<void> {
        return super.commit(mutations, randomHex())
      }
      override async get(key: Key): Promise<Entry | undefined> {
        if (key.partition.split('\0')[1] === 'l' && this.blind-- > 0) throw unavailable('no answer')
        return super.get(key)
      }
    }
    const store = new BlindStore(true)
    const world = await StorageWorld.open(store)
    const upload = await world.stage('abc')
    store.forget = 1
    store.blind = 100
    expect((await failure(world.change().putArtifact('a/b.txt', upload).commit())).kind).to.equal('unavailable')
    expect(store.forget).to.be.lessThan(1)
    expect(await textOf(world, 'a/b.txt')).to.equal('abc')
    expect(store.blind).to.be.lessThan(100)
  })
})
