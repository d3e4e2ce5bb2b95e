/** Time as everything in the house reads it; a test hands in one that stands still. */
export interface Clock {
  now(): Date
  /** Milliseconds that never run backwards, for durations. */
  monotonic(): number
}
export const Clock = Symbol('Clock')

export class SystemClock implements Clock {
  now(): Date {
    return new Date()
  }
  monotonic(): number {
    return performance.now()
  }
}
