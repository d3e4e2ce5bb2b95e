import { expect } from 'chai'
import { StorageWorld } from '../../support/storage-world.js'

async function listing(world: StorageWorld, folder: string, query = {}): Promise<readonly string[]> {
  const names: string[] = []
  for await (const entry of world.artifacts.list(folder, query))
    names.push(entry.kind === 'folder' ? `${entry.name}/` : entry.name)
  return names
}

describe('a listing of a folder', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await StorageWorld.open()
    for (const path of ['b.txt', 'a/x/deep.txt', 'c/only.txt', 'ab.txt', 'é.txt', 'a.txt'])
      await world
        .change()
        .putArtifact(path, await world.stage(path), { replace: true })
        .commit()
  })

  it('has files and folders in byte order, and pages by name', async () => {
    expect(await listing(world, '')).to.deep.equal(['a/', 'a.txt', 'ab.txt', 'b.txt', 'c/', 'é.txt'])
    expect(await listing(world, 'a')).to.deep.equal(['x/'])
    expect(await listing(world, '', { after: 'ab.txt', limit: 2 })).to.deep.equal(['b.txt', 'c/'])
    expect(await listing(world, 'nowhere')).to.deep.equal([])
  })

  it('leaves out a folder whose files are all gone', async () => {
    await world.change().deleteArtifact('c/only.txt').commit()
    await world.change().deleteArtifact('a/x/deep.txt').commit()
    expect(await listing(world, '')).to.deep.equal(['a.txt', 'ab.txt', 'b.txt', 'é.txt'])
    await world
      .change()
      .putArtifact('a/x/new.txt', await world.stage('n'))
      .commit()
    expect(await listing(world, '')).to.deep.equal(['a/', 'a.txt', 'ab.txt', 'b.txt', 'é.txt'])
  })

  it('computes a digest when it is first asked for, and keeps it', async () => {
    const md5 = await world.artifacts.digest('b.txt', 'md5')
    expect(md5).to.match(/^[0-9a-f]{32}$/)
    expect((await world.rows()).filter((row) => row.endsWith('| digests'))).to.have.length(1)
    expect(await world.artifacts.digest('b.txt', 'md5')).to.equal(md5)
  })

  it('computes it once for many who ask at once, and loses none of two kinds', async () => {
    let opened = 0
    const { open } = world.sealed
    world.sealed.open = (...args) => {
      opened++
      return open.apply(world.sealed, args)
    }
    const asked = await Promise.all(Array.from({ length: 20 }, () => world.artifacts.digest('b.txt', 'sha512')))
    expect([new Set(asked).size, opened]).to.deep.equal([1, 1])
    await world.artifacts.digest('b.txt', 'md5')
    const kept = (await world.entries()).filter(({ key }) => key.path[0] === 'digests')
    expect(kept.map(({ value }) => Object.keys((value as { digests: object }).digests))).to.deep.equal([['sha512', 'md5']])
  })
})
