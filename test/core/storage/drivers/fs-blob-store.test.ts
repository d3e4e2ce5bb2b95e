import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import type { RegistryError } from '../../../../core/errors/registry-error.js'
import { FsBlobStore } from '../../../../core/storage/drivers/fs-blob-store.js'
import { blobCompositionContract, blobStoreContract } from '../../../contract/index.js'

let folder = ''
let made = 0
const fresh = () => {
  made += 1
  return join(folder, `store-${made}`)
}
const reserve = { bytes: 0, share: 0, inodeShare: 0 }
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blobs-'))
})
after(() => rm(folder, { recursive: true, force: true }))

blobStoreContract('FsBlobStore', () => FsBlobStore.open({ folder: fresh(), reserve }))
blobCompositionContract('FsBlobStore', () => FsBlobStore.open({ folder: fresh(), reserve }))

const key = 'org_a/b/0f/0f00'
async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  return promise.then(
    () => {
      throw new Error('Nothing was thrown')
    },
    (thrown: RegistryError) => thrown,
  )
}
async function written(store: FsBlobStore, content: Uint8Array, under = key) {
  const writer = await store.create(under)
  await pipeline(Readable.from([content]), writer.sink)
  return writer
}

/** Notes the durable steps, and fails one of them. */
class Watched extends FsBlobStore {
  readonly steps: string[] = []
  failing: string | undefined
  code = 'EIO'
  protected override async syncFile(handle: FileHandle): Promise<void> {
    await this.#step('syncFile', () => super.syncFile(handle))
  }
  protected override async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', () => super.rename(from, to))
  }
  protected override async syncFolder(path: string): Promise<void> {
    await this.#step('syncFolder', () => super.syncFolder(path))
  }
  async #step(name: string, run: () => Promise<void>): Promise<void> {
    this.steps?.push(name)
    if (this.failing === name) throw Object.assign(new Error(`${this.code}: failed`), { code: this.code })
    await run()
  }
}

describe('FsBlobStore', () => {
  it('lays a blob under its key, for its owner alone', async () => {
    const path = fresh()
    const store = await FsBlobStore.open({ folder: path, reserve })
    const writer = await written(store, Buffer.from('content'))
    expect(await readdir(join(path, 'org_a/b/0f'))).to.deep.equal(['0f00.part'])
    await writer.finish()
    expect(await readdir(join(path, 'org_a/b/0f'))).to.deep.equal(['0f00'])
    expect((await stat(join(path, key))).mode & 0o777).to.equal(0o600)
    expect((await stat(join(path, 'org_a'))).mode & 0o777).to.equal(0o700)
  })
  it('flushes the file, names it, flushes the folder, in this order', async () => {
    const store = (await Watched.open({ folder: fresh(), reserve })) as Watched
    const writer = await written(store, Buffer.from('content'))
    expect(store.steps.every((step) => step === 'syncFolder')).to.equal(true)
    store.steps.length = 0
    await writer.finish()
    expect(store.steps).to.deep.equal(['syncFile', 'rename', 'syncFolder'])
  })
  for (const failing of ['syncFile', 'syncFolder']) {
    it(`leaves nothing when ${failing} fails, and writes no more; reads go on`, async () => {
      const path = fresh()
      const store = (await Watched.open({ folder: path, reserve })) as Watched
      await (await written(store, Buffer.from('before'), 'org_a/b/0f/0f01')).finish()
      const other = await written(store, Buffer.from('other'), 'org_a/b/0f/0f02')
      const writer = await written(store, Buffer.from('content'))
      store.failing = failing
      expect((await failure(writer.finish())).kind).to.equal('unavailable')
      store.failing = undefined
      expect((await failure(other.finish())).kind).to.equal('unavailable')
      expect((await failure(store.create('org_a/b/0f/0f03'))).kind).to.equal('unavailable')
      expect(await readdir(join(path, 'org_a/b/0f'))).to.deep.equal(['0f01'])
      expect(Buffer.from(await store.read('org_a/b/0f/0f01', 100)).toString()).to.equal('before')
    })
  }
  it('lets nobody finish in a folder whose own name is not durable yet, whoever made it', async () => {
    const path = fresh()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let reached: () => void = () => {}
    const reachedFolder = new Promise<void>((resolve) => {
      reached = resolve
    })
    class Slow extends FsBlobStore {
      protected override async syncFolder(folder: string): Promise<void> {
        // The folder '0f' has just been made in it.
        if (folder === join(path, 'org_a/b')) {
          reached()
          await held
        }
        await super.syncFolder(folder)
      }
    }
    const store = await Slow.open({ folder: path, reserve })
    const order: string[] = []
    const first = written(store, Buffer.from('first'))
    await reachedFolder
    const second = written(store, Buffer.from('second'), 'org_a/b/0f/0f02').then(async (writer) => {
      await writer.finish()
      order.push('second is acknowledged')
    })
    // By then an upload that does not wait has been through as well.
    for (const at of [3, 4, 5]) await (await written(store, Buffer.from('other'), `org_b/b/0f/0f0${at}`)).finish()
    order.push('the folder becomes durable')
    release()
    await Promise.all([first.then((writer) => writer.finish()), second])
    expect(order).to.deep.equal(['the folder becomes durable', 'second is acknowledged'])
  })
  it('goes on where a flush could not even be asked for: too many open files say nothing of the volume', async () => {
    const store = (await Watched.open({ folder: fresh(), reserve })) as Watched
    store.code = 'EMFILE'
    const writer = await written(store, Buffer.from('content'))
    store.failing = 'syncFolder'
    expect((await failure(writer.finish())).kind).to.equal('unavailable')
    expect((await failure(store.create('org_b/b/0f/0f01'))).kind).to.equal('unavailable')
    store.failing = undefined
    await (await written(store, Buffer.from('content'))).finish()
    await (await written(store, Buffer.from('content'), 'org_b/b/0f/0f01')).finish()
  })
  it('makes the folders of an earlier life durable before anything in them counts', async () => {
    const path = fresh()
    await (await written(await FsBlobStore.open({ folder: path, reserve }), Buffer.from('content'))).finish()
    const store = (await Watched.open({ folder: path, reserve })) as Watched
    store.failing = 'syncFolder'
    expect((await failure(store.create('org_a/b/0f/0f02'))).kind).to.equal('unavailable')
    store.failing = undefined
    expect((await failure(store.create('org_a/b/0f/0f02'))).kind).to.equal('unavailable')
  })
  it('leaves nothing when the name cannot be given', async () => {
    const path = fresh()
    const store = (await Watched.open({ folder: path, reserve })) as Watched
    const writer = await written(store, Buffer.from('content'))
    store.failing = 'rename'
    expect((await failure(writer.finish())).kind).to.equal('unavailable')
    expect(await readdir(join(path, 'org_a/b/0f'))).to.deep.equal([])
  })
  it('says that the volume takes no writes, also where what was begun cannot be taken away', async () => {
    class ReadOnly extends FsBlobStore {
      protected override async rename(from: string): Promise<void> {
        // What stands there now cannot be unlinked.
        await rm(from)
        await mkdir(from)
        throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
      }
    }
    const store = await ReadOnly.open({ folder: fresh(), reserve })
    const writer = await written(store, Buffer.from('content'))
    expect((await failure(writer.finish())).kind).to.equal('unavailable')
  })
  it('fails a stream whose file has become shorter', async () => {
    const path = fresh()
    const store = await FsBlobStore.open({ folder: path, reserve })
    await (await written(store, randomBytes(600_000))).finish()
    await truncate(join(path, key), 599_999)
    const error = await failure(buffer(await store.open(key, { start: 0, end: 600_000 })))
    expect(error.detail['code']).to.equal('damaged')
  })
  it('follows no symbolic link', async () => {
    const path = fresh()
    const store = await FsBlobStore.open({ folder: path, reserve })
    await (await written(store, Buffer.from('content'))).finish()
    await writeFile(join(path, 'secret'), 'secret')
    await symlink(join(path, 'secret'), join(path, 'org_a/b/0f/0f01'))
    expect((await failure(store.open('org_a/b/0f/0f01'))).kind).to.equal('unavailable')
    expect(await store.stat('org_a/b/0f/0f01')).to.equal(undefined)
  })
  it('closes every file, of streams read, left and destroyed too', async () => {
    const store = await FsBlobStore.open({ folder: fresh(), reserve })
    await (await written(store, randomBytes(1_000_000))).finish()
    const before = (await readdir('/proc/self/fd')).length
    for (let round = 0; round < 20; round += 1) {
      await buffer(await store.open(key))
      for await (const _ of await store.open(key)) break
      const destroyed = await store.open(key)
      destroyed.read(1)
      const closed = new Promise((done) => destroyed.once('close', done))
      destroyed.destroy()
      await closed
      await store.read(key, 1_000_000)
      await failure(store.open(key, { start: 2, end: 1 }))
    }
    expect((await readdir('/proc/self/fd')).length).to.be.at.most(before + 1)
  })
  it('has no room where the reserve would be touched', async () => {
    const none = await FsBlobStore.open({ folder: fresh(), reserve: { bytes: 0, share: 1, inodeShare: 0 } })
    expect(await none.headroom(1)).to.equal(false)
    const noInodes = await FsBlobStore.open({ folder: fresh(), reserve: { bytes: 0, share: 0, inodeShare: 2 } })
    expect(await noInodes.headroom(0)).to.equal(false)
    const some = await FsBlobStore.open({ folder: fresh(), reserve: { bytes: 1, share: 0, inodeShare: 0 } })
    expect(await some.headroom(1)).to.equal(true)
  })
})
