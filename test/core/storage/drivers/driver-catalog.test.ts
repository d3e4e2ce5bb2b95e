import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RegistryError } from '../../../../core/errors/registry-error.js'
import { openBlobStore, openMetadataStore } from '../../../../core/storage/drivers/driver-catalog.js'

describe('The driver catalog', () => {
  it('opens a driver by its name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'catalog-'))
    for (const name of ['files', 'memory']) {
      const store = await openBlobStore(name, { folder: join(folder, 'blobs') })
      expect(store.name).to.equal(name)
      await store.close()
    }
    for (const name of ['embedded', 'memory']) {
      const store = await openMetadataStore(name, { folder: join(folder, 'metadata'), ballastBytes: 0 })
      expect(store.name).to.equal(name)
      await store.close()
    }
    await rm(folder, { recursive: true })
  })
  it('refuses a name that it does not have, and says which it has', async () => {
    const refused = async (opening: Promise<unknown>) =>
      opening.then(
        () => expect.fail('opened'),
        (thrown: RegistryError) => thrown,
      )
    const blobs = await refused(openBlobStore('tape', { folder: '' }))
    expect([blobs.kind, blobs.message]).to.deep.equal(['invalid', "There is no blob store 'tape': files, s3, memory"])
    const metadata = await refused(openMetadataStore('constructor', { folder: '' }))
    expect([metadata.kind, metadata.message]).to.deep.equal([
      'invalid',
      "There is no metadata store 'constructor': embedded, dynamodb, memory",
    ])
  })
})
