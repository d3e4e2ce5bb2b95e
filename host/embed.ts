import type { RequestHandler } from 'express'
import type { Logger } from '#core'
import { type HouseSetup, silentLogger } from '#core/host'
import { readSettings } from './config/read-settings.js'
import type { Settings } from './config/settings.js'
import { firstStart } from './first-start.js'
import { loadPlugins, startCore } from './house-core.js'
import { takeFolder } from './house-folder.js'
import { openKernel } from './open-kernel.js'
import { AccessLog } from './server/access-log.js'
import { houseHandler } from './server/express-app.js'
import { Health } from './server/health.js'
import { UndoSteps } from './undo-steps.js'

export { compose, type RunningHouse } from './compose.js'
export type { Settings } from './config/settings.js'

export interface EmbeddedHouse {
  /** Takes every request that reaches it, body unread: no parser stands before it. Where it is mounted below a path, `publicUrl` ends in that path. */
  readonly handler: RequestHandler
  /** Makes organizations, members and repositories before anybody can ask for them. */
  readonly setup: HouseSetup
  /** Resolves when the store has failed and the process must end; until then pending. */
  readonly failed: Promise<Error>
  /** After the application's server has closed: writes what is in memory and lets go of the data folder. */
  close(): Promise<void>
}

/** The house inside somebody else's Express application, which owns the listener, TLS and the limits on connections. `environment` as the server reads it:
 *  `CLOUDREPO_DATA`, `CLOUDREPO_PUBLIC_URL`, … Throws, with everything taken apart again, where anything is wrong. */
export async function embed(
  environment: Readonly<Record<string, string>>,
  log: Logger = silentLogger,
  file?: string,
): Promise<EmbeddedHouse> {
  const settings: Settings = await readSettings(environment, file)
  const steps = new UndoSteps()
  try {
    const plugins = await loadPlugins(settings)
    const place = await takeFolder(settings, log, steps)
    const core = await startCore({ settings, ...place }, plugins, log, openKernel, steps)
    await firstStart(core.kernel.setup, place.folder, core.plugins, settings.sample === 'on')
    const house = houseHandler({
      kernel: core.kernel,
      health: new Health(core.isReadOnly),
      log,
      accessLog: new AccessLog(log),
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      isRootMount: async (hostname) => (await core.kernel.isRootMount?.(hostname)) ?? false,
    })
    return {
      handler(req, res, next) {
        // What stands before the mount is the application's, and no part of the house's address.
        req.originalUrl = req.url
        house(req, res, next)
      },
      setup: core.kernel.setup as HouseSetup,
      failed: core.failed,
      close: () => steps.takeApart(),
    }
  } catch (error) {
    await steps.takeApart().catch((cause: unknown) => log.error('start.undo-failed', { cause }))
    throw error
  }
}
