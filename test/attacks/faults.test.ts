import { type FileHandle, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { unavailable } from '../../core/errors/registry-error.js'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { Mutation } from '../../core/storage/metadata-store.js'
import type { House } from '../support/house.js'
import { exchange } from '../support/wire.js'
import { contents, formats, openShelves, publish, put, upload, wheel } from './shelves.js'

type Step = 'syncFile' | 'rename' | 'syncFolder'

/** Fails one step once, from the moment it is told to. */
class Faulty extends FsBlobStore {
  failing: Step | undefined
  full = false
  protected override async syncFile(handle: FileHandle): Promise<void> {
    this.#fault('syncFile')
    await super.syncFile(handle)
  }
  protected override async rename(from: string, to: string): Promise<void> {
    this.#fault('rename')
    await super.rename(from, to)
  }
  protected override async syncFolder(folder: string): Promise<void> {
    this.#fault('syncFolder')
    await super.syncFolder(folder)
  }
  override headroom(size: number): Promise<boolean> {
    return this.full ? Promise.resolve(false) : super.headroom(size)
  }
  #fault(step: Step): void {
    if (this.failing !== step) return
    this.failing = undefined
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  }
}

async function openFaulty(): Promise<{ readonly house: House; readonly blobs: Faulty; readonly folder: string }> {
  let found: { readonly blobs: Faulty; readonly folder: string } | undefined
  const house = await openShelves({
    store: 'files',
    async parts(folder = '') {
      const blobs = (await Faulty.open({ folder: join(folder, 'faulty') })) as Faulty
      found = { blobs, folder: join(folder, 'faulty') }
      return { blobs }
    },
  })
  if (!found) throw new Error('the parts were not asked for')
  return { house, ...found }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => basename(name))
}

const senders = {
  mvn: (house: House, name: string) => put(house, `/acme/mvn/org/demo/${name}/1.0/${name}-1.0.jar`, `jar ${name}`),
  js: (house: House, name: string) => publish(house, { name, version: '1.0.0' }),
  py: (house: House, name: string) => upload(house, wheel(name, '1.0'), name, '1.0'),
  raw: (house: House, name: string) => put(house, `/acme/raw/${name}`, `raw ${name}`),
} as const

describe('a volume that fails', () => {
  for (const step of ['syncFile', 'rename', 'syncFolder'] as const)
    for (const format of formats)
      it(`S4: EIO once at ${step} of an upload to ${format}: no answer of success, nothing to be seen, no more writes, reads go on`, async () => {
        const { house, blobs, folder } = await openFaulty()
        try {
          expect((await senders[format](house, 'before')).status).to.be.oneOf([200, 201])
          expect((await put(house, '/acme/raw/kept', 'kept')).status).to.equal(201)
          const before = { ...(await contents(house)), files_: await filesBelow(folder) }
          blobs.failing = step
          expect((await senders[format](house, 'struck')).status).to.equal(503)
          expect(blobs.failing).to.equal(undefined)
          // The next flush may lie: after one EIO nothing of this volume is believed.
          for (const other of formats) expect((await senders[other](house, 'later')).status, other).to.equal(503)
          expect({ ...(await contents(house)), files_: await filesBelow(folder) }).to.deep.equal(before)
          expect((await house.call('GET', '/acme/raw/kept')).text()).to.equal('kept')
          expect((await house.call('GET', '/acme/raw/')).status).to.equal(200)
        } finally {
          await house.close()
        }
      })

  it('U20: a volume without room answers 507 before a byte of the body, in every format, and takes uploads again when there is room', async () => {
    const { house, blobs } = await openFaulty()
    try {
      blobs.full = true
      const answer = await exchange(house.url, {
        method: 'PUT',
        target: '/acme/raw/x',
        headers: { Authorization: `Bearer ${house.token('dora')}` },
        body: 'withheld',
      })
      expect([answer.status, answer.continued]).to.deep.equal([507, false])
      for (const format of formats) expect((await senders[format](house, 'full')).status, format).to.equal(507)
      expect(await contents(house)).to.deep.equal({ files: [], documents: [], blobs: 0 })
      blobs.full = false
      for (const format of formats) expect((await senders[format](house, 'room')).status, format).to.be.oneOf([200, 201])
    } finally {
      await house.close()
    }
  })
})

/** Takes no writes while it is told so. */
class Sealed extends MemoryMetadataStore {
  sealed = false
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.sealed) throw unavailable('The store takes no writes')
    await super.commit(mutations, token)
  }
}

describe('a metadata store that takes no writes', () => {
  it('S3: uploads are 503 and leave nothing; everything that only reads goes on, digests that were never asked for included', async () => {
    const metadata = new Sealed()
    const house = await openShelves({ parts: async () => ({ metadata }) })
    // The house looks for its rows where it was told to keep them.
    const look = async () => {
      let count = 0
      for await (const _ of metadata.scan()) count++
      return [count, await house.storedBlobs()]
    }
    try {
      for (const format of formats) expect((await senders[format](house, 'before')).status).to.be.oneOf([200, 201])
      const before = await look()
      metadata.sealed = true
      for (const format of formats) expect((await senders[format](house, 'after')).status, format).to.equal(503)
      for (const target of [
        '/acme/raw/before',
        '/acme/raw/before.sha512',
        '/acme/raw/',
        '/acme/mvn/org/demo/before/1.0/before-1.0.jar',
        '/acme/mvn/org/demo/before/1.0/before-1.0.jar.sha512',
        '/acme/js/before',
        '/acme/js/before/-/before-1.0.0.tgz',
        '/acme/py/simple/before/',
      ])
        expect((await house.call('GET', target)).status, target).to.equal(200)
      expect(await look()).to.deep.equal(before)
      metadata.sealed = false
      for (const format of formats) expect((await senders[format](house, 'after')).status, format).to.be.oneOf([200, 201])
    } finally {
      await house.close()
    }
  })
})
