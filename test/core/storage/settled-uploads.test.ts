import { expect } from 'chai'
import { StorageWorld } from '../../support/storage-world.js'

describe('uploads that are durable before their commit', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await StorageWorld.open()
  })
  const settle = async (content: string) => world.uploads.settle(await world.stage(content))

  it('can be read, and are named by a commit like any other', async () => {
    const upload = await settle('content')
    expect(Buffer.from((await upload.small()) ?? []).toString()).to.equal('content')
    await world.change().putArtifact('a', upload).commit()
    await upload.discard(world.metadata)
    expect(Buffer.from((await (await world.artifacts.get('a')).small()) ?? []).toString()).to.equal('content')
    expect((await world.rows()).filter((row) => row.startsWith('o_1 i'))).to.deep.equal([])
  })

  it('leave nothing where nobody names them', async () => {
    const upload = await settle('content')
    expect(await world.keys()).to.have.length(1)
    await upload.discard(world.metadata)
    expect([await world.keys(), await world.rows()]).to.deep.equal([[], []])
  })

  it('leave nothing beside equal bytes that were there', async () => {
    await world
      .change()
      .putArtifact('a', await world.stage('content'))
      .commit()
    const upload = await settle('content')
    await world.change().putArtifact('b', upload).commit()
    await upload.discard(world.metadata)
    expect(await world.keys()).to.have.length(1)
  })
})
