import { join } from 'node:path'
import * as house from '#core/host'
import type { HouseKernel, KernelPlace } from './house-parts.js'

/** The stores that the settings name, below the data folder, and the kernel over them. The keys have a store of their own, left out of data backups. */
export async function openKernel({ settings, folder, keyFile, log, onFatal }: KernelPlace): Promise<HouseKernel> {
  const { openBlobStore, openMetadataStore, FileRootKey, Kernel } = house as unknown as Parts
  const rootKey = await FileRootKey.open(keyFile)
  const opened: { close(): Promise<void> }[] = []
  try {
    const metadata = await openMetadataStore(settings.metadata, { folder: join(folder, 'metadata'), onFatal, logger: log })
    opened.push(metadata)
    const keyStore = await openMetadataStore(settings.metadata, { folder: join(folder, 'keys'), onFatal, logger: log })
    opened.push(keyStore)
    const blobs = await openBlobStore(settings.blobs, { folder: join(folder, 'blobs') })
    opened.push(blobs)
    const encryption = settings.encryption.artifacts
    return await Kernel.open({ blobs, metadata, keyStore, rootKey, encryption, limits: settings.limits, logger: log })
  } catch (error) {
    for (const store of opened.reverse()) await store.close()
    throw error
  }
}

type Open = (name: string, options: object) => Promise<{ close(): Promise<void> }>
interface Parts {
  readonly openBlobStore: Open
  readonly openMetadataStore: Open
  readonly FileRootKey: { open(path: string): Promise<unknown> }
  readonly Kernel: { open(options: object): Promise<HouseKernel> }
}
