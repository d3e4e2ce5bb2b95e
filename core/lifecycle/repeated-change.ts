import { RegistryError, unavailable } from '../errors/registry-error.js'

const attempts = 12

/** Repeats a change whose rows moved under it, each time from a fresh look. What was decided in words is final. */
export async function repeated<Result>(change: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change()
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale' || thrown.detail['worded'] === true) throw thrown
      if (attempt === attempts) throw unavailable('Too many changes at once; try again', 2, { cause: thrown })
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * attempt))
    }
  }
}
