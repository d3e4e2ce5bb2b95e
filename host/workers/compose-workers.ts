import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { StandardErrorLog } from '#core/host'
import type { RunningHouse } from '../compose.js'
import type { GivenSettings } from '../config/read-settings.js'
import { untilWorkersGone } from '../data/worker-presence.js'
import { stopOnUnfitCloud } from '../doctor/at-start.js'
import { type FirstStart, firstStart, firstWords } from '../first-start.js'
import { type CorePlace, loadPlugins } from '../house-core.js'
import { takeFolder } from '../house-folder.js'
import { checkTls } from '../house-front.js'
import type { HouseKernel, OpenKernel } from '../house-parts.js'
import type { LoadedPlugin } from '../load-plugin.js'
import type { Exposition } from '../metrics/metrics-listener.js'
import { watchBy } from '../metrics/watch-by.js'
import type { ListenAddress } from '../server/listener.js'
import { UndoSteps } from '../undo-steps.js'
import { Crew } from './crew.js'

const attempts = 5

/** The same house as `compose` makes, served by `settings.workers` processes: this one holds the folder's lock, makes the first start, and starts them. */
export async function composeWorkers(
  { settings, given }: GivenSettings,
  { log, relay }: StandardErrorLog,
  openKernel: OpenKernel,
): Promise<RunningHouse> {
  const steps = new UndoSteps()
  try {
    const plugins = await loadPlugins(settings)
    await checkTls(settings)
    const place = await takeFolder(settings, log, steps)
    await stopOnUnfitCloud(settings, log)
    const first = await prepareStore({ settings, ...place }, plugins, log, openKernel)
    const { folder, keyFile } = place
    const ticketKeys = randomBytes(48).toString('base64')
    for (let attempt = 1; ; attempt++) {
      const listen = await withPort(settings.listen)
      const crew = new Crew({ given, folder, keyFile, listen, ticketKeys }, log, relay)
      try {
        const { url, nearest } = await crew.begin(settings.workers)
        place.lock.announce(nearest)
        if (settings.metrics) await watchBy(settings.metrics, await exposed(crew), log, steps)
        const installed = plugins.map(({ plugin }) => plugin)
        return {
          url,
          greeting: firstWords(first, settings.publicUrl ?? new URL(url), installed, place),
          failed: crew.failed,
          async close(pace) {
            await crew.stop(pace)
            await untilWorkersGone(folder)
            await steps.takeApart()
          },
          reload: async () => crew.say({ kind: 'reload' }),
          kill: () => crew.kill(),
        }
      } catch (error) {
        await crew.stop({ notice: 0, requests: 0 })
        // Somebody took the free port between its finding and its use.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || settings.listen.port !== 0 || attempt === attempts)
          throw error
      }
    }
  } catch (error) {
    await steps.takeApart().catch((cause: unknown) => log.error('start.undo-failed', { cause }))
    throw error
  }
}

/** Keys, stores and plugins are held against each other once, and the first start made, before many processes begin. */
async function prepareStore(
  place: CorePlace,
  plugins: readonly LoadedPlugin[],
  log: StandardErrorLog['log'],
  openKernel: OpenKernel,
): Promise<FirstStart | undefined> {
  let failure: Error | undefined
  const onFatal = (error: Error) => {
    failure = error
  }
  const kernel: HouseKernel = await openKernel({ ...place, log, onFatal })
  try {
    for (const { plugin, address } of plugins) kernel.install(plugin, address)
    const installed = plugins.map(({ plugin }) => plugin)
    return await firstStart(kernel.setup, place.folder, installed, place.settings.sample === 'on')
  } finally {
    await kernel.close()
    if (failure) log.error('store.failed', { cause: failure })
  }
}

/** Workers share a port by its number: a free one is found once, for all and for whoever follows a dead one. */
async function withPort({ host, port }: ListenAddress): Promise<ListenAddress> {
  if (port !== 0) return { host, port }
  const probe = createServer()
  const free = await new Promise<number>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen({ host, port: 0 }, () => resolve((probe.address() as { port: number }).port))
  })
  await new Promise((resolve) => probe.close(resolve))
  return { host, port: free }
}

/** All workers' figures as one. */
async function exposed(crew: Crew): Promise<Exposition> {
  const { AggregatorRegistry } = await import('prom-client')
  const { contentType } = AggregatorRegistry.aggregate([])
  return {
    contentType,
    text: async () => AggregatorRegistry.aggregate((await crew.measure()) as object[][]).metrics(),
    profile: (milliseconds, worker) => crew.profile(worker, milliseconds),
  }
}
