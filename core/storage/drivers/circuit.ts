/** Keeps calls away from a dependency that is down (security guide 1.8): opens after 20 failures within 10 s with no success among them, then lets one
 *  call a second through, so that recovery is not a second outage. One for each dependency and process; it decides nothing but waiting. */
export class Circuit {
  private readonly failures: number[] = []
  private isOpen = false
  private probedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly most = 20,
    private readonly withinMilliseconds = 10_000,
    private readonly probeMilliseconds = 1_000,
  ) {}

  /** False where a call would only be one more that fails. Whoever is let through says how it ended. */
  admit(): boolean {
    if (!this.isOpen) return true
    const now = this.monotonic()
    if (now - this.probedAt < this.probeMilliseconds) return false
    this.probedAt = now
    return true
  }

  succeeded(): void {
    this.failures.length = 0
    this.isOpen = false
  }

  /** It did not answer, or with a failure of its own; a refusal is an answer. */
  failed(): void {
    const now = this.monotonic()
    this.failures.push(now)
    while (this.failures.length > this.most || now - (this.failures[0] ?? now) > this.withinMilliseconds) this.failures.shift()
    if (this.isOpen || this.failures.length < this.most) return
    this.isOpen = true
    this.probedAt = now
  }
}
