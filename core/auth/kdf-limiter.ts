import { unavailable } from '../errors/registry-error.js'

/** How many derivations may run beside each other: they share libuv's threads with files, DNS and zlib, and must leave it most of them. */
export function kdfParallelism(threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)): number {
  return Number.isFinite(threads) ? Math.max(1, Math.floor(threads / 2) - 1) : 1
}

/** At most `parallel` jobs at once, at most `queue` waiting; one more is `unavailable`, to be asked again in a second. */
export class KdfLimiter {
  private running = 0
  private readonly waiting: (() => void)[] = []

  constructor(
    private readonly parallel = kdfParallelism(),
    private readonly queue = 64,
  ) {}

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.running < this.parallel) this.running += 1
    else {
      if (this.waiting.length >= this.queue) throw unavailable('Too many passwords wait to be checked', 1)
      // Whoever ends hands its place on, so that nobody who comes later overtakes the queue.
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
    try {
      return await job()
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.running -= 1
      else next()
    }
  }
}
