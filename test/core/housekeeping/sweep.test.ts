import { expect } from 'chai'
import { RegistryError, unavailable } from '../../../core/errors/registry-error.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import type { Entry, MetadataStore, RangeQuery } from '../../../core/storage/metadata-store.js'
import type { BlobRow } from '../../../core/storage/storage-rows.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { failure, oneFile, textOf } from '../../support/commit-outcome.js'
import { Sweeping, SweptWorld } from '../../support/sweeping.js'

const hour = 3_600_000
const day = 24 * hour

describe('the sweeper', () => {
  let swept: SweptWorld
  beforeEach(async () => {
    swept = await SweptWorld.open()
  })

  it('leaves alone what is named, however old', async () => {
    await swept.put('a/b.txt', 'one')
    const before = await swept.rows()
    await swept.sweepEach(5 * day, 12)
    expect([await swept.rows(), await textOf(swept.world, 'a/b.txt'), await swept.world.keys()]).to.deep.equal([
      before,
      'one',
      await swept.world.keys(),
    ])
    expect(await swept.world.keys()).to.have.length(1)
  })

  it('takes a deleted file through every state, each in its time, and leaves nothing but spent coordinates', async () => {
    await swept.world
      .change({ writePolicy: 'once' })
      .putArtifact('a/b.txt', await swept.world.stage('one'))
      .commit()
    await swept.remove('a/b.txt')
    // For fourteen days it can be brought back.
    swept.world.clock.advance(14 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'mark-folder': 1 })
    expect(await swept.states()).to.deep.equal(['live'])
    swept.world.clock.advance(hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'forget-deletion': 1, purge: 1, condemn: 1 })
    expect(await swept.states()).to.deep.equal(['condemned'])
    swept.world.clock.advance(24 * hour)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'drop-folder': 1 })
    swept.world.clock.advance(300_000)
    expect((await swept.sweeping.run()).done).to.deep.equal({ mark: 1 })
    expect(await swept.states()).to.deep.equal(['deleting'])
    swept.world.clock.advance(28 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({})
    expect(await swept.world.keys()).to.have.length(1)
    swept.world.clock.advance(300_000)
    expect((await swept.sweeping.run()).done).to.deep.equal({ remove: 1 })
    expect([await swept.rows(), await swept.world.keys()]).to.deep.equal([['o_1 v r_1 a/b.txt | spent'], []])
  })

  it('keeps ten replaced versions, and those of the last fourteen days', async () => {
    for (let at = 0; at < 13; at++) await swept.put('a.txt', `version ${at}`)
    const versions = async () => (await swept.rows()).filter((name) => name.startsWith('o_1 v')).length
    swept.world.clock.advance(13 * day)
    await swept.sweeping.run()
    expect(await versions()).to.equal(13)
    swept.world.clock.advance(2 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ purge: 3, condemn: 3 })
    expect([await versions(), await textOf(swept.world, 'a.txt')]).to.deep.equal([10, 'version 12'])
    await swept.sweepEach(5 * day, 12)
    expect([(await swept.world.keys()).length, await versions(), await textOf(swept.world, 'a.txt')]).to.deep.equal([
      10,
      10,
      'version 12',
    ])
  })

  it('leaves a version that shares the bytes of one that goes with a name of its own', async () => {
    await swept.put('a.txt', 'same')
    await swept.remove('a.txt')
    // As an undo may do it: the pointer moves back and no reference is written.
    const artifact = tenantKeys.artifact('o_1', 'r_1', 'a.txt')
    const deleted = (await swept.world.metadata.get(artifact))?.value as { readonly tombstone: unknown }
    const { tombstone: _, ...last } = deleted
    await swept.world.metadata.commit(
      [
        { op: 'put', key: artifact, value: { ...last, seq: 3, state: 'present' } },
        { op: 'put', key: tenantKeys.version('o_1', 'r_1', 'a.txt', 3), value: { ...last, seq: 3 } },
      ],
      randomHex(),
    )
    await swept.sweepEach(5 * day, 12)
    expect(await textOf(swept.world, 'a.txt')).to.equal('same')
  })

  it('does not purge what came back meanwhile', async () => {
    await swept.put('a.txt', 'one')
    await swept.remove('a.txt')
    await swept.put('a.txt', 'two')
    await swept.sweepEach(5 * day, 12)
    expect([await textOf(swept.world, 'a.txt'), (await swept.world.keys()).length]).to.deep.equal(['two', 1])
  })

  it('gives a condemned blob to no commit: equal bytes are stored anew, and outlive it', async () => {
    await swept.put('a.txt', 'same')
    await swept.remove('a.txt')
    await swept.sweepEach(8 * day, 2)
    await swept.sweeping.run()
    expect(await swept.states()).to.deep.equal(['condemned'])
    await swept.put('b.txt', 'same')
    expect(await swept.states()).to.deep.equal(['condemned', 'live'])
    await swept.sweepEach(5 * day, 12)
    expect([await textOf(swept.world, 'b.txt'), await swept.states()]).to.deep.equal(['same', ['live']])
    // The hint leads to the one that stayed.
    await swept.put('c.txt', 'same')
    expect(await swept.states()).to.deep.equal(['live'])
  })

  it('takes a condemned blob back that a commit named before it was condemned', async () => {
    await swept.put('a.txt', 'one')
    const [blob] = (await swept.world.entries()).filter(({ key }) => key.path[0] === 'blob')
    if (!blob) throw new Error('no blob')
    const condemned = {
      ...(blob.value as unknown as BlobRow),
      state: 'condemned',
      since: swept.world.clock.now().getTime(),
      epoch: 1,
    }
    await swept.world.metadata.commit([{ op: 'put', key: blob.key, value: condemned }], randomHex())
    await swept.sweepEach(5 * day, 12)
    expect([await swept.states(), await textOf(swept.world, 'a.txt')]).to.deep.equal([['live'], 'one'])
  })

  it('only tells in a dry run, and in the first run under another release', async () => {
    await swept.put('a.txt', 'one')
    await swept.remove('a.txt')
    swept.world.clock.advance(15 * day)
    const before = await swept.rows()
    expect(await swept.sweeping.run({ dryRun: true })).to.deep.include({
      dryRun: true,
      blobs: 1,
      bytes: 3,
      done: { 'forget-deletion': 1, purge: 1 },
    })
    expect(swept.sweeping.samples).to.deep.equal([
      { deed: 'forget-deletion', organization: 'o_1', repository: 'r_1', why: 'It can no longer be undone' },
      { deed: 'purge', organization: 'o_1', repository: 'r_1', path: 'a.txt', version: 1, why: 'It was deleted' },
    ])
    expect((await new Sweeping(swept.world, { release: '2' }).run({})).dryRun).to.equal(true)
    expect(await swept.rows()).to.deep.equal(before)
    expect(await new Sweeping(swept.world, { release: '2' }).run({})).to.deep.include({
      dryRun: false,
      done: { 'forget-deletion': 1, purge: 1, condemn: 1 },
    })
  })

  it('removes nothing when references cannot be read', async () => {
    const metadata = new MemoryMetadataStore()
    swept = await SweptWorld.open({}, metadata)
    await swept.put('a.txt', 'one')
    await swept.put('b.txt', 'two')
    const blind: MetadataStore = {
      name: 'blind',
      get: (key) => metadata.get(key),
      commit: (mutations, token) => metadata.commit(mutations, token),
      scan: (after) => metadata.scan(after),
      close: async () => {},
      async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
        if (query.prefix?.[0] === 'ref') throw unavailable('The table does not answer')
        yield* metadata.range(partition, query)
      },
    }
    swept.sweeping = new Sweeping(swept.world, { metadata: blind })
    for (let at = 0; at < 5; at++) {
      swept.world.clock.advance(10 * day)
      expect((await failure(swept.sweeping.run())).kind).to.equal('unavailable')
    }
    expect([await swept.states(), await textOf(swept.world, 'a.txt')]).to.deep.equal([['live', 'live'], 'one'])
  })

  it('goes on where it was cut, under another lease, with what it had counted', async () => {
    for (let at = 0; at < 200; at++) await swept.put(`d/${at}`, `content ${at}`)
    for (let at = 0; at < 200; at += 2) await swept.remove(`d/${at}`)
    swept.world.clock.advance(15 * day)
    let calls = 0
    const failing: MetadataStore = {
      name: 'failing',
      get: (key) => swept.world.metadata.get(key),
      range: (partition, query) => swept.world.metadata.range(partition, query),
      scan: (after) => swept.world.metadata.scan(after),
      close: async () => {},
      commit: (mutations, token) => {
        if (++calls % 40 === 0) throw new RegistryError('unavailable', 'killed')
        return swept.world.metadata.commit(mutations, token)
      },
    }
    let told: Awaited<ReturnType<Sweeping['run']>> | undefined
    let cuts = 0
    while (told === undefined) {
      told = await new Sweeping(swept.world, { metadata: failing }).run().catch(() => {
        cuts++
        return undefined
      })
    }
    expect(cuts).to.be.greaterThan(1)
    expect(told.blobs).to.equal(200)
    expect((await swept.rows()).filter((name) => name.startsWith('o_1 v'))).to.have.length(100)
    for (let at = 1; at < 200; at += 2) expect(await textOf(swept.world, `d/${at}`)).to.equal(`content ${at}`)
  })

  it('forgets tokens and mailed codes a month after they ran out, with their lines in lists, and counted failures', async () => {
    const at = (days: number) => new Date(swept.world.clock.now().getTime() + days * day).toISOString()
    const token = (hash: string, id: string, days: number) => [
      {
        op: 'put' as const,
        key: tenantKeys.secret('o_1', hash, 'token'),
        value: { v: 1, id, member: 'u_1', expiresAt: at(days) },
      },
      { op: 'put' as const, key: tenantKeys.memberToken('o_1', 'u_1', id), value: { v: 1, id, hash, expiresAt: at(days) } },
    ]
    const failures = {
      op: 'put' as const,
      key: tenantKeys.secret('.', 'f', 'failures'),
      value: { v: 1, until: swept.world.clock.now().getTime() },
    }
    const code = (hash: string, days: number) => [
      {
        op: 'put' as const,
        key: tenantKeys.secret('o_1', hash, 'reset'),
        value: { v: 1, purpose: 'reset', member: 'u_1', expiresAt: at(days) },
      },
      { op: 'put' as const, key: tenantKeys.memberReset('o_1', 'u_1', hash), value: { v: 1, expiresAt: at(days) } },
    ]
    await swept.world.metadata.commit(
      [...token('h1', 'k1', 1), ...token('h2', 'k2', 40), ...code('h3', 1), ...code('h4', 40), failures],
      randomHex(),
    )
    swept.world.clock.advance(30 * day)
    await swept.sweeping.watch.run()
    expect((await swept.sweeping.run()).done).to.deep.equal({})
    swept.world.clock.advance(2 * day)
    expect((await swept.sweeping.run()).done).to.deep.equal({ 'forget-secret': 3 })
    expect((await swept.rows()).filter((name) => / [tm] /.test(name))).to.deep.equal([
      'o_1 m u_1 | reset h4',
      'o_1 m u_1 | token k2',
      'o_1 t h2 | token',
      'o_1 t h4 | reset',
    ])
  })

  it('leaves the rows of one file as they are', async () => {
    await swept.world
      .change({ writePolicy: 'once' })
      .putArtifact('a/b.txt', await swept.world.stage('one'))
      .commit()
    await swept.sweepEach(20 * day, 5)
    expect(await swept.rows()).to.deep.equal(oneFile.filter((name) => name.startsWith('o_1 ') && !name.startsWith('o_1 l')))
  })
})
