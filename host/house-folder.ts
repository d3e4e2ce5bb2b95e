import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import { isUnused, prepareDataFolder } from './data/data-folder.js'
import { DataLock } from './data/data-lock.js'
import { placeRootKey } from './data/root-key-file.js'
import { untilWorkersGone } from './data/worker-presence.js'
import type { UndoSteps } from './undo-steps.js'

export interface HouseFolder {
  /** Real path of the data folder. */
  readonly folder: string
  readonly lock: DataLock
  readonly keyFile: string
  /** The key was made just now: somebody has to be told to back it up. */
  readonly keyMade: boolean
}

/** The data folder, for this house alone, with its root key beside it. Throws where another house has it, or its key is missing or inside. */
export async function takeFolder(settings: Settings, log: Logger, steps: UndoSteps): Promise<HouseFolder> {
  const folder = await prepareDataFolder(settings.data)
  const lock = await DataLock.take(folder)
  steps.undo(() => lock.release())
  await untilWorkersGone(folder)
  const key = await placeRootKey(folder, settings.rootKey, await isUnused(folder))
  if (key.exposed)
    log.warn('root-key.exposed', { message: 'Others on this machine may read the root key; its mode should be 0400' })
  return { folder, lock, keyFile: key.path, keyMade: key.made }
}
