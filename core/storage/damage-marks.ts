import { type LogEntry, logMutation } from '../audit/log-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Entry, MetadataStore } from './metadata-store.js'
import { commitUnlessMoved } from './optimistic.js'
import { asJson, type BlobRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

/** So many names of a damaged blob stand in its audit row. */
const namesTold = 20

/** Notes on blob rows that their bytes are damaged, or are not after all: once, under the row's revision, with an audit row in the same commit. */
export class DamageMarks {
  private readonly underWay = new Set<Promise<void>>()

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** `object`: the key under which the bytes were read. Never rejects: the read that met the damage has failed already. */
  mark(org: string, blobId: string, object: string): Promise<void> {
    const marking = this.write(org, blobId, object).catch((cause: unknown) => {
      this.log.error('storage.unmarked', { organization: org, blob: blobId, cause })
    })
    this.underWay.add(marking)
    void marking.then(() => this.underWay.delete(marking))
    return marking
  }

  /** Its bytes were read whole, and are right. False where the row has moved meanwhile. */
  async clear(entry: Entry): Promise<boolean> {
    const { damaged: _, ...blob } = row<BlobRow>(entry.value)
    return this.commit(entry, blob, 'blob.recovered')
  }

  /** What is being marked, before the store closes. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay)
  }

  private async write(org: string, blobId: string, object: string): Promise<void> {
    const key = tenantKeys.blob(org, blobId)
    for (;;) {
      const entry = await this.metadata.get(key)
      const blob = entry && row<BlobRow>(entry.value)
      // Marked by somebody else, healed, or on its way out with nobody who names it.
      if (!entry || !blob || blob.damaged !== undefined || blob.state !== 'live' || (blob.object ?? blobId) !== object) return
      if (await this.commit(entry, { ...blob, damaged: this.clock.now().getTime() }, 'blob.damaged')) return
    }
  }

  private async commit(entry: Entry, value: BlobRow, action: string): Promise<boolean> {
    const [org = '', , blobId = ''] = entry.key.partition.split('\0')
    const told: LogEntry = {
      at: this.clock.now(),
      actor: { kind: 'house', id: 'storage' },
      action,
      target: { kind: 'blob', id: blobId },
      changes: await this.namesOf(org, blobId),
    }
    const put = { op: 'put', key: entry.key, value: asJson(value), if: { revision: entry.revision } } as const
    return commitUnlessMoved(this.metadata, [put, logMutation(org, told)])
  }

  /** `{repository} {path}` of what has these bytes, the first twenty. */
  async namesOf(org: string, blobId: string): Promise<readonly string[]> {
    const names: string[] = []
    for await (const { value } of this.metadata.range(tenantKeys.references(org, blobId), {
      prefix: ['ref'],
      limit: namesTold,
    })) {
      const { repo, path } = value as { readonly repo: string; readonly path: string }
      names.push(`${repo} ${path}`)
    }
    return names
  }
}
