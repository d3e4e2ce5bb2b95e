import type { Clock } from '#core'

/** The house's clock from the plugin's start on; before it, and in pure tests, the machine's. */
export const houseClock: { now: Clock['now'] } = { now: () => new Date() }
