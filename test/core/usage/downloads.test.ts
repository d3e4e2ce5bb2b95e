import { expect } from 'chai'
import { silentLogger } from '../../../core/runtime/logger.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import { DownloadCounter } from '../../../core/usage/download-counter.js'
import { DownloadCounts, type VersionDownloads } from '../../../core/usage/download-counts.js'
import { FixedClock } from '../../support/fixed-clock.js'

/** Fails as often as it is told to, with nothing written. */
class UncertainStore extends MemoryMetadataStore {
  failures = 0
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('the disk is gone')
    }
    await super.commit(mutations, token)
  }
}

describe('downloads', () => {
  let metadata: UncertainStore
  let clock: FixedClock
  let counts: DownloadCounts
  const process = () => new DownloadCounter(metadata, clock, silentLogger)
  beforeEach(() => {
    metadata = new UncertainStore()
    clock = new FixedClock(Date.UTC(2026, 10, 24, 23, 59))
    counts = new DownloadCounts(metadata)
  })
  const versions = async (pkg: string) => {
    const found: VersionDownloads[] = []
    for await (const one of counts.versions('o_1', 'r_1', pkg)) found.push(one)
    return found
  }

  it('are counted by package, day and version, and nothing is written before the minute is over', async () => {
    const one = process()
    one.note('o_1', 'r_1', '@acme/ui', '1.0.0')
    const first = clock.now()
    clock.advance(120_000)
    one.note('o_1', 'r_1', '@acme/ui', '1.1.0')
    one.note('o_1', 'r_1', '@acme/ui', '1.1.0')
    const second = clock.now()
    expect(await counts.of('o_1', 'r_1', '@acme/ui')).to.deep.equal({ total: 0, days: [] })
    await one.flush()
    expect(await counts.of('o_1', 'r_1', '@acme/ui')).to.deep.equal({
      total: 3,
      last: second,
      days: [
        { day: '2026-11-24', count: 1 },
        { day: '2026-11-25', count: 2 },
      ],
    })
    expect(await versions('@acme/ui')).to.deep.equal([
      { version: '1.0.0', total: 1, last: first },
      { version: '1.1.0', total: 2, last: second },
    ])
    expect((await counts.of('o_1', 'r_1', '@acme/ui', { from: '2026-11-25', to: '2026-11-25' })).days).to.deep.equal([
      { day: '2026-11-25', count: 2 },
    ])
  })

  it('of two processes add up, written at the same moment', async () => {
    const [one, other] = [process(), process()]
    for (let n = 0; n < 5; n++) one.note('o_1', 'r_1', 'ui', '1.0.0')
    for (let n = 0; n < 7; n++) other.note('o_1', 'r_1', 'ui', '1.0.0')
    await Promise.all([one.flush(), other.flush()])
    expect((await counts.of('o_1', 'r_1', 'ui')).total).to.equal(12)
    expect((await versions('ui')).map(({ total }) => total)).to.deep.equal([12])
    await Promise.all([one.flush(), other.flush()])
    expect((await counts.of('o_1', 'r_1', 'ui')).days).to.deep.equal([{ day: '2026-11-24', count: 12 }])
  })

  it('that could not be written are written the next time, with those that came meanwhile', async () => {
    const one = process()
    one.note('o_1', 'r_1', 'ui', '1.0.0')
    metadata.failures = 1
    await one.flush()
    one.note('o_1', 'r_1', 'ui', '1.0.0')
    one.note('o_1', 'r_1', 'other')
    await one.flush()
    expect((await counts.of('o_1', 'r_1', 'ui')).total).to.equal(2)
    expect((await counts.of('o_1', 'r_1', 'other')).total).to.equal(1)
    expect((await versions('ui')).map(({ total }) => total)).to.deep.equal([2])
  })

  it('of a package with more versions than a commit has room for are all written', async () => {
    const one = process()
    for (let n = 0; n < 250; n++) one.note('o_1', 'r_1', 'ui', `1.0.${n}`)
    await one.flush()
    expect((await counts.of('o_1', 'r_1', 'ui')).total).to.equal(250)
    expect(await versions('ui')).to.have.length(250)
  })

  it('tell when counting began and when something was last wanted', async () => {
    const one = process()
    expect(await counts.since()).to.equal(undefined)
    await one.flush()
    const began = clock.now()
    clock.advance(86_400_000)
    one.note('o_1', 'r_1', 'ui')
    const last = clock.now()
    await one.close()
    await process().flush()
    expect([await counts.since(), await counts.lastDownload('o_1', 'r_1', 'ui')]).to.deep.equal([began, last])
    expect(await counts.lastDownload('o_1', 'r_1', 'unwanted')).to.equal(undefined)
    expect(await counts.lastDownload('o_2', 'r_1', 'ui')).to.equal(undefined)
  })
})
