/** So many calls at once; others wait in line, and not for ever: a socket is waited for within the deadline of its request. */
export class Places {
  private free: number
  private readonly line = new Set<(given: boolean) => void>()

  constructor(count: number) {
    this.free = count
  }

  /** Gives the place back when called; undefined where none became free in time. */
  async take(milliseconds: number): Promise<(() => void) | undefined> {
    if (this.free > 0) this.free -= 1
    else if (!(await this.wait(milliseconds))) return undefined
    return () => this.giveBack()
  }

  private wait(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (given: boolean) => {
        clearTimeout(timer)
        this.line.delete(settle)
        resolve(given)
      }
      const timer = setTimeout(settle, Math.max(0, milliseconds), false)
      this.line.add(settle)
    })
  }

  /** Handed on to whoever waits longest, so that nobody who comes later overtakes the line. */
  private giveBack(): void {
    const [next] = this.line
    if (next === undefined) this.free += 1
    else next(true)
  }
}
