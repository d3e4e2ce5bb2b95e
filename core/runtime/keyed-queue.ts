/** Lets one task at a time run for each key, in the order they came. Within one process: a courtesy that saves repeats, never a lock. */
export class KeyedQueue {
  private readonly tails = new Map<string, Promise<void>>()

  /** All keys at once; sorted, so that two tasks never wait for each other. */
  async run<T>(keys: readonly string[], task: () => Promise<T>): Promise<T> {
    const releases: (() => void)[] = []
    try {
      for (const key of [...new Set(keys)].sort()) releases.push(await this.enter(key))
      return await task()
    } finally {
      for (const release of releases) release()
    }
  }

  private async enter(key: string): Promise<() => void> {
    const before = this.tails.get(key)
    let open: () => void = () => {}
    const mine = new Promise<void>((resolve) => {
      open = resolve
    })
    const tail = before ? before.then(() => mine) : mine
    this.tails.set(key, tail)
    await before
    return () => {
      if (this.tails.get(key) === tail) this.tails.delete(key)
      open()
    }
  }
}
