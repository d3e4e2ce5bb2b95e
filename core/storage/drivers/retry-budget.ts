/** How many calls may be repeated: one for each ten that were made, and a reserve for bad moments. A dependency in trouble is not given a multiple of
 *  its usual load. */
export class RetryBudget {
  private left: number

  constructor(
    private readonly reserve = 100,
    private readonly share = 0.1,
  ) {
    this.left = reserve
  }

  /** A first attempt was made. */
  called(): void {
    this.left = Math.min(this.reserve, this.left + this.share)
  }

  /** False where nothing is left: the failure stands. */
  take(): boolean {
    if (this.left < 1) return false
    this.left -= 1
    return true
  }
}

/** Of this process, for all its dependencies (security guide 1.4). */
export const processRetries = new RetryBudget()
