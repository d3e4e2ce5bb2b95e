import type { Circuit } from './circuit.js'

export type Send<T> = (signal: AbortSignal) => Promise<T>

/** One call, at most so many milliseconds. The circuit learns how it ended: `unknown` and `unsent` are failures of the service, a refusal is an answer. */
export async function oneAttempt<T>(
  send: Send<T>,
  milliseconds: number,
  circuit: Circuit,
  failureOf: (thrown: unknown) => string,
): Promise<T> {
  try {
    const answer = await within(send, milliseconds)
    circuit.succeeded()
    return answer
  } catch (thrown) {
    const failure = failureOf(thrown)
    if (failure === 'unknown' || failure === 'unsent') circuit.failed()
    else circuit.succeeded()
    throw thrown
  }
}

/** Its signal is of no more concern once there is an answer, whose body may go on. Nobody waits longer, whatever the library does about the signal: what
 *  looks for credentials does not hear it. */
function within<T>(send: Send<T>, milliseconds: number): Promise<T> {
  const controller = new AbortController()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const late = new Error(`No answer within ${Math.round(milliseconds)} ms`)
      controller.abort(late)
      reject(late)
    }, milliseconds)
    send(controller.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
