import type { Limits } from '../runtime/limits.js'
import type { BlobKey, BlobStore } from '../storage/blob-store.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { type BlobRow, type IntentRow, type ObjectRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { SweepRun } from './sweep-run.js'

const day = 86_400_000
const batch = 500

/** Bytes without a row (security guide 1.7 B): uploads that crashed. Set aside after a week, removed when backups have forgotten them. */
export class StrayCollector {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly blobs: BlobStore,
    private readonly limits: Limits,
  ) {}

  /** An intent that has run out goes first, on its revision: the upload's commit needs it, and one of the two gets it. */
  async visitIntent(entry: Entry, run: SweepRun): Promise<void> {
    const intent = row<IntentRow>(entry.value)
    if (!run.isPast(intent.expires, 0)) return
    if (!run.dryRun && !(await run.commit([{ op: 'delete', key: entry.key, if: { revision: entry.revision } }]))) return
    const [organization = ''] = entry.key.partition.split('\0')
    run.done('expire', { organization, upload: entry.key.path[0] ?? '' }, 'The upload was never finished')
  }

  /** One of the 256 folders of an organization. */
  async visitFolder(org: string, folder: string, run: SweepRun): Promise<void> {
    const prefix = `${org}/b/${folder}/`
    let keys: BlobKey[] = []
    for await (const key of this.blobs.list(prefix)) {
      if (!(await this.hasRow(org, key))) keys.push(key)
      if (keys.length < batch) continue
      await this.setAside(org, keys, run)
      keys = []
    }
    await this.setAside(org, keys, run)
    await this.dropStrays(org, prefix, run)
  }

  /** The order counts. An object is seen, so its intent was durable before; the intents are read: an upload that is under way still has its own, and an
   *  upload without one can never be committed; the row is read last: whoever committed in between has it by now. */
  private async setAside(org: string, keys: readonly BlobKey[], run: SweepRun): Promise<void> {
    if (keys.length === 0) return
    const uploading = await this.uploading(org)
    for (const key of keys) {
      if (run.stopping) return
      const found = uploading.has(idOf(key)) ? undefined : await this.blobs.stat(key)
      if (!found || !run.isPast(found.storedAt.getTime(), this.limits.strayDays * day) || (await this.hasRow(org, key))) continue
      run.spend(found.size)
      if (!run.dryRun) {
        run.check()
        await this.blobs.setAside(key)
      }
      run.done(
        'set-aside',
        { organization: org, blob: idOf(key), bytes: found.size },
        'No row names it and no upload is under way',
      )
    }
  }

  private async dropStrays(org: string, prefix: string, run: SweepRun): Promise<void> {
    let uploading: ReadonlySet<string> | undefined
    for await (const stray of this.blobs.strays(prefix)) {
      if (run.stopping) return
      const kept = stray.kind === 'part' ? this.limits.strayDays : this.limits.blobDeleteDelayDays
      if (!run.isPast(stray.since.getTime(), kept * day)) continue
      uploading ??= await this.uploading(org)
      if (uploading.has(idOf(stray.key))) continue
      if (!run.dryRun) {
        run.check()
        await this.blobs.dropStray(stray)
      }
      const why = stray.kind === 'part' ? 'The upload was never finished' : 'Backups have forgotten it'
      run.done(`drop-${stray.kind}`, { organization: org, blob: idOf(stray.key), bytes: stray.size }, why)
    }
  }

  /** Blobs that somebody may still be writing. */
  private async uploading(org: string): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const partition of tenantKeys.intentShards(org))
      for await (const { value } of this.metadata.range(partition, {})) found.add(row<IntentRow>(value).blob)
    return found
  }

  private async hasRow(org: string, key: BlobKey): Promise<boolean> {
    const id = idOf(key)
    const entry = await this.metadata.get(tenantKeys.blob(org, id))
    if (entry) return (row<BlobRow>(entry.value).object ?? id) === id
    const object = await this.metadata.get(tenantKeys.object(org, id))
    if (!object) return false
    // Bytes that took the place of damaged ones are named by the blob they belong to.
    const owner = await this.metadata.get(tenantKeys.blob(org, row<ObjectRow>(object.value).blob))
    return owner !== undefined && row<BlobRow>(owner.value).object === id
  }
}

function idOf(key: BlobKey): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
