import { setTimeout as pause } from 'node:timers/promises'
import type { ChoreWork } from '../housekeeping/chore.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { type ArtifactRow, asJson, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { FolderRepair } from './folder-repair.js'
import { type IndexedPlace, NameRepair } from './name-repair.js'
import { noReindexChanges, type ReindexRow } from './reindex-rows.js'

/** Rows of the store between two notes of where it stands; and the pause after each in milliseconds, so that requests have their turn. */
const usualPace = { rows: 500, pause: 5 }
/** Rows of one commit. */
const together = 40
/** Lost races of one package before it is left: each time somebody else has just written it anew. */
const attempts = 20

export interface ReindexParts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly log: Logger
  /** May anything be written here now? */
  mayWrite(): Promise<boolean>
  readonly pace?: { readonly rows: number; readonly pause: number }
}

/** What makes one thing right; and how it is done by itself, from a fresh look, where others moved its rows. */
interface Repair {
  readonly mutations: readonly Mutation[]
  readonly counts: Partial<ReindexRow['changes']>
  readonly again: () => Promise<void>
}

/** The row was taken away: nobody wants it any more. */
class Unwanted extends Error {}

/** One reindex: looks through the store from where it was cut, and makes right what it finds, a few packages and folders a commit. Each such commit writes
 *  its count as well, so that no kill loses or doubles any. */
export class ReindexRun {
  private readonly names: NameRepair
  private readonly folders: FolderRepair
  /** As its row says; and what was looked at since. */
  private noted: ReindexRow
  private looked = { files: 0, packages: 0, failed: 0 }
  private waiting: Repair[] = []

  constructor(
    private readonly parts: ReindexParts,
    private readonly place: IndexedPlace,
    private readonly work: ChoreWork,
    begun: ReindexRow,
  ) {
    this.names = new NameRepair(parts.metadata, place)
    this.folders = new FolderRepair(parts.metadata, place)
    this.noted = begun
  }

  /** False where it was cut, or may not go on for now: the rest is for the next time. */
  async toTheEnd(): Promise<boolean> {
    const { metadata, pace = usualPace } = this.parts
    try {
      await this.begin()
      let rows = 0
      for await (const { entry, cursor } of metadata.scan(this.noted.cursor)) {
        await this.visit(entry)
        if (++rows % pace.rows !== 0) continue
        await this.note({ cursor })
        if (this.work.signal.aborted || (!this.noted.dryRun && !(await this.parts.mayWrite()))) return false
        await pause(pace.pause)
      }
      await this.flush()
      await this.end({ state: 'done' })
      return true
    } catch (thrown) {
      if (thrown instanceof Unwanted) return true
      throw thrown
    }
  }

  /** A dry run that was cut knows no more which folders it has counted: from the beginning. */
  private async begin(): Promise<void> {
    const { state, dryRun, cursor: _, ...rest } = this.noted
    if (state === 'running' && !dryRun) return
    const begun = this.parts.clock.now().getTime()
    this.noted = { ...rest, dryRun, state: 'running', begun, files: 0, packages: 0, failed: 0, changes: noReindexChanges }
    await this.note({})
  }

  /** Over: nobody takes it up again. */
  async end(last: Pick<ReindexRow, 'state' | 'error'>): Promise<void> {
    const { organizationId: org, repositoryId: repo } = this.place
    const { cursor: _, ...rest } = this.now()
    const over: ReindexRow = { ...rest, ...last, ended: this.parts.clock.now().getTime() }
    await this.commit(over, [{ op: 'delete', key: tenantKeys.reindexEntry(org, repo) }])
  }

  private async visit({ key, value }: Entry): Promise<void> {
    const [org, kind, repo, ...rest] = key.partition.split('\0')
    if (org !== this.place.organizationId || repo !== this.place.repositoryId) return
    if (kind === 'f' && key.path[0] === 'a') return this.repairFolders(rest[0] ?? '', row<ArtifactRow>(value))
    const { describe, name: plugin } = this.place.plugin
    if (!describe) return
    if (kind === 'p' && rest[0] === plugin && key.path[0] === 'head') await this.repairName(rest[1] ?? '')
    else if (kind === 'n') {
      const pkg = key.path[0] ?? ''
      // One that has documents is met by them.
      if (!(await this.parts.metadata.get(tenantKeys.head(org, repo, plugin, pkg)))) await this.repairName(pkg)
    }
  }

  private async repairName(pkg: string): Promise<void> {
    const found = await this.names.look(pkg).catch((cause: unknown) => this.unreadable(pkg, cause))
    if (found?.listed) this.looked.packages += 1
    if (found === undefined || found.kind === 'right') return
    await this.add({ mutations: found.mutations, counts: { [found.kind]: 1 }, again: () => this.settleName(pkg) })
  }

  /** By itself, whoever else is at it. */
  private async settleName(pkg: string): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const found = await this.names.look(pkg).catch((cause: unknown) => this.unreadable(pkg, cause))
      if (found === undefined || found.kind === 'right') return
      if (await this.commit(this.counting({ [found.kind]: 1 }), found.mutations)) return
    }
  }

  private unreadable(pkg: string, cause: unknown): undefined {
    const { organizationId: organization, repositoryId: repository } = this.place
    this.parts.log.warn('reindex.unreadable', { organization, repository, package: pkg, cause })
    this.looked.failed += 1
  }

  private async repairFolders(folder: string, { state, pending }: ArtifactRow): Promise<void> {
    if (state === 'present') this.looked.files += 1
    else if (pending === undefined) return
    const { mutations, ...counts } = await this.folders.look(folder)
    if (mutations.length > 0) await this.add({ mutations, counts, again: () => this.settleFolders(folder) })
    this.folders.remember(folder)
  }

  private async settleFolders(folder: string): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const { mutations } = await this.folders.look(folder)
      if (mutations.length === 0) return
      for (const one of mutations) {
        const added = one.if === 'absent'
        await this.commit(this.counting({ foldersAdded: Number(added), marksCleared: Number(!added) }), [one])
      }
    }
  }

  /** To the commit that is being collected; a dry run only counts. */
  private async add(repair: Repair): Promise<void> {
    if (this.noted.dryRun) {
      this.noted = this.counting(repair.counts)
      return
    }
    const waiting = new Set(this.waiting.flatMap(({ mutations }) => mutations.map(keyText)))
    const crowded = waiting.size + repair.mutations.length > together
    if (crowded || repair.mutations.some((one) => waiting.has(keyText(one)))) await this.flush()
    if (repair.mutations.length > together) await repair.again()
    else this.waiting.push(repair)
  }

  /** All of it in one commit; where a row of it has moved, each by itself. */
  private async flush(): Promise<void> {
    const repairs = this.waiting
    if (repairs.length === 0) return
    this.waiting = []
    const next = repairs.reduce((row, { counts }) => counted(row, counts), this.noted)
    const mutations = repairs.flatMap((repair) => repair.mutations)
    if (await this.commit(next, mutations)) return
    this.folders.forget()
    for (const { again } of repairs) await again()
  }

  private counting(counts: Repair['counts']): ReindexRow {
    return counted(this.noted, counts)
  }

  /** What is known by now. */
  private now(): ReindexRow {
    const { files, packages, failed } = this.noted
    const { looked } = this
    return { ...this.noted, files: files + looked.files, packages: packages + looked.packages, failed: failed + looked.failed }
  }

  private async note(more: Partial<ReindexRow>): Promise<void> {
    await this.flush()
    if (await this.commit({ ...this.now(), ...more }, [])) this.looked = { files: 0, packages: 0, failed: 0 }
  }

  /** Under the lease. Throws LeaseLost. */
  private async commit(next: ReindexRow, mutations: readonly Mutation[]): Promise<boolean> {
    const { lease } = this.work
    const key = tenantKeys.reindex(this.place.organizationId, this.place.repositoryId)
    const progress: Mutation = { op: 'put', key, value: asJson(next), if: 'present' }
    lease.check()
    if (await commitUnlessMoved(this.parts.metadata, [lease.guard(), progress, ...mutations])) {
      this.noted = next
      return true
    }
    await lease.renew()
    if ((await this.parts.metadata.get(key)) === undefined) throw new Unwanted('the reindex was taken back')
    return false
  }
}

function counted(row: ReindexRow, counts: Repair['counts']): ReindexRow {
  const changes = { ...row.changes }
  for (const name of Object.keys(changes) as (keyof ReindexRow['changes'])[]) changes[name] += counts[name] ?? 0
  return { ...row, changes }
}

function keyText({ key }: Mutation): string {
  return `${key.partition}\0\0${key.path.join('\0')}`
}
