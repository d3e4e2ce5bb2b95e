import type { Clock } from '../../core/runtime/clock.js'

/** Stands still until it is told otherwise. */
export class FixedClock implements Clock {
  constructor(private time = Date.UTC(2026, 0, 31, 12)) {}

  now(): Date {
    return new Date(this.time)
  }
  monotonic(): number {
    return this.time
  }
  advance(milliseconds: number): void {
    this.time += milliseconds
  }
}
