import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import type { HouseKernel, OpenKernel } from './house-parts.js'
import { type LoadedPlugin, loadPlugin } from './load-plugin.js'
import type { UndoSteps } from './undo-steps.js'

export interface HouseCore {
  readonly kernel: HouseKernel
  readonly plugins: readonly LoadedPlugin['plugin'][]
  /** Resolves when the store has failed and the process must end; until then pending. */
  readonly failed: Promise<Error>
  readonly isReadOnly: () => boolean
}

/** Throws naming the first that cannot be loaded. */
export async function loadPlugins(settings: Settings): Promise<readonly LoadedPlugin[]> {
  const plugins: LoadedPlugin[] = []
  for (const name of settings.plugins) plugins.push(await loadPlugin(name))
  return plugins
}

export interface CorePlace {
  readonly settings: Settings
  readonly folder: string
  readonly keyFile: string
}

/** A kernel over the folder's stores with every plugin installed and started. */
export async function startCore(
  { settings, folder, keyFile }: CorePlace,
  plugins: readonly LoadedPlugin[],
  log: Logger,
  openKernel: OpenKernel,
  steps: UndoSteps,
): Promise<HouseCore> {
  let fail: ((error: Error) => void) | undefined
  let readOnly = false
  const failed = new Promise<Error>((resolve) => {
    fail = resolve
  })
  const onFatal = (error: Error) => {
    readOnly = true
    log.error('store.failed', { cause: error })
    fail?.(error)
  }
  const kernel = await openKernel({ settings, folder, keyFile, log, onFatal })
  steps.undo(() => kernel.close())
  for (const { plugin, address } of plugins) kernel.install(plugin, address)
  await kernel.start()
  return { kernel, plugins: plugins.map(({ plugin }) => plugin), failed, isReadOnly: () => readOnly }
}
