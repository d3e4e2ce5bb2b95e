import { expect } from 'chai'
import type { StoredArtifact } from '../../../core/storage/stored-artifact.js'
import { StorageWorld } from '../../support/storage-world.js'

const place = { organizationId: 'o_1', repositoryId: 'r_1', actor: 'u_1', limit: 1000, digests: [], declared: undefined }

describe('bytes that lie in the store already', () => {
  let world: StorageWorld
  let file: StoredArtifact
  beforeEach(async () => {
    world = await StorageWorld.open()
    await world
      .change()
      .putArtifact('a', await world.stage('content'))
      .commit()
    file = await world.artifacts.get('a')
  })
  const read = async (path: string) => Buffer.from((await (await world.artifacts.get(path)).small()) ?? []).toString()

  it('take one more name without being written again', async () => {
    await world.change().putArtifact('b', world.uploads.known(file, place)).commit()
    expect([await read('b'), (await world.keys()).length]).to.deep.equal(['content', 1])
  })

  it('are written anew where the blob that holds them is being collected', async () => {
    const entry = (await world.entries()).find(({ key }) => key.path[0] === 'blob')
    if (entry === undefined) throw new Error('no blob')
    const value = { ...(entry.value as object), state: 'condemned' }
    await world.metadata.commit([{ op: 'put', key: entry.key, value, if: { revision: entry.revision } }], 'condemn')
    await world.change().putArtifact('b', world.uploads.known(file, place)).commit()
    expect((await world.artifacts.get('b')).row.blob).not.to.equal(file.row.blob)
    expect([await read('b'), (await world.keys()).length]).to.deep.equal(['content', 2])
    expect(
      (await world.rows()).filter((row) => row.startsWith('o_1 i')),
      'its intent is gone',
    ).to.deep.equal([])
  })

  it('leave nothing when nobody names them', async () => {
    const before = await world.rows()
    await world.uploads.known(file, place).discard(world.metadata)
    expect([await world.rows(), await read('a')]).to.deep.equal([before, 'content'])
  })
})
