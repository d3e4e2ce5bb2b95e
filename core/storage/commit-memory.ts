import { invalid } from '../errors/registry-error.js'

interface Remembered {
  readonly fingerprint: number
  readonly at: number
  readonly done: Promise<void>
}

/** Commits of the last ten minutes by token, so that an equal repeat is answered by the first one's outcome. Bounded: the oldest go first. */
export class CommitMemory {
  readonly #commits = new Map<string, Remembered>()

  constructor(
    private readonly monotonic: () => number = () => performance.now(),
    private readonly milliseconds = 600_000,
    private readonly most = 131_072,
  ) {}

  /** Throws `invalid` where the token was used for other mutations. A commit that failed is forgotten: its repeat is tried anew. */
  once(token: string, fingerprint: number, commit: () => Promise<void>): Promise<void> {
    const now = this.monotonic()
    const earlier = this.#commits.get(token)
    if (earlier !== undefined && now - earlier.at < this.milliseconds) {
      if (earlier.fingerprint !== fingerprint) throw invalid('A commit token was used for other mutations')
      return earlier.done
    }
    this.#forgetOld(now)
    const done = commit()
    this.#commits.delete(token)
    const remembered = { fingerprint, at: now, done }
    this.#commits.set(token, remembered)
    done.catch(() => {
      if (this.#commits.get(token) === remembered) this.#commits.delete(token)
    })
    return done
  }

  #forgetOld(now: number): void {
    for (const [token, { at }] of this.#commits) {
      if (now - at < this.milliseconds && this.#commits.size < this.most) return
      this.#commits.delete(token)
    }
  }
}
