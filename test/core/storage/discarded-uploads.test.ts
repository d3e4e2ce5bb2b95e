import { Readable } from 'node:stream'
import { expect } from 'chai'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import { ContextSession } from '../../../core/tenancy/context-session.js'
import { failure, oneFile, textOf } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

/** Holds back the commits that are chosen, until it is told to go on. */
class HeldStore extends MemoryMetadataStore {
  holds: (mutations: readonly Mutation[]) => boolean = () => false
  readonly reached: Promise<void>
  go: () => void = () => {}
  private reach: () => void = () => {}
  private readonly told: Promise<void>
  constructor() {
    super()
    this.reached = new Promise((resolve) => {
      this.reach = resolve
    })
    this.told = new Promise((resolve) => {
      this.go = resolve
    })
  }
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.holds(mutations)) {
      this.reach()
      await this.told
    }
    await super.commit(mutations, token)
  }
}

const names = (mutations: readonly Mutation[]) => mutations.some(({ key }) => key.path[0] === 'a')
const takesIntent = (mutations: readonly Mutation[]) => mutations.length === 1 && mutations[0]?.op === 'delete'

describe('an upload that is dropped while a commit is about to name it', () => {
  let store: HeldStore
  let world: StorageWorld
  beforeEach(async () => {
    store = new HeldStore()
    world = await StorageWorld.open(store)
  })

  it('is not named where it was dropped first', async () => {
    const upload = await world.stage('abc')
    store.holds = names
    const commit = failure(world.change().putArtifact('a/b.txt', upload).commit())
    await store.reached
    await upload.discard(store)
    store.go()
    expect((await commit).kind).to.equal('unavailable')
    expect([await world.rows(), await world.keys()]).to.deep.equal([[], []])
  })

  it('keeps its bytes where it was named first', async () => {
    const upload = await world.stage('abc')
    store.holds = (mutations) => names(mutations) || takesIntent(mutations)
    const commit = world.change().putArtifact('a/b.txt', upload).commit()
    await store.reached
    const discard = upload.discard(store)
    store.holds = () => false
    store.go()
    await Promise.all([commit, discard])
    expect(await world.rows()).to.deep.equal(oneFile)
    expect(await textOf(world, 'a/b.txt')).to.equal('abc')
  })
})

describe('an upload', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await StorageWorld.open()
  })

  it('that ends after its request has ended is dropped, not forgotten', async () => {
    const session = new ContextSession(world.metadata)
    await session.close()
    const thrown = await session.keep(await world.stage('late')).catch((reason: Error) => reason)
    expect(thrown).to.be.instanceOf(Error)
    expect([await world.rows(), await world.keys()]).to.deep.equal([[], []])
  })

  it('that was given up while it ran is to be sent again, and leaves nothing', async () => {
    async function* slow() {
      yield Buffer.from('first')
      // Whoever collects what nobody finishes takes the intent first.
      for (const { key } of await world.entries()) await world.metadata.commit([{ op: 'delete', key }], randomHex())
      world.clock.advance(16 * 60_000)
      yield Buffer.from('second')
    }
    const refused = await failure(world.stage(Readable.from(slow(), { objectMode: false, highWaterMark: 1 })))
    expect(refused.kind).to.equal('unavailable')
    expect([await world.rows(), await world.keys()]).to.deep.equal([[], []])
  })
})
