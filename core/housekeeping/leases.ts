import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** Milliseconds without a sign of life after which another process takes a lease over. */
const usualLife = 15_000

/** Somebody else has the lease now: nothing more may be done under it. */
export class LeaseLost extends Error {
  constructor(readonly lease: string) {
    super(`the lease ${lease} was lost`)
  }
}

/** The right to do one thing on one process of one node. */
export interface Lease {
  readonly name: string
  /** Raised whenever the lease changes hands. */
  readonly fence: number
  /** Throws LeaseLost where it was lost, or has not been renewed in time: asked before each step that cannot be taken back. */
  check(): void
  /** Makes a commit fail, `stale`, where the lease has changed hands: no clock decides it. */
  guard(): Mutation
  /** Shows a sign of life. Throws LeaseLost where somebody took the lease over. */
  renew(): Promise<void>
  /** Gives it back: the next who asks has it at once. */
  release(): Promise<void>
}

type FenceRow = { readonly holder: string; readonly fence: number }
interface Observed {
  readonly mark: string
  readonly since: number
}

/** Leases as rows, two each: who holds it (changes with its holder alone, so that commits may check it), and a beat that its holder renews. No wall clock
 *  takes part: a lease is free when its rows stayed the same for its whole life by the monotonic clock of whoever looks. */
export class Leases {
  private readonly observed = new Map<string, Observed>()

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    readonly holder = randomHex(8),
    readonly life = usualLife,
  ) {}

  /** Undefined while somebody else has it. */
  async take(name: string): Promise<Lease | undefined> {
    const fenceEntry = await this.metadata.get(tenantKeys.lease(name))
    const beatEntry = await this.metadata.get(tenantKeys.leaseBeat(name))
    if (fenceEntry && fenceOf(fenceEntry).holder !== '' && !this.isOver(name, fenceEntry, beatEntry)) return undefined
    this.observed.delete(name)
    const begun = this.clock.monotonic()
    const fence = (fenceEntry ? fenceOf(fenceEntry).fence : 0) + 1
    const row = { v: 1, holder: this.holder, fence, at: this.clock.now().getTime() }
    const free = await commitUnlessMoved(this.metadata, [
      { op: 'put', key: tenantKeys.lease(name), value: row, if: seen(fenceEntry) },
      { op: 'put', key: tenantKeys.leaseBeat(name), value: { v: 1, beat: 0 } },
    ])
    if (!free) return undefined
    const taken = await this.metadata.get(tenantKeys.lease(name))
    if (!taken || fenceOf(taken).holder !== this.holder || fenceOf(taken).fence !== fence) return undefined
    return new HeldLease(name, fence, taken.revision, begun, this.metadata, this.clock, this.life)
  }

  /** Who has it, as its row says; undefined where nobody does. */
  async holderOf(name: string): Promise<string | undefined> {
    const entry = await this.metadata.get(tenantKeys.lease(name))
    return entry ? fenceOf(entry).holder || undefined : undefined
  }

  private isOver(name: string, fence: Entry, beat: Entry | undefined): boolean {
    const mark = `${fence.revision} ${beat?.revision ?? ''}`
    const now = this.clock.monotonic()
    const before = this.observed.get(name)
    if (before?.mark === mark) return now - before.since >= this.life
    this.observed.set(name, { mark, since: now })
    return false
  }
}

class HeldLease implements Lease {
  private beat = 0
  private over = false

  constructor(
    readonly name: string,
    readonly fence: number,
    private readonly revision: string,
    private renewed: number,
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly life: number,
  ) {}

  check(): void {
    // Counted from before the renewal was sent, and a third short: whoever watches starts later.
    if (this.over || this.clock.monotonic() - this.renewed >= (this.life * 2) / 3) throw new LeaseLost(this.name)
  }

  guard(): Mutation {
    return { op: 'check', key: tenantKeys.lease(this.name), if: { revision: this.revision } }
  }

  async renew(): Promise<void> {
    if (this.over) throw new LeaseLost(this.name)
    const begun = this.clock.monotonic()
    const value: JsonObject = { v: 1, beat: ++this.beat }
    const beating: Mutation = { op: 'put', key: tenantKeys.leaseBeat(this.name), value }
    if (!(await commitUnlessMoved(this.metadata, [this.guard(), beating]))) {
      this.over = true
      throw new LeaseLost(this.name)
    }
    this.renewed = begun
  }

  async release(): Promise<void> {
    if (this.over) return
    this.over = true
    const value: JsonObject = { v: 1, holder: '', fence: this.fence, at: this.clock.now().getTime() }
    const key = tenantKeys.lease(this.name)
    await commitUnlessMoved(this.metadata, [{ op: 'put', key, value, if: { revision: this.revision } }])
  }
}

function fenceOf(entry: Entry): FenceRow {
  return entry.value as FenceRow
}
