import { link, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { RegistryError } from '../../../../core/errors/registry-error.js'
import { FsBlobStore } from '../../../../core/storage/drivers/fs-blob-store.js'

const reserve = { bytes: 0, share: 0, inodeShare: 0 }
const key = 'org_a/b/0f/0f00'
const pieces = ['org_a/b/01/0100', 'org_a/b/02/0200']

/** Notes the durable steps, and fails one of them. */
class Watched extends FsBlobStore {
  readonly steps: string[] = []
  failing: string | undefined
  protected override async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', () => super.rename(from, to))
  }
  protected override async syncFolder(path: string): Promise<void> {
    await this.#step(path.endsWith('.part') ? 'sync links' : 'sync folder', () => super.syncFolder(path))
  }
  async #step(name: string, run: () => Promise<void>): Promise<void> {
    this.steps?.push(name)
    if (this.failing === name) throw Object.assign(new Error('EIO: failed'), { code: 'EIO' })
    await run()
  }
}

describe('blobs that are composed of files', () => {
  let folder = ''
  let store: Watched
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'composed-'))
    store = (await Watched.open({ folder, reserve })) as Watched
    for (const [at, piece] of pieces.entries()) {
      const writer = await store.create(piece)
      await pipeline(Readable.from([Buffer.from(`piece ${at}`)]), writer.sink)
      await writer.finish()
    }
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const lying = async (path: string) => (await readdir(join(folder, path)).catch(() => [])).sort()
  const kindOf = (doing: Promise<unknown>) =>
    doing.then(
      () => 'none',
      (thrown: unknown) => (thrown instanceof RegistryError ? (thrown.detail['code'] ?? thrown.kind) : String(thrown)),
    )

  it('are links in a folder that is durable before it has its name, and its name before anybody counts on it', async () => {
    await mkdir(join(folder, 'org_a/b/0f'))
    store.steps.length = 0
    expect(await store.compose(key, pieces)).to.equal(true)
    expect(store.steps).to.deep.equal(['sync folder', 'sync links', 'rename', 'sync folder'])
    expect(await lying('org_a/b/0f')).to.deep.equal(['0f00.pieces'])
    expect(await lying('org_a/b/0f/0f00.pieces')).to.deep.equal([
      ...['0000000000000000-0000000000000007', '0000000000000007-0000000000000014'],
    ])
  })

  for (const failing of ['sync links', 'rename', 'sync folder'])
    it(`leave nothing where ${failing} fails, and no more is written; reads go on`, async () => {
      await store.compose('org_a/b/0f/0f01', pieces)
      store.failing = failing
      expect(await kindOf(store.compose(key, pieces))).to.equal('unavailable')
      store.failing = undefined
      expect(await lying('org_a/b/0f')).to.deep.equal(['0f01.pieces'])
      expect(await kindOf(store.compose(key, pieces))).to.equal('unavailable')
      for (const piece of [...pieces, 'org_a/b/0f/0f01']) expect(await kindOf(store.read(piece, 100))).to.equal('none')
    })

  it('that a crash left without their name are strays, and take no bytes with them when they go', async () => {
    const part = join(folder, 'org_a/b/0f/0f00.part')
    await mkdir(part, { recursive: true })
    await link(join(folder, pieces[0] ?? ''), join(part, '0000000000000000-0000000000000007'))
    const strays: unknown[] = []
    for await (const { kind, key: stray, size } of store.strays('org_a/b/0f/')) strays.push([kind, stray, size])
    expect(strays).to.deep.equal([['part', key, 0]])
    expect([await kindOf(store.compose(key, pieces)), await kindOf(store.create(key))]).to.deep.equal(['conflict', 'conflict'])
    const listed: string[] = []
    for await (const found of store.list('')) listed.push(found)
    expect(listed.sort()).to.deep.equal(pieces)
    await store.dropStray({ kind: 'part', key })
    expect(await lying('org_a/b/0f')).to.deep.equal([])
    expect(Buffer.from(await store.read(pieces[0] ?? '', 100)).toString()).to.equal('piece 0')
    expect(await store.compose(key, pieces)).to.equal(true)
  })

  it('fail a stream where a piece has become shorter or is gone, and never give other bytes', async () => {
    await store.compose(key, pieces)
    const [first = '', second = ''] = await lying('org_a/b/0f/0f00.pieces')
    await truncate(join(folder, 'org_a/b/0f/0f00.pieces', second), 3)
    expect(await kindOf(store.open(key).then(buffer))).to.equal('damaged')
    expect((await buffer(await store.open(key, { start: 0, end: 7 }))).toString()).to.equal('piece 0')
    await rm(join(folder, 'org_a/b/0f/0f00.pieces', first))
    expect(await kindOf(store.open(key).then(buffer))).to.equal('damaged')
    await writeFile(join(folder, 'org_a/b/0f/0f00.pieces/stranger'), 'not of it')
    expect(await kindOf(store.open(key, { start: 7, end: 10 }).then(buffer))).to.equal('none')
  })
})
