import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Limits } from '../runtime/limits.js'
import type { Logger } from '../runtime/logger.js'
import type { BlobStore } from '../storage/blob-store.js'
import { DamageMarks } from '../storage/damage-marks.js'
import type { SealedBlobs } from '../storage/encryption/sealed-blobs.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { type BlobRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { BlobCollector } from './blob-collector.js'
import type { Chore, ChoreWork } from './chore.js'
import type { ClockWatch } from './clock-watch.js'
import { DamageCheck } from './damage-check.js'
import { FolderTidy } from './folder-tidy.js'
import { forgetDeletion } from './forgotten-deletions.js'
import { forgetSecret } from './forgotten-secrets.js'
import { StrayCollector } from './stray-collector.js'
import { Braked, SweepRun } from './sweep-run.js'
import { freshState, type SweepState, SweepStates } from './sweep-state.js'
import { VersionPurge } from './version-purge.js'

/** Rows between two notes of where it stands; a pause after each holds it to so many a second. */
const noteEvery = 500
const rowsPerSecond = 20_000
const folders = Array.from({ length: 256 }, (_, at) => at.toString(16).padStart(2, '0'))

export interface SweepParts {
  readonly metadata: MetadataStore
  readonly blobs: BlobStore
  readonly sealed: SealedBlobs
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Logger
  readonly watch: ClockWatch
  /** Of the software: the first run under another one only tells. */
  readonly release: string
}

/** Looks through every row, and every object, and takes away what nobody can use any more. Three passes, each resumed where it was cut: the whole is
 *  counted; rows are judged; then objects without rows. */
export class Sweep implements Chore {
  readonly name = 'sweep'
  readonly interval: number
  private readonly states: SweepStates
  private readonly collector: BlobCollector
  private readonly strays: StrayCollector
  private readonly tidy: FolderTidy
  private readonly damage: DamageCheck
  private looked = { org: '', rests: false, undoDays: 0 }

  constructor(private readonly parts: SweepParts) {
    const { metadata, blobs, sealed, limits, log, clock } = parts
    this.interval = limits.sweepHours * 3_600_000
    this.states = new SweepStates(metadata)
    this.collector = new BlobCollector(metadata, sealed, limits, log)
    this.strays = new StrayCollector(metadata, blobs, limits)
    this.tidy = new FolderTidy(metadata, limits)
    this.damage = new DamageCheck(sealed, new DamageMarks(metadata, clock, log))
  }

  async run(work: ChoreWork): Promise<JsonObject> {
    const { watch, release, clock } = this.parts
    const before = await this.states.read()
    const dryRun = work.dryRun ?? before?.release !== release
    const confirmed = work.confirmed === true
    if (confirmed && !dryRun) await watch.confirm()
    const refused = dryRun ? undefined : await this.refusal()
    if (refused !== undefined) return this.stopped(refused, { dryRun })
    const now = clock.now().getTime()
    this.looked = { org: '', rests: false, undoDays: 0 }
    const state =
      before?.open && before.open.dryRun === dryRun && before.open.confirmed === confirmed
        ? before.open
        : freshState(now, dryRun, confirmed)
    const run = new SweepRun({ ...this.parts, lease: work.lease, signal: work.signal }, state)
    try {
      const ended = await this.passes(state, run, before?.release)
      if (!ended) return { ...report(run), resumes: true }
      await this.states.write({ release })
      return { ...report(run), ...(run.wouldBrake === undefined ? {} : { brake: run.wouldBrake }) }
    } catch (thrown) {
      if (!(thrown instanceof Braked)) throw thrown
      await this.states.write({ ...(before?.release === undefined ? {} : { release: before.release }) })
      return this.stopped(thrown.message, report(run))
    }
  }

  private async refusal(): Promise<string | undefined> {
    if (await this.parts.metadata.get(tenantKeys.instance('restore'))) return 'A restore is open'
    if (await this.parts.metadata.get(tenantKeys.readOnly(0))) return 'The instance is read-only'
    return this.parts.watch.suspension()
  }

  private stopped(brake: string, told: JsonObject): JsonObject {
    this.parts.log.error('sweep.braked', { brake })
    return { ...told, brake }
  }

  /** False where the house goes down: the rest is for the next run. */
  private async passes(state: SweepState, run: SweepRun, release: string | undefined): Promise<boolean> {
    const note = (cursor?: string) =>
      this.states.write({
        ...(release === undefined ? {} : { release }),
        open: { ...state, ...(cursor === undefined ? {} : { cursor }), ...run.state() },
      })
    if (state.pass === 'count') {
      if (!(await this.eachRow(state, run, note, (entry) => this.count(entry, state, run)))) return false
      run.holdDue(state.due.blobs, state.due.bytes)
      Object.assign(state, { pass: 'rows', cursor: '' })
    }
    if (state.pass === 'rows') {
      const purge = new VersionPurge(this.parts.metadata, this.parts.limits)
      if (!(await this.eachRow(state, run, note, (entry) => this.judge(entry, purge, run)))) return false
      Object.assign(state, { pass: 'objects', cursor: '' })
    }
    return this.eachFolder(state, run, note)
  }

  private async eachRow(
    state: SweepState,
    run: SweepRun,
    note: (cursor: string) => Promise<void>,
    visit: (entry: Entry) => Promise<void>,
  ): Promise<boolean> {
    let rows = 0
    let begun = this.parts.clock.monotonic()
    for await (const { entry, cursor } of this.parts.metadata.scan(state.cursor === '' ? undefined : state.cursor)) {
      await visit(entry)
      if (++rows % noteEvery !== 0) continue
      if (run.stopping) {
        await note(cursor)
        return false
      }
      run.check()
      await note(cursor)
      const spare = (noteEvery * 1_000) / rowsPerSecond - (this.parts.clock.monotonic() - begun)
      await pause(Math.max(spare, 0))
      begun = this.parts.clock.monotonic()
    }
    return !run.stopping
  }

  private async eachFolder(state: SweepState, run: SweepRun, note: (cursor: string) => Promise<void>): Promise<boolean> {
    const [afterName = '', afterFolder = ''] = state.cursor.split('/')
    for await (const { key, value } of this.parts.metadata.range(tenantKeys.organizations(), {})) {
      const [name = ''] = key.path
      if (name < afterName) continue
      const { organization } = value as { readonly organization: string }
      for (const folder of folders) {
        if (name === afterName && folder <= afterFolder) continue
        if (run.stopping) return false
        await this.strays.visitFolder(organization, folder, run)
        if (folder.endsWith('f')) await note(`${name}/${folder}`)
      }
    }
    return !run.stopping
  }

  /** Nothing goes from an organization that is read-only; rows of one lie together. */
  private async rests({ key }: Entry): Promise<boolean> {
    const [org = ''] = key.partition.split('\0')
    if (org !== this.looked.org) {
      const row = org === '.' ? undefined : await this.parts.metadata.get(tenantKeys.organization(org))
      const { readOnly, undoDays } = (row?.value ?? {}) as { readonly readOnly?: string; readonly undoDays?: number }
      this.looked = { org, rests: readOnly !== undefined, undoDays: undoDays ?? this.parts.limits.undoDays }
    }
    return this.looked.rests
  }

  private async count(entry: Entry, state: SweepState, run: SweepRun): Promise<void> {
    if (kindOf(entry) !== 'b' || entry.key.path[0] !== 'blob') return
    const blob = row<BlobRow>(entry.value)
    run.totals.blobs += 1
    run.totals.bytes += blob.stored
    if (blob.state !== 'live') {
      run.totals.waitingBlobs = (run.totals.waitingBlobs ?? 0) + 1
      run.totals.waitingBytes = (run.totals.waitingBytes ?? 0) + blob.stored
    }
    if (blob.state === 'live' || blob.confirmed) return
    const fate = await this.collector.fate(entry, run)
    if (fate !== 'mark' && fate !== 'remove') return
    state.due.blobs += 1
    state.due.bytes += blob.stored
  }

  private async judge(entry: Entry, purge: VersionPurge, run: SweepRun): Promise<void> {
    const [kind, first] = [kindOf(entry), entry.key.path[0]]
    if (kind === 'b' && first === 'blob') await this.damage.visit(entry, run)
    if (await this.rests(entry)) return
    if (kind === 'b' && first === 'blob') await this.collector.visit(entry, run)
    else if (kind === 'v' && first === 's') await purge.visit(entry, run, this.looked.undoDays)
    else if (kind === 'f' && first === 'd') await this.tidy.visit(entry, run)
    else if (kind === 'i') await this.strays.visitIntent(entry, run)
    else if (kind === 'g' || kind === 'w') await forgetDeletion(entry, run)
    else if (kind === 't') await forgetSecret(entry, this.parts.metadata, run)
  }
}

function kindOf({ key }: Entry): string | undefined {
  return key.partition.split('\0')[1]
}

function report(run: SweepRun): JsonObject {
  const { blobs, bytes, waitingBlobs = 0, waitingBytes = 0 } = run.totals
  return { dryRun: run.dryRun, blobs, bytes, waitingBlobs, waitingBytes, done: { ...run.counts }, samples: run.samples }
}
