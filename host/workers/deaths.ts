/** Milliseconds. A worker that served for longer than `early` died of something else than its start. */
const early = 10_000
const window = 60_000
const most = 5
const pauses = [0, 250, 1_000, 4_000]

/** Tells an accident from a loop: workers that die as soon as they have begun. */
export class Deaths {
  #early: number[] = []

  /** Milliseconds to wait before the place is taken again; undefined where it is of no use any more. `served`: how long the dead one did. */
  next(now: number, served: number): number | undefined {
    if (served >= early) return 0
    this.#early = [...this.#early.filter((at) => now - at < window), now]
    return this.#early.length >= most ? undefined : pauses[this.#early.length - 1]
  }
}
