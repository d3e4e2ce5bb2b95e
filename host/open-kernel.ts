import { join } from 'node:path'
import { Kernel, LocalRootKeys, openBlobStore, openMetadataStore } from '#core/host'
import { dynamodbPlaceOf, s3PlaceOf } from './config/cloud-settings.js'
import { stopOnUnfinishedMove } from './doctor/at-start.js'
import type { HouseKernel, KernelPlace } from './house-parts.js'
import { release } from './release.js'

/** The key store is small and seldom written: a ballast of its own for the moment the disk is full (security guide 1.8). */
const keyBallast = 1024 * 1024

/** The stores that the settings name, below the data folder or in a cloud, and the kernel over them. The keys have a store of their own, left out of data backups. */
export async function openKernel({ settings, folder, keyFile, log, onFatal }: KernelPlace): Promise<HouseKernel> {
  const rootKey = await LocalRootKeys.fromFile(keyFile)
  const opened: { close(): Promise<void> }[] = []
  try {
    const common = { onFatal, logger: log }
    const metadata = await openMetadataStore(settings.metadata, {
      ...common,
      ...dynamodbPlaceOf(settings),
      folder: join(folder, 'metadata'),
    })
    opened.push(metadata)
    await stopOnUnfinishedMove(metadata)
    const keyStore = await openMetadataStore(settings.metadata, {
      ...common,
      ...dynamodbPlaceOf(settings, '-keys'),
      folder: join(folder, 'keys'),
      ballastBytes: keyBallast,
    })
    opened.push(keyStore)
    // With S3 the folder holds what is on its way.
    const blobs = await openBlobStore(settings.blobs, {
      ...s3PlaceOf(settings),
      folder: join(folder, settings.blobs === 's3' ? 'spool' : 'blobs'),
    })
    opened.push(blobs)
    const encryption = settings.encryption.artifacts
    return await Kernel.open({
      blobs,
      metadata,
      keyStore,
      rootKey,
      encryption,
      passwordScheme: settings.passwordScheme,
      limits: settings.limits,
      logger: log,
      release: release(),
    })
  } catch (error) {
    for (const store of opened.reverse()) await store.close()
    throw error
  }
}
