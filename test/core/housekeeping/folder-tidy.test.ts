import { expect } from 'chai'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { SweptWorld } from '../../support/sweeping.js'

const hour = 3_600_000
const day = 24 * hour

describe('the sweeper, of folders', () => {
  let swept: SweptWorld
  beforeEach(async () => {
    swept = await SweptWorld.open()
  })
  const listed = async (folder: string) => {
    const names: string[] = []
    for await (const { name } of swept.world.artifacts.list(folder)) names.push(name)
    return names
  }
  const hints = async () => (await swept.rows()).filter((name) => / \| d /.test(name))

  it('in which nothing lies any more lose their rows, deepest first, and come back with a file', async () => {
    await swept.put('a/b/c/d.txt', 'one')
    await swept.put('a/x.txt', 'two')
    await swept.remove('a/b/c/d.txt')
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'mark-folder': 2 })
    swept.world.clock.advance(25 * hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'drop-folder': 2 })
    expect([await hints(), await listed('a')]).to.deep.equal([['o_1 f r_1  | d a'], ['x.txt']])
    await swept.put('a/b/c/e.txt', 'three')
    expect([await listed('a'), await listed('a/b'), await listed('a/b/c')]).to.deep.equal([['b', 'x.txt'], ['c'], ['e.txt']])
  })

  it('that were marked are written anew by whoever puts a file there', async () => {
    await swept.put('a/b/c.txt', 'one')
    await swept.remove('a/b/c.txt')
    await swept.sweeping.run()
    await swept.put('a/b/d.txt', 'two')
    await swept.sweepEach(2 * day, 4)
    expect([await listed(''), await listed('a'), await listed('a/b')]).to.deep.equal([['a'], ['b'], ['d.txt']])
  })

  it('that got a file from a commit which saw them unmarked stay', async () => {
    await swept.put('a/b.txt', 'one')
    await swept.remove('a/b.txt')
    await swept.sweeping.run()
    // Its plan was made before the mark, so it wrote no hint.
    const artifact = tenantKeys.artifact('o_1', 'r_1', 'a/c.txt')
    const like = await swept.world.metadata.get(tenantKeys.artifact('o_1', 'r_1', 'a/b.txt'))
    await swept.world.metadata.commit(
      [{ op: 'put', key: artifact, value: { ...(like?.value as object), state: 'present' } }],
      randomHex(),
    )
    await swept.sweepEach(2 * day, 2)
    expect([await listed(''), await hints()]).to.deep.equal([['a'], ['o_1 f r_1  | d a']])
  })
})
