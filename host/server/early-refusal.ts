import type { IncomingMessage } from 'node:http'

export interface DrainBudget {
  readonly bytes: number
  readonly milliseconds: number
}

/** What is still read and thrown away behind an answer that did not wait for its body. Closing at once would reset the connection, and the
 *  client would never see the answer. */
export const drainBudgets = {
  usual: { bytes: 1024 * 1024, milliseconds: 2_000 },
  /** Maven 4 sends its first PUT, body and all, without credentials and reads the answer last. */
  challenge: { bytes: 256 * 1024 * 1024, milliseconds: 30_000 },
  /** A body that means nothing, before the answer. */
  unneeded: { bytes: 64 * 1024, milliseconds: 2_000 },
} as const satisfies Record<string, DrainBudget>

/** Does a body belong to this request that has not come in whole? */
export function bodyPending(req: IncomingMessage): boolean {
  return !req.complete && hasBody(req)
}

export function hasBody(req: IncomingMessage): boolean {
  if (req.headers['transfer-encoding'] !== undefined) return true
  const length = req.headers['content-length']
  return length !== undefined && length !== '0'
}

/** Resolves when the body has ended, the budget is spent or the client has gone. The caller then closes. */
export function drain(req: IncomingMessage, budget: DrainBudget): Promise<void> {
  return new Promise((resolve) => {
    if (req.complete || req.destroyed) {
      resolve()
      return
    }
    let read = 0
    const onData = (chunk: Buffer) => {
      read += chunk.length
      if (read > budget.bytes) done()
    }
    const done = () => {
      clearTimeout(timer)
      req.off('data', onData).off('end', done).off('close', done).off('error', done)
      req.pause()
      resolve()
    }
    const timer = setTimeout(done, budget.milliseconds)
    req.on('data', onData).on('end', done).on('close', done).on('error', done)
    req.resume()
  })
}
