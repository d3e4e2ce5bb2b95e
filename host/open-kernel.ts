import { Kernel, LocalRootKeys } from '#core/host'
import { stopOnUnfinishedMove } from './doctor/at-start.js'
import type { HouseKernel, KernelPlace } from './house-parts.js'
import { openMailer } from './mail/open-mailer.js'
import { openBytes, openRows } from './open-stores.js'
import { SortedHashFile } from './passwords/sorted-hash-file.js'
import { release } from './release.js'

/** The key store is small and seldom written: a ballast of its own for the moment the disk is full (security guide 1.8). */
const keyBallast = 1024 * 1024

/** The stores that the settings name, and the kernel over them. */
export async function openKernel({ settings, folder, keyFile, log, onFatal }: KernelPlace): Promise<HouseKernel> {
  const rootKey = await LocalRootKeys.fromFile(keyFile)
  const opened: { close(): Promise<void> }[] = []
  try {
    const common = { onFatal, logger: log }
    const metadata = await openRows(settings, folder, 'metadata', common)
    opened.push(metadata)
    await stopOnUnfinishedMove(metadata)
    const keyStore = await openRows(settings, folder, 'keys', { ...common, ballastBytes: keyBallast })
    opened.push(keyStore)
    const blobs = await openBytes(settings, folder)
    opened.push(blobs)
    const list = settings.passwordBlocklist
    const leaked = list === undefined ? undefined : await SortedHashFile.open(list)
    if (leaked) opened.push(leaked)
    const encryption = settings.encryption.artifacts
    return await Kernel.open({
      blobs,
      metadata,
      keyStore,
      rootKey,
      encryption,
      passwordScheme: settings.passwordScheme,
      ...(leaked ? { leakedPasswords: leaked } : {}),
      mail: { mailer: await openMailer(settings), ...(settings.publicUrl ? { publicUrl: settings.publicUrl } : {}) },
      limits: settings.limits,
      logger: log,
      release: release(),
    })
  } catch (error) {
    for (const store of opened.reverse()) await store.close()
    throw error
  }
}
