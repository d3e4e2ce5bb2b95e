import type { Logger } from '#core'
import { isLoopbackHost } from '../server/host-header.js'
import type { ListenAddress } from '../server/listener.js'
import type { UndoSteps } from '../undo-steps.js'
import type { Exposition } from './metrics-listener.js'

/** The listener for metrics, until the house is taken apart; its address goes to the log. */
export async function watchBy(at: ListenAddress, exposition: Exposition, log: Logger, steps: UndoSteps): Promise<void> {
  const { openMetrics } = await import('./metrics-listener.js')
  const { url, close } = await openMetrics(at, exposition)
  steps.undo(close)
  log.info('metrics.ready', { address: url })
  if (!isLoopbackHost(at.host))
    log.warn('metrics.open', { address: url, message: 'Whoever reaches this address reads the metrics of the house' })
}
