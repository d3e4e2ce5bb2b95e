import { conflict, notFound, type RegistryError, stale } from '../errors/registry-error.js'
import { newId } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { artifactRow, isSpent } from './batch-rows.js'
import { endForeign } from './batches.js'
import type { PutOptions } from './change-set.js'
import type { CommitScope } from './commit-scope.js'
import type { Removed } from './deletion-rows.js'
import type { SealedForm } from './encryption/sealed-blobs.js'
import type { Entry, Key, MetadataStore } from './metadata-store.js'
import type { MutationList } from './mutation-list.js'
import { seen } from './optimistic.js'
import type { StagedUpload } from './staged-upload.js'
import {
  type ArtifactRow,
  asJson,
  type BlobRow,
  type DigestRow,
  type FolderRow,
  type ObjectRow,
  row,
  type SpentRow,
  type VersionRow,
} from './storage-rows.js'
import { nameId, tenantKeys } from './tenant-keys.js'

/** Files of one commit: blob, reference, version, artifact, spent coordinates, digest hint, folder hints. */
export class ArtifactChanges {
  readonly events: JsonObject[] = []
  /** Uploads whose fresh bytes the commit names. */
  readonly named: StagedUpload[] = []
  readonly removed: Removed[] = []
  /** Blobs whose damaged bytes this commit replaces. */
  readonly healed: string[] = []
  readonly outcome = new Map<string, 'created' | 'same' | 'replaced'>()
  bytes = 0
  files = 0
  versions = 0

  constructor(
    private readonly metadata: MetadataStore,
    private readonly scope: CommitScope,
    private readonly list: MutationList,
    /** Uploads that must not share an existing blob: it is being collected. */
    private readonly unshared: ReadonlySet<StagedUpload>,
    /** Under which all of it waits; undefined where it counts with this commit. */
    private readonly batch: string | undefined,
    private readonly now: Date,
  ) {}

  async put(path: string, upload: StagedUpload, options: PutOptions): Promise<void> {
    const { now } = this
    const { organizationId: org, repositoryId: repo } = this.scope
    const sha256 = upload.digests.sha256
    const key = tenantKeys.artifact(org, repo, path)
    const { entry, before, present } = await this.standing(key)
    if (options.if === 'absent' && present)
      throw stale('The file exists already', { detail: { path, sha256: present.digests.sha256 } })
    if (typeof options.if === 'object' && present?.digests.sha256 !== options.if.sha256)
      throw stale('The file changed meanwhile', { detail: { path, ...(present ? { sha256: present.digests.sha256 } : {}) } })
    if (present?.digests.sha256 === sha256 && present.size === upload.size) {
      this.outcome.set(path, 'same')
      // A copy brings no bytes but those that lie there.
      if (upload.blobId !== present.blob) await this.heal(present.blob, upload)
      return
    }
    const replaceable = options.replace === true && this.scope.writePolicy === 'replace'
    if (present && !replaceable) throw taken(path, present.digests.sha256, 'exists')
    await this.spend(path, sha256, !replaceable)
    const blobId = await this.nameBytes(upload)
    const seq = (before?.seq ?? 0) + 1
    const version: VersionRow = {
      v: 1,
      seq,
      blob: blobId,
      size: upload.size,
      digests: upload.digests,
      ...(options.contentType === undefined ? {} : { type: options.contentType }),
      at: now.getTime(),
      by: this.scope.actor.id,
    }
    await this.addVersion(path, entry, before, version)
    this.outcome.set(path, present ? 'replaced' : 'created')
    if (!present) this.files += 1
    this.event('artifact.published', path, version)
  }

  private async addVersion(
    path: string,
    entry: Entry | undefined,
    before: ArtifactRow | undefined,
    version: VersionRow,
  ): Promise<void> {
    const { organizationId: org, repositoryId: repo } = this.scope
    const { seq, blob, size } = version
    this.bytes += size
    this.versions += 1
    const reference = tenantKeys.reference(org, blob, nameId(repo, path, seq))
    this.list.add({ op: 'put', key: reference, value: { v: 1, repo, path, seq }, if: 'absent' })
    this.list.add({ op: 'put', key: tenantKeys.version(org, repo, path, seq), value: asJson(version), if: 'absent' })
    this.putRow(tenantKeys.artifact(org, repo, path), entry, before, { ...version, state: 'present' })
    await this.hintFolders(path)
  }

  /** Takes a delete back: the pointer goes to where it was, bytes, digests and times with it. `seq`: of its tombstone. */
  async restore(path: string, seq: number): Promise<void> {
    const { organizationId: org, repositoryId: repo } = this.scope
    const key = tenantKeys.artifact(org, repo, path)
    const { entry, before, present } = await this.standing(key)
    const tomb = await this.metadata.get(tenantKeys.version(org, repo, path, seq))
    const tombRow = tomb && row<VersionRow>(tomb.value)
    if (!tomb || !tombRow?.tombstone || !before) throw tooLate(path)
    const { tombstone: _, ...content } = tombRow
    if (present && present.digests.sha256 !== content.digests.sha256) throw taken(path, present.digests.sha256, 'exists')
    this.outcome.set(path, present ? 'same' : 'created')
    if (present) return
    await this.spend(path, content.digests.sha256, false)
    await this.holdBlob(content.blob)
    const last = seq > 1 ? await this.metadata.get(tenantKeys.version(org, repo, path, seq - 1)) : undefined
    if (this.batch === undefined && before.seq === seq && last && entry) {
      const version = row<VersionRow>(last.value)
      this.list.add({ op: 'delete', key: tomb.key, if: { revision: tomb.revision } })
      this.list.add({ op: 'check', key: last.key, if: { revision: last.revision } })
      this.list.add({ op: 'put', key, value: asJson({ ...version, state: 'present' }), if: { revision: entry.revision } })
      await this.hintFolders(path)
    } else await this.addVersion(path, entry, before, { ...content, seq: before.seq + 1 })
    this.files += 1
    this.event('artifact.published', path, content)
  }

  /** Coordinates without `replace` are spent by their first bytes, frozen ones by those that stood there, for good (security guide 1.6). */
  private async spend(path: string, sha256: string, final: boolean): Promise<void> {
    const key = tenantKeys.spent(this.scope.organizationId, this.scope.repositoryId, path)
    const entry = await this.metadata.get(key)
    const first = entry && row<SpentRow>(entry.value)
    if (!first || !(await isSpent(this.metadata, this.scope.organizationId, first))) {
      if (final) this.list.add({ op: 'put', key, value: asJson(this.spentBy(sha256)), if: seen(entry) })
      return
    }
    if (first.sha256 !== sha256) throw taken(path, first.sha256, 'spent')
    this.list.add({ op: 'check', key, if: { revision: entry.revision } })
  }

  private spentBy(sha256: string): SpentRow {
    return { v: 1, sha256, at: this.now.getTime(), ...(this.batch === undefined ? {} : { batch: this.batch }) }
  }

  /** What stands under a path, for somebody who is about to change it: a batch that waits there is let through or ended first. */
  private async standing(key: Key) {
    let entry = await this.metadata.get(key)
    const pending = entry && row<ArtifactRow>(entry.value).pending
    if (pending) {
      await endForeign(this.metadata, this.scope.organizationId, pending.batch, this.now)
      entry = await this.metadata.get(key)
    }
    const before = entry && (await artifactRow(this.metadata, this.scope.organizationId, entry.value))
    return { entry, before, present: before?.state === 'present' ? before : undefined }
  }

  private putRow(key: Key, entry: Entry | undefined, before: ArtifactRow | undefined, next: ArtifactRow): void {
    const value: ArtifactRow =
      this.batch === undefined ? next : { ...(before ?? neverThere), pending: { batch: this.batch, row: next } }
    this.list.add({ op: 'put', key, value: asJson(value), if: seen(entry) })
  }

  /** From here on the path takes no other bytes than those that stand there. */
  async freeze(path: string): Promise<void> {
    const { organizationId: org, repositoryId: repo } = this.scope
    const { present } = await this.standing(tenantKeys.artifact(org, repo, path))
    if (!present) throw notFound('file', path)
    const key = tenantKeys.spent(org, repo, path)
    const entry = await this.metadata.get(key)
    if (!entry || !(await isSpent(this.metadata, org, row<SpentRow>(entry.value))))
      this.list.add({ op: 'put', key, value: asJson(this.spentBy(present.digests.sha256)), if: seen(entry) })
  }

  /** A live blob with the same bytes takes a second reference; else the fresh copy becomes durable and gets its row. */
  private async nameBytes(upload: StagedUpload): Promise<string> {
    const { now } = this
    const { organizationId: org } = this.scope
    const hintKey = tenantKeys.digest(org, upload.digests.sha256, upload.size)
    const hint = await this.metadata.get(hintKey)
    if (hint && !this.unshared.has(upload)) {
      const { blob } = row<DigestRow>(hint.value)
      const key = tenantKeys.blob(org, blob)
      const existing = await this.metadata.get(key)
      if (await this.heal(blob, upload, existing)) return blob
      if (existing && isShareable(row<BlobRow>(existing.value))) {
        if (!this.list.holds(key))
          this.list.add({ op: 'check', key, if: { revision: existing.revision } }, { kind: 'shared', upload })
        return blob
      }
    }
    const sealed = await upload.finish()
    const blob: BlobRow = {
      v: 1,
      state: 'live',
      sha256: upload.digests.sha256,
      size: upload.size,
      store: 'default',
      ...storedForm(sealed),
      at: now.getTime(),
      epoch: 0,
    }
    this.list.add({ op: 'delete', key: tenantKeys.intent(org, upload.uploadId), if: 'present' }, { kind: 'intent' })
    this.list.add({ op: 'put', key: tenantKeys.blob(org, upload.blobId), value: asJson(blob), if: 'absent' })
    const digest: DigestRow = { v: 1, blob: upload.blobId }
    if (!this.list.holds(hintKey)) this.list.add({ op: 'put', key: hintKey, value: asJson(digest) })
    this.named.push(upload)
    return upload.blobId
  }

  /** Fresh bytes take the place of damaged ones: every name of the blob reads right again. True where they do, with this commit. */
  private async heal(blobId: string, upload: StagedUpload, known?: Entry): Promise<boolean> {
    const { organizationId: org } = this.scope
    const key = tenantKeys.blob(org, blobId)
    const entry = known ?? (await this.metadata.get(key))
    const blob = entry && row<BlobRow>(entry.value)
    if (!entry || blob?.damaged === undefined || blob.state !== 'live') return false
    if (this.list.holds(key)) return true
    const sealed = await upload.finish()
    const { damaged: _, key: __, pieces: ___, ...rest } = blob
    const healed: BlobRow = { ...rest, object: upload.blobId, ...storedForm(sealed) }
    const object: ObjectRow = { v: 1, blob: blobId }
    this.list.add({ op: 'delete', key: tenantKeys.intent(org, upload.uploadId), if: 'present' }, { kind: 'intent' })
    this.list.add({ op: 'put', key, value: asJson(healed), if: { revision: entry.revision } })
    this.list.add({ op: 'put', key: tenantKeys.object(org, upload.blobId), value: asJson(object), if: 'absent' })
    this.named.push(upload)
    this.healed.push(blobId)
    return true
  }

  /** The blob has to be live in the commit; one that a collector has only its eye on is taken back from it. */
  private async holdBlob(blobId: string): Promise<void> {
    const key = tenantKeys.blob(this.scope.organizationId, blobId)
    if (this.list.holds(key)) return
    const entry = await this.metadata.get(key)
    const blob = entry && row<BlobRow>(entry.value)
    if (!blob || blob.state === 'deleting') throw notFound('content', blobId)
    const where = { if: { revision: entry.revision } }
    if (blob.state === 'live') this.list.add({ op: 'check', key, ...where })
    else this.list.add({ op: 'put', key, value: asJson({ ...blob, state: 'live', epoch: blob.epoch + 1 }), ...where })
  }

  async remove(path: string, condition: { readonly sha256: string } | undefined, undoDays: number): Promise<void> {
    const { now } = this
    const { organizationId: org, repositoryId: repo, actor } = this.scope
    const key = tenantKeys.artifact(org, repo, path)
    const { entry, present } = await this.standing(key)
    if (!present) {
      if (condition) throw stale('The file changed meanwhile', { detail: { path } })
      throw notFound('file', path)
    }
    if (condition && present.digests.sha256 !== condition.sha256)
      throw stale('The file changed meanwhile', { detail: { path, sha256: present.digests.sha256 } })
    const seq = present.seq + 1
    const { state: _, ...last } = present
    const tombstone = { at: now.getTime(), by: actor.id, purgeAfter: now.getTime() + undoDays * 86_400_000 }
    const version: VersionRow = { ...last, seq, tombstone }
    this.list.add({ op: 'put', key: tenantKeys.version(org, repo, path, seq), value: asJson(version), if: 'absent' })
    this.putRow(key, entry, present, { ...version, state: 'deleted' })
    this.files -= 1
    this.removed.push({ path, seq, size: present.size })
    this.event('artifact.deleted', path, present)
  }

  /** Rows of child folders, where a read finds them absent. */
  private async hintFolders(path: string): Promise<void> {
    const segments = path.split('/').slice(0, -1)
    for (let depth = segments.length; depth > 0; depth--) {
      const name = segments[depth - 1] ?? ''
      const key = tenantKeys.childFolder(
        this.scope.organizationId,
        this.scope.repositoryId,
        segments.slice(0, depth - 1).join('/'),
        name,
      )
      if (this.list.holds(key)) return
      const entry = await this.metadata.get(key)
      // One that is marked as empty will be taken away: not once it has been written anew.
      if (entry && row<FolderRow>(entry.value).empty === undefined) return
      this.list.add({ op: 'put', key, value: { v: 1 } })
    }
  }

  private event(kind: string, path: string, artifact: VersionRow): void {
    const { organizationId, repositoryId, actor } = this.scope
    const { size, digests } = artifact
    this.events.push({
      kind,
      id: newId('e'),
      organization: organizationId,
      repository: repositoryId,
      path,
      sha256: digests.sha256,
      size,
      actor: actor.id,
    })
  }
}

function storedForm({ storedSize, key, pieces }: SealedForm): Pick<BlobRow, 'stored' | 'key' | 'pieces'> {
  return { stored: storedSize, ...(key ? { key } : {}), ...(pieces ? { pieces } : {}) }
}

/** Condemned, it may be gone tomorrow; damaged, it is of no use to anybody. */
function isShareable({ state, damaged }: BlobRow): boolean {
  return state === 'live' && damaged === undefined
}

/** The base of a pending row where no file ever was. */
const neverThere: ArtifactRow = { v: 1, seq: 0, blob: '', size: 0, digests: { sha256: '' }, at: 0, by: '', state: 'deleted' }

function tooLate(path: string): RegistryError {
  return conflict(`${path} can no longer be brought back`, { detail: { path, reason: 'purged' } })
}

function taken(path: string, sha256: string, reason: 'exists' | 'spent'): RegistryError {
  const message =
    reason === 'exists' ? 'The file exists with other content' : 'Other content was published under this name before'
  return conflict(message, { detail: { path, sha256, reason } })
}
