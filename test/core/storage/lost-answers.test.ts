import { expect } from 'chai'
import { unavailable } from '../../../core/errors/registry-error.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
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
})
