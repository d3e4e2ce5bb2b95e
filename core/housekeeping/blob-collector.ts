import type { Limits } from '../runtime/limits.js'
import type { Logger } from '../runtime/logger.js'
import type { SealedBlobs } from '../storage/encryption/sealed-blobs.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { asJson, type BlobRow, type DigestRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { SweepRun } from './sweep-run.js'
import type { Deed } from './sweep-state.js'

const hour = 3_600_000
const day = 24 * hour

export type Fate = Extract<Deed, 'condemn' | 'restore' | 'mark' | 'remove'> | 'keep'

/** Blobs that nothing names (security guide 1.7 A): condemned, so that no commit can take them any more; after their readers have had time, and a second look
 *  at their references, marked; removed when backups have forgotten them. */
export class BlobCollector {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly blobs: SealedBlobs,
    private readonly limits: Limits,
    private readonly log: Logger,
  ) {}

  /** What is to become of the blob now. References are read strongly; failing to read them is never 'none'. */
  async fate(entry: Entry, run: SweepRun): Promise<Fate> {
    const blob = row<BlobRow>(entry.value)
    const grace = this.limits.sweepGraceHours * hour
    switch (blob.state) {
      case 'live':
        if (!run.isPast(blob.at, grace)) return 'keep'
        return (await this.isNamed(entry)) ? 'keep' : 'condemn'
      case 'condemned':
        if (await this.isNamed(entry)) return 'restore'
        return run.isPast(blob.since ?? run.now, grace) ? 'mark' : 'keep'
      case 'deleting':
        // No commit can have named it since: if one has, something is wrong, and the bytes are still there.
        if (await this.isNamed(entry)) return 'restore'
        return run.isPast(blob.since ?? run.now, this.limits.blobDeleteDelayDays * day) ? 'remove' : 'keep'
    }
  }

  /** As far as it may go today. */
  async visit(found: Entry, run: SweepRun): Promise<void> {
    let entry: Entry | undefined = found
    while (entry) {
      const fate = await this.fate(entry, run)
      if (fate === 'keep') return
      if (!run.dryRun && !(await this.act(entry, fate, run))) return
      const [organization = '', , blob = ''] = entry.key.partition.split('\0')
      run.done(fate, { organization, blob, bytes: row<BlobRow>(entry.value).stored }, reasons[fate])
      if (run.dryRun) return
      entry = await this.metadata.get(entry.key)
    }
  }

  private async act(entry: Entry, fate: Exclude<Fate, 'keep'>, run: SweepRun): Promise<boolean> {
    const { since = 0, confirmed, ...blob } = row<BlobRow>(entry.value)
    // What was decided in this run is counted already.
    if (fate === 'remove') return this.remove(entry, blob, confirmed === true || since >= run.started, run)
    if (fate === 'mark') run.spend(blob.stored)
    if (fate === 'restore' && blob.state === 'deleting')
      this.log.error('sweep.named-while-deleting', { partition: entry.key.partition.replaceAll('\0', ' ') })
    const next: BlobRow = {
      ...blob,
      state: ({ condemn: 'condemned', restore: 'live', mark: 'deleting' } as const)[fate],
      epoch: blob.epoch + 1,
      ...(fate === 'restore' ? {} : { since: run.now }),
      ...(fate === 'mark' && run.confirmed ? { confirmed: true } : {}),
    }
    return run.commit([{ op: 'put', key: entry.key, value: asJson(next), if: { revision: entry.revision } }])
  }

  /** Bytes first: a crash between leaves a row that says `deleting`, and the next run does both again. */
  private async remove(entry: Entry, blob: BlobRow, counted: boolean, run: SweepRun): Promise<boolean> {
    const [organization = '', , blobId = ''] = entry.key.partition.split('\0')
    if (!counted) run.spend(blob.stored)
    run.check()
    const { object = blobId } = blob
    await this.blobs.delete(organization, object)
    const rows: Mutation[] = [
      { op: 'delete', key: entry.key, if: { revision: entry.revision } },
      ...(object === blobId ? [] : [{ op: 'delete', key: tenantKeys.object(organization, object) } as const]),
      { op: 'delete', key: tenantKeys.blobDigests(organization, blobId) },
    ]
    const hint = await this.metadata.get(tenantKeys.digest(organization, blob.sha256, blob.size))
    if (hint && row<DigestRow>(hint.value).blob === blobId) {
      if (await run.commit([...rows, { op: 'delete', key: hint.key, if: { revision: hint.revision } }])) return true
    }
    return run.commit(rows)
  }

  private async isNamed(entry: Entry): Promise<boolean> {
    for await (const _ of this.metadata.range(entry.key.partition, { prefix: ['ref'], limit: 1 })) return true
    return false
  }
}

const reasons: Readonly<Record<Exclude<Fate, 'keep'>, string>> = {
  condemn: 'Nothing names it',
  restore: 'It is named after all',
  mark: 'Nothing has named it since it was condemned',
  remove: 'Backups have forgotten it',
}
