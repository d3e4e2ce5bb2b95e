import type { Clock } from '../../core/runtime/clock.js'

/** Stands still until it is told otherwise. */
export class FixedClock implements Clock {
  private passed = 0

  constructor(private time = Date.UTC(2026, 0, 31, 12)) {}

  now(): Date {
    return new Date(this.time)
  }
  monotonic(): number {
    return this.passed
  }
  advance(milliseconds: number): void {
    this.time += milliseconds
    this.passed += milliseconds
  }
  /** Somebody sets the wall clock, in either direction; no time passes. */
  jump(milliseconds: number): void {
    this.time += milliseconds
  }
}
