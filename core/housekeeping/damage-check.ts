import { DamageMarks } from '../storage/damage-marks.js'
import { isDamage } from '../storage/encryption/damage.js'
import type { SealedBlobs } from '../storage/encryption/sealed-blobs.js'
import type { Entry } from '../storage/metadata-store.js'
import { type BlobRow, row, sealedBlob } from '../storage/storage-rows.js'
import type { SweepRun } from './sweep-run.js'

/** Blobs that a read marked as damaged: told, and read once more. Bytes that are right after all (a disk was not mounted) lose the mark. */
export class DamageCheck {
  constructor(
    private readonly sealed: SealedBlobs,
    private readonly marks: DamageMarks,
  ) {}

  async visit(entry: Entry, run: SweepRun): Promise<void> {
    const blob = row<BlobRow>(entry.value)
    if (blob.damaged === undefined || blob.state !== 'live') return
    const [organization = '', , blobId = ''] = entry.key.partition.split('\0')
    const names = (await this.marks.namesOf(organization, blobId)).join(', ')
    const what = { organization, blob: blobId, bytes: blob.stored, names }
    const why = await this.fault(organization, blobId, blob)
    if (why !== undefined) return run.done('damaged', what, why)
    if (run.dryRun || (await this.marks.clear(entry))) run.done('recover', what, 'Its bytes were read whole, and are right')
  }

  /** Why its bytes cannot be had; undefined where they can. */
  private async fault(organization: string, blobId: string, blob: BlobRow): Promise<string | undefined> {
    try {
      for await (const _ of await this.sealed.open(sealedBlob(organization, blobId, blob)));
      return undefined
    } catch (thrown) {
      return isDamage(thrown) ? 'Its bytes are not what was stored: upload them again' : 'Its bytes cannot be read'
    }
  }
}
