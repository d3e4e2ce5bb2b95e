import { stale, unavailable } from '../errors/registry-error.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { Limits } from '../runtime/limits.js'
import type { Spending } from '../usage/allowances.js'
import { type BatchItemRow, type BatchRow, batchLife, batchState, headRow } from './batch-rows.js'
import { abandonBatch, forgetBatch, settleBatch } from './batches.js'
import type { Committed } from './change-set.js'
import { CommitPlan } from './commit-plan.js'
import { coverBytes } from './commit-room.js'
import type { CommitScope } from './commit-scope.js'
import { sum } from './deletion-notes.js'
import type { DocumentKey } from './document-reader.js'
import { HeadLock } from './head-lock.js'
import { type MetadataStore, type Mutation, metadataLimits } from './metadata-store.js'
import { isLostRace } from './optimistic.js'
import { noChanges, type RecordedChanges, type WrittenAhead } from './recorded-changes.js'
import type { StagedUpload } from './staged-upload.js'
import { asJson, type DocumentRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

/** Rows and bytes of one commit of a batch, with room for what the batch itself adds. */
const rowsAhead = metadataLimits.mutations - 10
const bytesAhead = 2 * 1024 ** 2
/** Of a file, besides its folders: intent, blob, digest hint, reference, version, artifact, spent coordinates. */
const rowsOfFile = 7
/** Of a file that goes: two, and three where it is taken back. */
const rowsOfDelete = 3
const changesTold = 200
/** A commit of a batch has fewer parts of a deletion than this. */
const partsOfCommit = 100

/** Commits with evidence: a mutation of this commit alone, looked up where the answer was lost. */
export type Settle = (mutations: readonly Mutation[], evidence: Mutation, named: readonly StagedUpload[]) => Promise<void>

/** What of a change set was written ahead: rows that wait for the batch's own row to be done. */
export class BatchWriter implements WrittenAhead {
  readonly id = randomHex()
  readonly outcome = new Map<string, 'created' | 'same' | 'replaced'>()
  /** The packages whose documents it changes, at the sequence before. */
  readonly heads = new Map<string, number>()
  readonly locked = new Map<string, number>()
  private readonly documents: DocumentKey[] = []
  private told: string[] = []
  private readonly spent: Spending[] = []
  private count = 0
  private opened: Date | undefined

  constructor(
    private readonly metadata: MetadataStore,
    private readonly limits: Limits,
    private readonly scope: CommitScope,
    private readonly settle: Settle,
  ) {}

  /** For the log: what was written ahead, in names; the first of them where there are many. */
  get changes(): readonly string[] {
    const more = this.told.length - changesTold
    return more > 0 ? [...this.told.slice(0, changesTold), `and ${more} more`] : this.told
  }

  /** Files and documents, and nothing else of the set. */
  async write(changes: RecordedChanges, now: () => Date): Promise<void> {
    const { documents } = changes
    for (const { key } of documents) await this.noteHead(key[0])
    for (const part of parts(changes)) await this.writePart(part, now())
  }

  async lock(changes: RecordedChanges, now: () => Date): Promise<void> {
    const packages = [...new Set([...this.heads.keys(), ...changes.heads.keys(), ...changes.names.keys()])]
    const moved = new Set<string>()
    const lock = new HeadLock(this.metadata, this.scope, this.id, this.heads, changes)
    for (const part of lock.parts(packages)) {
      for (let attempt = 1; ; attempt++) {
        const prepared = await lock.prepare(part, now())
        const item = this.item(noChanges(), [], { bytes: 0, files: 0, versions: 0 }, prepared.heads)
        try {
          await this.settle([...prepared.mutations, ...(await this.frame(now())), item], item, [])
        } catch (thrown) {
          if (!isLostRace(thrown) || attempt === 20) throw thrown
          continue
        }
        for (const pkg of prepared.moved) moved.add(pkg)
        for (const [pkg, sequence] of prepared.sequences) this.locked.set(pkg, sequence)
        break
      }
      this.opened ??= now()
      this.count += 1
    }
    if (!(await this.holds(moved))) throw stale('The package changed meanwhile', { detail: { package: [...moved][0] ?? '' } })
    changes.heads.clear()
    changes.names.clear()
  }

  /** The mutation that makes everything count, in a commit that raises these heads; none where nothing had to be written. */
  async ending(heads: Committed['heads']): Promise<readonly Mutation[]> {
    if (this.opened === undefined) return []
    if (!(await this.isWhole(heads)))
      throw stale('The package changed meanwhile', { detail: { package: [...this.heads.keys()][0] ?? '' } })
    const { organizationId: org } = this.scope
    const found = await batchState(this.metadata, org, this.id)
    if (found?.row.state !== 'open') throw gaveUp()
    const value: BatchRow = { ...found.row, state: 'done' }
    return [{ op: 'put', key: tenantKeys.batch(org, this.id), value: asJson(value), if: { revision: found.revision } }]
  }

  /** Is everything still there that was written ahead? Asked where another commit went through one of the packages meanwhile. */
  private async isWhole(committed: Committed['heads']): Promise<boolean> {
    const moved = [...this.heads].filter(([pkg, before]) => !this.locked.has(pkg) && committed.get(pkg) !== before + 1)
    return this.holds(new Set(moved.map(([pkg]) => pkg)))
  }
  private async holds(moved: ReadonlySet<string>): Promise<boolean> {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    for (const [pkg, ...rest] of this.documents) {
      if (!moved.has(pkg)) continue
      const entry = await this.metadata.get(tenantKeys.document(org, repo, plugin, pkg, rest))
      if (!entry || row<DocumentRow>(entry.value).pending?.batch !== this.id) return false
    }
    return true
  }

  /** Rewrites the rows; where that fails a chore does it later. */
  async finish(now: Date, told: (events: readonly JsonObject[]) => void): Promise<void> {
    if (this.opened !== undefined) await settleBatch(this.metadata, this.scope.organizationId, this.id, now, told)
  }

  async abandon(now: Date): Promise<void> {
    if (this.opened === undefined) return
    const { organizationId: org } = this.scope
    if (!(await abandonBatch(this.metadata, org, this.id))) return
    await settleBatch(this.metadata, org, this.id, now)
    for (const spending of this.spent.splice(0)) spending.refund()
    await forgetBatch(this.metadata, org, this.id)
  }

  /** Where the last commit's own part of a deletion goes. */
  get nextPart(): number {
    return this.count * partsOfCommit
  }

  private async noteHead(pkg: string): Promise<void> {
    if (this.heads.has(pkg)) return
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    const entry = await this.metadata.get(tenantKeys.head(org, repo, plugin, pkg))
    this.heads.set(pkg, entry ? (await headRow(this.metadata, org, entry.value)).seq : 0)
  }

  private async writePart(part: RecordedChanges, now: Date): Promise<void> {
    const plan = new CommitPlan(this.metadata, this.scope, part, this.limits, this.id, this.count * partsOfCommit)
    for (let attempt = 1; ; attempt++) {
      const prepared = await plan.prepare(now)
      if (prepared.mutations.length > 0) {
        const spending = await coverBytes(this.scope, part, prepared.usage.bytes)
        const usage = spending ? { ...prepared.usage, allowance: spending.id } : prepared.usage
        const item = this.item(part, prepared.events, usage)
        try {
          await this.settle([...prepared.mutations, ...(await this.frame(now)), item], item, prepared.named)
          if (spending) this.spent.push(spending)
          spending?.spend()
        } catch (thrown) {
          spending?.release()
          if (!plan.mayRepeat(prepared, thrown) || attempt === 20) throw plan.explain(prepared, thrown)
          continue
        }
        this.opened = now
        this.count += 1
      }
      for (const upload of prepared.named) upload.release()
      const { deletion } = part
      if (deletion) deletion.ahead = deletion.ahead ? sum(deletion.ahead, prepared.taken) : prepared.taken
      for (const [path, became] of prepared.committed.artifacts) this.outcome.set(path, became)
      this.documents.push(...part.documents.map(({ key }) => key))
      this.told.push(...(prepared.log.changes ?? []))
      return
    }
  }

  private item(
    part: RecordedChanges,
    events: BatchItemRow['events'],
    usage: BatchItemRow['usage'],
    heads?: NonNullable<BatchItemRow['heads']>,
  ): Mutation {
    const paths = [...part.puts, ...part.deletes, ...part.restores].map(({ path }) => path)
    const value: BatchItemRow = {
      v: 1,
      paths: [...new Set([...paths, ...part.freezes])],
      documents: part.documents.map(({ key }) => key),
      events,
      usage,
      ...(heads === undefined ? {} : { heads }),
    }
    const key = tenantKeys.batchItem(this.scope.organizationId, this.id, this.count)
    return { op: 'put', key, value: asJson(value), if: 'absent' }
  }

  /** The batch's own row: made with the first commit, renewed on the way, and there in every one: else somebody ended it. */
  private async frame(now: Date): Promise<readonly Mutation[]> {
    const { organizationId: org, repositoryId: repo, plugin, actor, requestId } = this.scope
    const key = tenantKeys.batch(org, this.id)
    const at = now.getTime()
    if (this.opened === undefined) {
      const value: BatchRow = { v: 1, state: 'open', repo, plugin, actor, request: requestId, at, expires: at + batchLife }
      return [
        { op: 'put', key, value: asJson(value), if: 'absent' },
        { op: 'put', key: tenantKeys.batchEntry(org, this.id), value: { v: 1 } },
      ]
    }
    const found = await batchState(this.metadata, org, this.id)
    if (found?.row.state !== 'open') throw gaveUp()
    const where = { if: { revision: found.revision } }
    if (found.row.expires - at > batchLife / 2) return [{ op: 'check', key, ...where }]
    return [{ op: 'put', key, value: asJson({ ...found.row, expires: at + batchLife }), ...where }]
  }
}

/** As much as one commit takes, in order. */
function* parts({ puts, deletes, restores, freezes, documents, deletion }: RecordedChanges): Generator<RecordedChanges> {
  const fresh = (): RecordedChanges => ({ ...noChanges(), ...(deletion ? { deletion } : {}) })
  let part = fresh()
  let rows = 0
  let bytes = 0
  const full = (moreRows: number, moreBytes: number): RecordedChanges | undefined => {
    const filled = rows > 0 && (rows + moreRows > rowsAhead || bytes + moreBytes > bytesAhead) ? part : undefined
    if (filled) {
      part = fresh()
      rows = 0
      bytes = 0
    }
    rows += moreRows
    bytes += moreBytes
    return filled
  }
  for (const put of puts) {
    const filled = full(rowsOfFile + put.path.split('/').length, 0)
    if (filled) yield filled
    part.puts.push(put)
  }
  for (const removed of deletes) {
    const filled = full(rowsOfDelete, 0)
    if (filled) yield filled
    part.deletes.push(removed)
  }
  for (const restored of restores) {
    const filled = full(4 + restored.path.split('/').length, 0)
    if (filled) yield filled
    part.restores.push(restored)
  }
  for (const path of freezes) {
    const filled = full(1, 0)
    if (filled) yield filled
    part.freezes.add(path)
  }
  for (const document of documents) {
    // What stands there goes with it into the row.
    const filled = full(1, 2 * JSON.stringify(document.value ?? null).length)
    if (filled) yield filled
    part.documents.push(document)
  }
  if (rows > 0) yield part
}

function gaveUp() {
  return unavailable('The change took too long and was given up; send it again', 1)
}
