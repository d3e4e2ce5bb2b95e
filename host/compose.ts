import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import { isUnused, prepareDataFolder } from './data/data-folder.js'
import { DataLock } from './data/data-lock.js'
import { placeRootKey } from './data/root-key-file.js'
import { type FirstStart, firstStart, greeting } from './first-start.js'
import type { OpenKernel } from './house-parts.js'
import { type LoadedPlugin, loadPlugin } from './load-plugin.js'
import { openKernel as usualKernel } from './open-kernel.js'
import { AccessLog } from './server/access-log.js'
import { houseApp } from './server/express-app.js'
import { Health } from './server/health.js'
import { createListener, listen } from './server/listener.js'
import { nearestUrl } from './server/nearest-url.js'
import { Shutdown, type ShutdownPace } from './server/shutdown.js'

export interface RunningHouse {
  /** Where it listens, 'http://127.0.0.1:8080'. */
  readonly url: string
  /** What a first start has to say, once. */
  readonly greeting: string | undefined
  /** Resolves when the store has failed and the house must end; until then pending. */
  readonly failed: Promise<Error>
  /** Answers what is running, then closes the store and lets go of the folder. */
  close(pace?: ShutdownPace): Promise<void>
}

/** Settings to a house that accepts connections. Throws, with everything taken apart again, where anything is wrong: half a house is never served. */
export async function compose(settings: Settings, log: Logger, openKernel: OpenKernel = usualKernel): Promise<RunningHouse> {
  const undo: (() => Promise<void>)[] = []
  const takeApart = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const plugins: LoadedPlugin[] = []
    for (const name of settings.plugins) plugins.push(await loadPlugin(name))
    const folder = await prepareDataFolder(settings.data)
    const lock = await DataLock.take(folder)
    undo.push(() => lock.release())
    const key = await placeRootKey(folder, settings.rootKey, await isUnused(folder))
    if (key.exposed)
      log.warn('root-key.exposed', { message: 'Others on this machine may read the root key; its mode should be 0400' })

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
    const kernel = await openKernel({ settings, folder, keyFile: key.path, log, onFatal })
    undo.push(() => kernel.close())
    for (const { plugin, address } of plugins) kernel.install(plugin, address)
    await kernel.start()
    const installed = plugins.map(({ plugin }) => plugin)
    const first = await firstStart(kernel.setup, folder, installed, settings.sample === 'on')

    const health = new Health(() => readOnly)
    const app = houseApp({
      kernel,
      health,
      log,
      accessLog: new AccessLog(log),
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      isRootMount: async (hostname) => (await kernel.isRootMount?.(hostname)) ?? false,
    })
    const server = createListener(app)
    const { address, family, port } = await listen(server, settings.listen)
    const shutdown = new Shutdown(server, health, log)
    undo.push(() => shutdown.begin({ notice: 0, requests: 0 }))
    const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
    lock.announce(nearestUrl(address, port, settings.publicUrl))
    return {
      url,
      greeting: firstWords(first, settings.publicUrl ?? new URL(url), installed, key.made ? key.path : undefined),
      failed,
      async close(pace) {
        await shutdown.begin(pace)
        await takeApart()
      },
    }
  } catch (error) {
    await takeApart().catch((cause: unknown) => log.error('start.undo-failed', { cause }))
    throw error
  }
}

function firstWords(first: FirstStart | undefined, url: URL, installed: LoadedPlugin['plugin'][], keyFile: string | undefined) {
  return first === undefined ? undefined : greeting(first, url, installed, keyFile)
}
