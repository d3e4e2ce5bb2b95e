import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** Milliseconds without work after which a chore rests. */
export const quietBefore = 60_000
/** A bell keeps its chore awake for `quietBefore`: whoever rang it does so again after this. */
const ringEvery = quietBefore / 3

/** Lets a chore that runs every second be, once it has found nothing for a minute: instead of looking through all its rows it reads one, the bell, which
 *  any process rings that has work for it. It goes on by itself when its rest is over: a process that died rings no bell. */
export class ChoreRest {
  private quietSince?: number
  private until = Number.NEGATIVE_INFINITY
  private heard?: string
  private rung = Number.NEGATIVE_INFINITY

  constructor(
    private readonly name: string,
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
  ) {}

  /** There is work, or was a moment ago. */
  wake(): void {
    delete this.quietSince
    delete this.heard
  }

  /** A run found nothing to do, and would find nothing for so many milliseconds unless somebody rings. */
  found(nothingFor: number): void {
    const now = this.clock.monotonic()
    this.quietSince ??= now
    this.until = now + nothingFor
  }

  /** Asked before each run. The bell is read before the rows: of what is rung for later there is another one. */
  async goesOn(): Promise<boolean> {
    const now = this.clock.monotonic()
    if (this.quietSince === undefined || now - this.quietSince < quietBefore) return false
    const before = this.heard
    this.heard = (await this.metadata.get(tenantKeys.choreBell(this.name)))?.revision ?? ''
    if (before === undefined) return false
    if (before === this.heard) return now < this.until
    this.wake()
    return false
  }

  /** Wakes the process that has the lease, whichever that is. Throws where the store does not answer. */
  async ring(): Promise<void> {
    const now = this.clock.monotonic()
    if (now - this.rung < ringEvery) return
    this.rung = now
    try {
      await this.metadata.commit([{ op: 'put', key: tenantKeys.choreBell(this.name), value: { v: 1 } }], randomHex())
    } catch (thrown) {
      this.rung = Number.NEGATIVE_INFINITY
      throw thrown
    }
  }
}
