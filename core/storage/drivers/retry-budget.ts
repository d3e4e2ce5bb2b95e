/** What one repeat costs, in calls that were made. */
const callsForOne = 10

/** How many calls may be repeated: one for each ten that were made, and a reserve for bad moments. A dependency in trouble is not given a multiple of
 *  its usual load. */
export class RetryBudget {
  private earned: number

  constructor(private readonly reserve = 100) {
    this.earned = reserve * callsForOne
  }

  /** A first attempt was made. */
  called(): void {
    this.earned = Math.min(Math.max(this.reserve, 1) * callsForOne, this.earned + 1)
  }

  /** False where nothing is left: the failure stands. */
  take(): boolean {
    if (this.earned < callsForOne) return false
    this.earned -= callsForOne
    return true
  }
}

/** Of this process, for all its dependencies (security guide 1.4). */
export const processRetries = new RetryBudget()
