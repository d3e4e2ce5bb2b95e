import type { Logger } from '#core'
import { PinoLogger } from '#core/host'
import { compose, type RunningHouse } from './compose.js'
import { readSettings } from './config/read-settings.js'
import type { Settings } from './config/settings.js'
import { isLoopbackHost } from './server/host-header.js'
import { immediatePace, usualPace } from './server/shutdown.js'

/** Whatever happens, it ends after this (security guide 1.10). */
const longestShutdown = 90_000
const afterFailure = 10_000

/** Told from other ends by its exit status, for whoever starts the process again. */
class StoreFailed extends Error {
  readonly exitStatus = 75
}

/** Runs the house until SIGTERM or SIGINT. Standard output has the first start's text and the `ready` line, standard error the log. */
export async function serve(file: string | undefined): Promise<void> {
  process.umask(0o077)
  const settings = await readSettings(process.env, file)
  const { log, flush } = PinoLogger.standardError(settings.logLevel)
  try {
    warn(settings, log)
    const house = await compose(settings, log)
    const stopped = untilStopped(house, log, isLoopbackHost(settings.listen.host))
    process.stdout.write(`${house.greeting ?? ''}ready ${house.url}\n`)
    await stopped
  } finally {
    flush()
  }
}

function warn(settings: Settings, log: Logger): void {
  const { node } = process.versions
  if (node.startsWith('20.'))
    log.warn('node.end-of-life', { version: node, message: 'Node 20 is past its end of life; Node 24 is recommended' })
  if (isLoopbackHost(settings.listen.host) || settings.publicUrl?.protocol === 'https:') return
  const message =
    'Credentials travel in clear: the listener is not loopback, and no https public URL says that a proxy stands in front'
  log.warn('listen.plain', { address: settings.listen.host, message })
}

/** Resolves when the house has gone down in order. A second signal, or 90 s, and it is killed: every state of the store is safe to be killed in, but
 *  `process.exit` with a transaction under way would keep LMDB's lock. */
function untilStopped(house: RunningHouse, log: Logger, near: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = false
    const kill = () => process.kill(process.pid, 'SIGKILL')
    const stop = (signal: NodeJS.Signals) => {
      if (begun) kill()
      begun = true
      log.info('shutdown.signal', { reason: signal })
      setTimeout(kill, longestShutdown).unref()
      // A balancer elsewhere needs notice; nobody does who talks to a loopback listener or pressed a key.
      house.close(near || signal === 'SIGINT' ? immediatePace : usualPace).then(resolve, reject)
    }
    process.on('SIGTERM', stop).on('SIGINT', stop)
    // A store whose write failed is not written to again: a new process looks for room first (security guide 1.8).
    void house.failed.then(() => {
      if (begun) return
      begun = true
      setTimeout(kill, afterFailure).unref()
      house
        .close({ notice: 0, requests: afterFailure / 2 })
        .then(() => reject(new StoreFailed('The store takes no more writes')), reject)
    })
  })
}
