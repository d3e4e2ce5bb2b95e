import type { RunOptions } from '../../core/housekeeping/chore.js'
import { ClockWatch } from '../../core/housekeeping/clock-watch.js'
import { Sweep, type SweepParts } from '../../core/housekeeping/sweep.js'
import { randomHex } from '../../core/runtime/identifiers.js'
import type { JsonObject } from '../../core/runtime/json.js'
import type { Limits } from '../../core/runtime/limits.js'
import { silentLogger } from '../../core/runtime/logger.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'
import type { BlobRow } from '../../core/storage/storage-rows.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'
import { choreWork } from './chore-work.js'
import { StorageWorld } from './storage-world.js'

/** What a run of the sweeper tells, without its samples. */
export interface Told {
  readonly dryRun: boolean
  readonly blobs: number
  readonly bytes: number
  readonly done: Readonly<Record<string, number>>
  readonly brake?: string
}

/** The sweeper over a storage world; `special` parts take the place of the usual ones. */
export class Sweeping {
  readonly sweep: Sweep
  readonly watch: ClockWatch
  samples: readonly JsonObject[] = []

  constructor(
    private readonly world: StorageWorld,
    special: Partial<SweepParts> = {},
  ) {
    const { metadata, blobs, sealed, clock, limits } = world
    this.watch = new ClockWatch(metadata, clock)
    const parts = { metadata, blobs, sealed, clock, limits, log: silentLogger, watch: this.watch, release: '1' }
    this.sweep = new Sweep({ ...parts, ...special })
  }

  async run(options: RunOptions = { dryRun: false }): Promise<Told> {
    const { samples, ...told } = await this.sweep.run(await choreWork(this.world.metadata, this.world.clock, 'sweep', options))
    this.samples = (samples as JsonObject[] | undefined) ?? []
    return told as unknown as Told
  }
}

/** A storage world whose organization is on the list of all, and its sweeper. */
export class SweptWorld {
  sweeping: Sweeping

  private constructor(readonly world: StorageWorld) {
    this.sweeping = new Sweeping(world)
  }

  static async open(limits: Partial<Limits> = {}, metadata?: MetadataStore): Promise<SweptWorld> {
    const world = await StorageWorld.open(metadata, limits)
    const value = { v: 1, organization: 'o_1' }
    await world.metadata.commit([{ op: 'put', key: tenantKeys.organizationEntry('acme'), value }], randomHex())
    return new SweptWorld(world)
  }

  async put(path: string, content: string): Promise<void> {
    await this.world
      .change()
      .putArtifact(path, await this.world.stage(content), { replace: true })
      .commit()
  }
  async remove(path: string): Promise<void> {
    await this.world.change().deleteArtifact(path).commit()
  }

  /** Of every blob row. */
  async states(): Promise<readonly BlobRow['state'][]> {
    const blobs = (await this.world.entries()).filter(({ key }) => key.path[0] === 'blob')
    return blobs.map(({ value }) => (value as unknown as BlobRow).state).sort()
  }

  /** Rows of the tenant alone, without its log. */
  async rows(): Promise<readonly string[]> {
    return (await this.world.rows()).filter((name) => name.startsWith('o_1 ') && !name.startsWith('o_1 l'))
  }

  async sweepEach(milliseconds: number, times: number): Promise<void> {
    for (let at = 0; at < times; at++) {
      this.world.clock.advance(milliseconds)
      await this.sweeping.watch.run()
      await this.sweeping.run()
    }
  }
}
