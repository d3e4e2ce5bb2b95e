import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { RegistryError } from '../../../core/errors/registry-error.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { failure, oneFile, textOf } from '../../support/commit-outcome.js'
import { StorageWorld } from '../../support/storage-world.js'

describe('a commit of files', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await StorageWorld.open()
  })

  it('writes blob, reference, version, artifact, spent coordinates, hints and log in one go, and takes the intent away', async () => {
    const committed = await world
      .change()
      .putArtifact('a/b.txt', await world.stage('abc'), { contentType: 'text/plain' })
      .commit()
    expect([...committed.artifacts]).to.deep.equal([['a/b.txt', 'created']])
    expect(await world.rows()).to.deep.equal(oneFile)
    expect(await world.keys()).to.have.length(1)
    expect(await textOf(world, 'a/b.txt')).to.equal('abc')
    expect((await world.artifacts.get('a/b.txt')).contentType).to.equal('text/plain')
    expect(world.rechecked).to.equal(1)
  })

  it('writes nothing for the same bytes under the same name, and dropping the upload leaves nothing of it', async () => {
    await world
      .change()
      .putArtifact('a/b.txt', await world.stage('abc'))
      .commit()
    const again = await world.stage('abc')
    const committed = await world.change().putArtifact('a/b.txt', again).commit()
    await again.discard(world.metadata)
    expect(committed.artifacts.get('a/b.txt')).to.equal('same')
    expect(await world.rows()).to.deep.equal(oneFile)
    expect(await world.keys()).to.have.length(1)
  })

  it('refuses other bytes under an existing name, and leaves the old ones', async () => {
    await world
      .change()
      .putArtifact('a/b.txt', await world.stage('abc'))
      .commit()
    const other = await world.stage('xyz')
    const refused = await failure(world.change().putArtifact('a/b.txt', other).commit())
    await other.discard(world.metadata)
    expect(refused.kind).to.equal('conflict')
    expect(refused.detail).to.include({ path: 'a/b.txt', reason: 'exists' })
    expect(await world.rows()).to.deep.equal(oneFile)
    expect(await world.keys()).to.have.length(1)
    expect(await textOf(world, 'a/b.txt')).to.equal('abc')
  })

  it('replaces where policy and caller both allow it, and keeps the old version with its reference', async () => {
    await world
      .change()
      .putArtifact('f', await world.stage('old'), { replace: true })
      .commit()
    const committed = await world
      .change()
      .putArtifact('f', await world.stage('new'), { replace: true })
      .commit()
    expect(committed.artifacts.get('f')).to.equal('replaced')
    expect(await textOf(world, 'f')).to.equal('new')
    expect((await world.rows()).filter((row) => row.includes(' v '))).to.deep.equal([
      'o_1 v r_1 f | s 0000000001',
      'o_1 v r_1 f | s 0000000002',
    ])
    expect((await world.rows()).filter((row) => row.endsWith('| ref'))).to.have.length(2)
  })

  it("does not replace in a repository whose write policy is 'once'", async () => {
    const once = { writePolicy: 'once' as const }
    await world
      .change(once)
      .putArtifact('f', await world.stage('old'), { replace: true })
      .commit()
    expect(
      (
        await failure(
          world
            .change(once)
            .putArtifact('f', await world.stage('new'), { replace: true })
            .commit(),
        )
      ).kind,
    ).to.equal('conflict')
    expect(await textOf(world, 'f')).to.equal('old')
  })

  it('stores equal bytes once, under one reference for each name', async () => {
    await world
      .change()
      .putArtifact('one', await world.stage('same'))
      .commit()
    const second = await world.stage('same')
    await world.change().putArtifact('two', second).commit()
    await second.discard(world.metadata)
    expect(await world.keys()).to.have.length(1)
    expect((await world.rows()).filter((row) => row.startsWith('o_1 b'))).to.deep.equal([
      'o_1 b * | blob',
      'o_1 b * | ref',
      'o_1 b * | ref',
    ])
    expect((await world.rows()).filter((row) => row.startsWith('o_1 i'))).to.deep.equal([])
    expect(await textOf(world, 'two')).to.equal('same')
  })

  it('takes the fresh copy where the blob it would share is being collected', async () => {
    await world
      .change()
      .putArtifact('one', await world.stage('same'))
      .commit()
    const blob = (await world.entries()).find(({ key }) => key.path[0] === 'blob')
    if (!blob) throw new Error('no blob row')
    await world.metadata.commit(
      [{ op: 'put', key: blob.key, value: { ...(blob.value as object), state: 'condemned' } }],
      'condemn',
    )
    await world
      .change()
      .putArtifact('two', await world.stage('same'))
      .commit()
    expect(await world.keys()).to.have.length(2)
    expect(await textOf(world, 'two')).to.equal('same')
  })

  it('publishes two equal files of one set under one blob each, or one for both, but never half of them', async () => {
    await world
      .change()
      .putArtifact('one', await world.stage('same'))
      .putArtifact('two', await world.stage('same'))
      .commit()
    expect(await textOf(world, 'one')).to.equal('same')
    expect(await textOf(world, 'two')).to.equal('same')
  })

  it('deletes by a tombstone, keeps the bytes, and never takes other bytes under the spent name', async () => {
    await world
      .change()
      .putArtifact('f', await world.stage('first'))
      .commit()
    await world.change().deleteArtifact('f').commit()
    expect(await world.artifacts.find('f')).to.equal(undefined)
    expect(await world.keys()).to.have.length(1)
    const refused = await failure(
      world
        .change()
        .putArtifact('f', await world.stage('second'))
        .commit(),
    )
    expect([refused.kind, refused.detail['reason']]).to.deep.equal(['conflict', 'spent'])
    const again = await world
      .change()
      .putArtifact('f', await world.stage('first'))
      .commit()
    expect(again.artifacts.get('f')).to.equal('created')
    expect((await world.artifacts.get('f')).sequence).to.equal(3)
  })

  it('answers a delete of nothing with not-found and a condition that fails with stale', async () => {
    expect((await failure(world.change().deleteArtifact('f').commit())).kind).to.equal('not-found')
    await world
      .change()
      .putArtifact('f', await world.stage('abc'))
      .commit()
    expect(
      (
        await failure(
          world
            .change()
            .deleteArtifact('f', { if: { sha256: '00' } })
            .commit(),
        )
      ).kind,
    ).to.equal('stale')
    const replace = { replace: true, if: { sha256: '00' } }
    expect(
      (
        await failure(
          world
            .change()
            .putArtifact('f', await world.stage('x'), replace)
            .commit(),
        )
      ).kind,
    ).to.equal('stale')
    expect(
      (
        await failure(
          world
            .change()
            .putArtifact('f', await world.stage('x'), { if: 'absent' })
            .commit(),
        )
      ).kind,
    ).to.equal('stale')
  })

  it('lets one of many win that create the same name at once', async () => {
    const uploads = await Promise.all(Array.from({ length: 16 }, (_, i) => world.stage(`content ${i}`)))
    const results = await Promise.allSettled(
      uploads.map((upload) => world.change().putArtifact('f', upload, { if: 'absent' }).commit()),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    for (const result of results)
      if (result.status === 'rejected') expect((result.reason as RegistryError).kind).to.equal('stale')
  })

  it('refuses a digest that differs from the expected one, and keeps neither bytes nor intent', async () => {
    const refused = await failure(world.stage('abc', { sha1: '0'.repeat(40) }))
    expect([refused.kind, refused.detail['algorithm']]).to.deep.equal(['unprocessable', 'sha1'])
    expect([await world.rows(), await world.keys()]).to.deep.equal([[], []])
  })

  it('keeps nothing of an upload that breaks off, or that is larger than the limit', async () => {
    const broken = new Readable({
      read() {
        this.push('abc')
        this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
      },
    })
    expect((await failure(world.stage(broken))).kind).to.equal('invalid')
    expect((await failure(world.stage(Buffer.alloc(1_000_001)))).kind).to.equal('too-large')
    expect([await world.rows(), await world.keys()]).to.deep.equal([[], []])
  })

  it('gives up an upload whose intent the sweeper took', async () => {
    const upload = await world.stage('abc')
    await world.metadata.commit([{ op: 'delete', key: tenantKeys.intent('o_1', upload.uploadId) }], 'sweep')
    expect((await failure(world.change().putArtifact('f', upload).commit())).kind).to.equal('unavailable')
    expect(await world.artifacts.find('f')).to.equal(undefined)
  })
})

describe('a file that is frozen', () => {
  it('could be replaced before, and never after, nor after a delete', async () => {
    const world = await StorageWorld.open()
    await world
      .change()
      .putArtifact('f', await world.stage('draft'), { replace: true })
      .putDocument(['p', 'f'], 1)
      .commit()
    await world
      .change()
      .putArtifact('f', await world.stage('final'), { replace: true })
      .putDocument(['p', 'f'], 2)
      .commit()
    await world.change().requireHead('p', 2).freezeArtifact('f').putDocument(['p', 'f'], 3).commit()
    const replaced = await failure(
      world
        .change()
        .putArtifact('f', await world.stage('later'), { replace: true })
        .commit(),
    )
    expect([replaced.kind, replaced.detail['reason']]).to.deep.equal(['conflict', 'spent'])
    await world.change().deleteArtifact('f').commit()
    expect(
      (
        await failure(
          world
            .change()
            .putArtifact('f', await world.stage('later'), { replace: true })
            .commit(),
        )
      ).kind,
    ).to.equal('conflict')
    await world
      .change()
      .putArtifact('f', await world.stage('final'), { replace: true })
      .commit()
    expect(await textOf(world, 'f')).to.equal('final')
    expect((await failure(world.change().freezeArtifact('nothing').commit())).kind).to.equal('not-found')
  })
})

describe('an upload that says how long it will be', () => {
  it('is refused before a byte of it is read, where that is too long', async () => {
    const world = await StorageWorld.open()
    let read = false
    const upload = Object.assign(
      new Readable({
        read() {
          read = true
          this.push(null)
        },
      }),
      { declaredLength: 1_000_001 },
    )
    expect((await failure(world.stage(upload))).kind).to.equal('too-large')
    expect([read, await world.rows(), await world.keys()]).to.deep.equal([false, [], []])
  })
})
