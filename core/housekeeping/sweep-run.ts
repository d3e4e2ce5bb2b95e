import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Limits } from '../runtime/limits.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import type { ClockWatch } from './clock-watch.js'
import type { Lease } from './leases.js'
import type { Deed, SweepState, SweepTotals } from './sweep-state.js'

const mostSamples = 50

/** A brake says stop: nothing more is removed in this run. */
export class Braked extends Error {}

/** What one run of the sweeper carries from row to row: its lease, its brakes, its report. */
export class SweepRun {
  readonly totals: SweepTotals
  readonly counts: Partial<Record<Deed, number>>
  readonly samples: JsonObject[]
  wouldBrake: string | undefined

  constructor(
    private readonly parts: {
      readonly metadata: MetadataStore
      readonly clock: Clock
      readonly limits: Limits
      readonly watch: ClockWatch
      readonly lease: Lease
      readonly signal: AbortSignal
    },
    private readonly begun: Readonly<SweepState>,
  ) {
    this.totals = { ...begun.totals }
    this.counts = { ...begun.counts }
    this.samples = [...begun.samples]
  }

  get dryRun(): boolean {
    return this.begun.dryRun
  }
  get confirmed(): boolean {
    return this.begun.confirmed
  }
  get started(): number {
    return this.begun.started
  }

  /** What the next run, after a crash, goes on with. */
  state(): Pick<SweepState, 'totals' | 'counts' | 'samples'> {
    return { totals: this.totals, counts: this.counts, samples: this.samples }
  }

  get now(): number {
    return this.parts.clock.now().getTime()
  }
  get stopping(): boolean {
    return this.parts.signal.aborted
  }

  /** Has so much time passed, whatever the difference of the clocks that wrote and read? */
  isPast(since: number, milliseconds: number): boolean {
    return this.now - since >= milliseconds + this.parts.limits.clockSkewSeconds * 1_000
  }

  /** Before each step that cannot be taken back. Throws LeaseLost, Braked. */
  check(): void {
    this.parts.lease.check()
    if (this.parts.watch.hasMoved()) throw new Braked('The clock was moved')
  }

  /** Rows under the lease; false where one of them has moved meanwhile. */
  async commit(mutations: readonly Mutation[]): Promise<boolean> {
    this.check()
    if (await commitUnlessMoved(this.parts.metadata, [this.parts.lease.guard(), ...mutations])) return true
    await this.parts.lease.renew()
    return false
  }

  /** Of all that was decided before this run. A dry run goes on and tells. Throws Braked. */
  holdDue(blobs: number, bytes: number): void {
    if (this.confirmed) return
    try {
      this.hold(blobs, bytes)
    } catch (thrown) {
      if (!this.dryRun || !(thrown instanceof Braked)) throw thrown
      this.wouldBrake = thrown.message
    }
  }

  /** Of bytes that are to go without an operator's leave. Throws Braked. */
  spend(bytes: number): void {
    if (this.confirmed || this.dryRun) return
    const { totals } = this
    this.hold(totals.doomedBlobs + 1, totals.doomedBytes + bytes)
    totals.doomedBlobs += 1
    totals.doomedBytes += bytes
  }

  /** Throws Braked where so many blobs, or bytes, are more than a run may remove. */
  private hold(blobs: number, bytes: number): void {
    const { limits } = this.parts
    if (blobs <= limits.sweepFloorBlobs) return
    if (blobs > (this.totals.blobs * limits.sweepBlobPercent) / 100)
      throw new Braked(`More than ${limits.sweepBlobPercent} % of all blobs would go: ${blobs} of ${this.totals.blobs}`)
    if (bytes > (this.totals.bytes * limits.sweepBytePercent) / 100)
      throw new Braked(`More than ${limits.sweepBytePercent} % of all bytes would go: ${bytes} of ${this.totals.bytes}`)
  }

  done(deed: Deed, what: JsonObject, why: string): void {
    this.counts[deed] = (this.counts[deed] ?? 0) + 1
    if (this.samples.length < mostSamples) this.samples.push({ deed, ...what, why })
  }
}
