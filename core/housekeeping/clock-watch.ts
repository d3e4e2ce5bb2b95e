import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Chore } from './chore.js'

const hour = 3_600_000
const day = 24 * hour
/** So much later than when it was last seen, a clock is believed: the house may have been off. */
const longestRest = 30 * day
const noteEvery = 600_000

type ClockRow = { readonly wall: number; readonly quietUntil?: number }

/** Why nothing may be removed now, or taken for expired; undefined where the clock is believed. */
export type Suspension = () => Promise<string | undefined>

/** Notices that the wall clock was moved by more than an hour, against the monotonic clock or since it was last seen by any process, and suspends
 *  whatever removes things until 24 quiet hours have passed, or an operator says so. */
export class ClockWatch implements Chore {
  readonly name = 'clock'
  readonly interval = 60_000
  private base: { readonly wall: number; readonly monotonic: number }

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
  ) {
    this.base = this.read()
  }

  async run(): Promise<JsonObject | undefined> {
    const suspended = await this.suspension()
    return suspended === undefined ? undefined : { suspended }
  }

  /** Why nothing may be removed now; undefined where the clock is believed. */
  async suspension(): Promise<string | undefined> {
    const { wall } = this.read()
    const moved = this.hasMoved()
    this.base = this.read()
    const entry = await this.metadata.get(tenantKeys.instance('clock'))
    const before = entry?.value as ClockRow | undefined
    const leapt = before !== undefined && (before.wall - wall > hour || wall - before.wall > longestRest)
    const until = moved || leapt ? wall + day : Math.min(before?.quietUntil ?? 0, wall + day)
    const next: ClockRow = { wall, ...(until > wall ? { quietUntil: until } : {}) }
    if (!before || next.quietUntil !== before.quietUntil || Math.abs(wall - before.wall) >= noteEvery) await this.write(next)
    return until > wall ? `The clock was moved: nothing is removed before ${new Date(until).toISOString()}` : undefined
  }

  /** An operator has looked at the clock. */
  async confirm(): Promise<void> {
    this.base = this.read()
    await this.write({ wall: this.base.wall })
  }

  /** Since `suspension` was last asked, in this process: cheap enough to ask before each step. */
  hasMoved(): boolean {
    const { wall, monotonic } = this.read()
    return Math.abs(wall - this.base.wall - (monotonic - this.base.monotonic)) > hour
  }

  private read(): { readonly wall: number; readonly monotonic: number } {
    return { wall: this.clock.now().getTime(), monotonic: this.clock.monotonic() }
  }

  private async write(row: ClockRow): Promise<void> {
    await this.metadata.commit([{ op: 'put', key: tenantKeys.instance('clock'), value: { v: 1, ...row } }], randomHex())
  }
}
