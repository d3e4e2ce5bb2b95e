import { setTimeout as pause } from 'node:timers/promises'
import { RegistryError } from '#core/host'

/** Milliseconds before the second attempt; each further one is waited for twice as long. */
export const usualPatience = { attempts: 6, first: 1_000 }

/** A store that is throttled or away for half a minute does not end a move of hours: what may be repeated is repeated. */
export async function patiently<Result>(work: () => Promise<Result>, { attempts, first } = usualPatience): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await work()
    } catch (thrown) {
      const passing = thrown instanceof RegistryError && (thrown.kind === 'unavailable' || thrown.kind === 'throttled')
      if (!passing || tried >= attempts) throw thrown
      await pause(first * 2 ** (tried - 1))
    }
  }
}
