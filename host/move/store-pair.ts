import { join, resolve } from 'node:path'
import { type BlobStore, type MetadataStore, openBlobStore, openMetadataStore } from '#core/host'
import type { Settings } from '../config/settings.js'

/** The stores of a house, opened by somebody who is not the house. */
export interface StorePair {
  readonly blobs: BlobStore
  readonly metadata: MetadataStore
  readonly keyStore: MetadataStore
  /** In words for people: '/srv/data'. Two that read alike are one place. */
  readonly place: string
  close(): Promise<void>
}

/** Lays no ballast: whoever serves from there does. */
const noBallast = 0

/** Opens, and makes where it is empty, what the settings name. Several processes may have it open. */
export async function openStorePair(settings: Settings): Promise<StorePair> {
  const folder = resolve(settings.data)
  const opened: { close(): Promise<void> }[] = []
  const close = async () => {
    for (const store of opened.splice(0).reverse()) await store.close()
  }
  const open = async <Store extends { close(): Promise<void> }>(opening: Promise<Store>) => {
    const store = await opening
    opened.push(store)
    return store
  }
  try {
    const rows = (name: string) =>
      open(openMetadataStore(settings.metadata, { folder: join(folder, name), ballastBytes: noBallast }))
    const metadata = await rows('metadata')
    const keyStore = await rows('keys')
    const blobs = await open(openBlobStore(settings.blobs, { folder: join(folder, 'blobs') }))
    return { blobs, metadata, keyStore, place: folder, close }
  } catch (error) {
    await close()
    throw error
  }
}
