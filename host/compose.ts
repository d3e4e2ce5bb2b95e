import type { Logger } from '#core'
import type { Settings } from './config/settings.js'
import { stopOnUnfitCloud } from './doctor/at-start.js'
import { firstStart, firstWords } from './first-start.js'
import { loadPlugins, startCore } from './house-core.js'
import { takeFolder } from './house-folder.js'
import { checkTls, openFront } from './house-front.js'
import type { OpenKernel } from './house-parts.js'
import { watchBy } from './metrics/watch-by.js'
import { openKernel as usualKernel } from './open-kernel.js'
import type { ShutdownPace } from './server/shutdown.js'
import { UndoSteps } from './undo-steps.js'

export interface RunningHouse {
  /** Where it listens, 'http://127.0.0.1:8080'. */
  readonly url: string
  /** What a first start has to say, once. */
  readonly greeting: string | undefined
  /** Resolves when the store has failed and the house must end; until then pending. */
  readonly failed: Promise<Error>
  /** Answers what is running, then closes the store and lets go of the folder. */
  close(pace?: ShutdownPace): Promise<void>
  /** Looks for a renewed certificate, in every process. */
  reload?(): Promise<void>
  /** Ends its other processes at once; every state of the store is safe to be killed in. */
  kill?(): void
}

/** Settings to a house that accepts connections, in this process alone. Throws, with everything taken apart again, where anything is wrong: half a house
 *  is never served. */
export async function compose(settings: Settings, log: Logger, openKernel: OpenKernel = usualKernel): Promise<RunningHouse> {
  const steps = new UndoSteps()
  try {
    const plugins = await loadPlugins(settings)
    await checkTls(settings)
    const place = await takeFolder(settings, log, steps)
    await stopOnUnfitCloud(settings, log)
    const core = await startCore({ settings, ...place }, plugins, log, openKernel, steps)
    const first = await firstStart(core.kernel.setup, place.folder, core.plugins, settings.sample === 'on')
    const front = await openFront(settings, core, log, steps)
    place.lock.announce(front.nearest)
    const registry = front.metrics?.registry
    if (settings.metrics && registry)
      await watchBy(settings.metrics, { contentType: registry.contentType, text: () => registry.metrics() }, log, steps)
    return {
      url: front.url,
      greeting: firstWords(first, settings.publicUrl ?? new URL(front.url), core.plugins, place),
      failed: core.failed,
      reload: () => front.reload(),
      async close(pace) {
        await front.shut(pace)
        await steps.takeApart()
      },
    }
  } catch (error) {
    await steps.takeApart().catch((cause: unknown) => log.error('start.undo-failed', { cause }))
    throw error
  }
}
