import cluster from 'node:cluster'
import type { Logger } from '#core'
import { PinoLogger } from '#core/host'
import { compose, type RunningHouse } from './compose.js'
import { readGivenSettings } from './config/read-settings.js'
import type { Settings } from './config/settings.js'
import { HouseFailure, storeFailure } from './house-failure.js'
import type { OpenKernel } from './house-parts.js'
import { endOfNode } from './node-life.js'
import { openKernel as usualKernel } from './open-kernel.js'
import { isLoopbackHost } from './server/host-header.js'
import { paceAfter } from './server/shutdown.js'
import { composeWorkers } from './workers/compose-workers.js'
import { work } from './workers/work.js'
import { letYoungGenerationGrow } from './young-generation.js'

/** Whatever happens, it ends after this (security guide 1.10); workers that are late are killed five seconds before their primary. */
const longestShutdown = 95_000
const longestShutdownAlone = 90_000
const afterFailure = 10_000

/** Runs the house until SIGTERM or SIGINT, in this process or in as many as the settings say. Standard output has the first start's text and the `ready`
 *  line, standard error the log. */
export async function serve(file: string | undefined, openKernel: OpenKernel = usualKernel): Promise<void> {
  process.umask(0o077)
  if (cluster.isWorker) return work(openKernel)
  const given = await readGivenSettings(process.env, file)
  const { settings } = given
  const output = PinoLogger.standardError(settings.logLevel)
  const { log, flush } = output
  try {
    warn(settings, log)
    const house = await (settings.workers === 1 ? compose(settings, log, openKernel) : composeWorkers(given, output, openKernel))
    const stopped = untilStopped(house, log, settings.listen.host, settings.tlsCert !== undefined)
    letYoungGenerationGrow()
    process.stdout.write(`${house.greeting ?? ''}ready ${house.url}\n`)
    await stopped
  } finally {
    flush()
  }
}

function warn(settings: Settings, log: Logger): void {
  const ended = endOfNode(process.versions.node, Date.now())
  if (ended !== undefined) log.warn('node.end-of-life', { version: process.versions.node, message: ended })
  const { listen, publicUrl, tlsCert } = settings
  if (tlsCert !== undefined || isLoopbackHost(listen.host) || publicUrl?.protocol === 'https:') return
  const message =
    'Credentials travel in clear: the listener is not loopback, and no https public URL says that a proxy stands in front'
  log.warn('listen.plain', { address: listen.host, message })
}

/** Resolves when the house has gone down in order. A second signal, or 90 s, and it is killed: every state of the store is safe to be killed in, but
 *  `process.exit` with a transaction under way would keep LMDB's lock. */
function untilStopped(house: RunningHouse, log: Logger, listenHost: string, tls: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = false
    const kill = () => {
      house.kill?.()
      process.kill(process.pid, 'SIGKILL')
    }
    const stop = (signal: NodeJS.Signals) => {
      if (begun) kill()
      begun = true
      log.info('shutdown.signal', { reason: signal })
      setTimeout(kill, house.kill === undefined ? longestShutdownAlone : longestShutdown).unref()
      house.close(paceAfter(signal, listenHost)).then(resolve, reject)
    }
    process.on('SIGTERM', stop).on('SIGINT', stop)
    // Without a certificate it means what it always does: the terminal is gone.
    if (tls) process.on('SIGHUP', () => void house.reload?.())
    void house.failed.then((error) => {
      if (begun) return
      begun = true
      setTimeout(kill, afterFailure).unref()
      const failure = error instanceof HouseFailure ? error : storeFailure(error)
      house.close({ notice: 0, requests: afterFailure / 2 }).then(() => reject(failure), reject)
    })
  })
}
