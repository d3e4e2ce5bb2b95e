import { expect } from 'chai'
import type { RepositoryChangeSet } from '../../../core/storage/change-set.js'
import { textOf } from '../../support/commit-outcome.js'
import { SweptWorld } from '../../support/sweeping.js'

const day = 86_400_000
const many = Array.from({ length: 60 }, (_, n) => `set/sub/file-${String(n).padStart(2, '0')}`)

describe('the sweeper, beside a batch that is open', () => {
  let swept: SweptWorld
  let change: RepositoryChangeSet
  beforeEach(async () => {
    swept = await SweptWorld.open({ keepVersions: 0, undoDays: 0 })
    // What stood there is over, and would be purged; the folder would be tidied.
    await swept.put(many[0] ?? '', 'first')
    await swept.put(many[0] ?? '', 'second')
    await swept.put(many[1] ?? '', 'gone')
    await swept.remove(many[1] ?? '')
    await swept.put('other/file', 'gone too')
    await swept.remove('other/file')
    change = swept.world.change()
    for (const path of many) change.putArtifact(path, await swept.world.stage(`of ${path}`), { replace: true })
    await change.flush()
  })
  const rowsOf = async (path: string) => (await swept.rows()).filter((row) => row.startsWith(`o_1 v r_1 ${path} `))
  const listed = async (folder: string) => {
    const names: string[] = []
    for await (const { name } of swept.world.artifacts.list(folder)) names.push(name)
    return names
  }

  it('leaves the versions and folders that the batch writes on alone, for as long as it is open, and takes others', async () => {
    const before = await Promise.all(many.map(rowsOf))
    for (let at = 0; at < 5; at++) {
      swept.world.clock.advance(10 * day)
      await swept.sweeping.watch.run()
      const { done } = await swept.sweeping.run({ dryRun: false, confirmed: true })
      if (at === 0) expect([done['purge'], done['mark-folder']]).to.deep.equal([1, 1])
    }
    expect(await Promise.all(many.map(rowsOf))).to.deep.equal(before)
    expect(await listed('')).to.deep.equal(['set'])
    expect(await textOf(swept.world, many[0] ?? '')).to.equal('second')
    await change.commit()
    for (const path of many) expect(await textOf(swept.world, path)).to.equal(`of ${path}`)
    expect(await listed('set/sub')).to.have.length(many.length)
  })

  it('takes what it left once it is abandoned', async () => {
    await change.abandon()
    for (let at = 0; at < 8; at++) {
      swept.world.clock.advance(10 * day)
      await swept.sweeping.watch.run()
      await swept.sweeping.run({ dryRun: false, confirmed: true })
    }
    expect(await listed('set/sub')).to.deep.equal([many[0]?.slice('set/sub/'.length)])
    expect(await swept.world.keys()).to.have.length(1)
    expect(await textOf(swept.world, many[0] ?? '')).to.equal('second')
  })
})
