import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import type { ResumableUploads } from '../storage/resumable-uploads.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Chore, ChoreWork } from './chore.js'
import type { Suspension } from './clock-watch.js'

/** Gives back what resumable uploads hold that nobody went on with: rows, bytes, places. The sweep would find their bytes too, a week later. */
export class ExpiredUploads implements Chore {
  readonly name = 'expired-uploads'
  readonly interval = 60 * 60_000

  constructor(
    private readonly metadata: MetadataStore,
    private readonly uploads: ResumableUploads,
    private readonly suspension: Suspension = async () => undefined,
  ) {}

  async run({ lease, signal, dryRun }: Pick<ChoreWork, 'lease' | 'signal' | 'dryRun'>): Promise<JsonObject | undefined> {
    const suspended = dryRun ? undefined : await this.suspension()
    if (suspended !== undefined) return { suspended }
    let dropped = 0
    for await (const { value } of this.metadata.range(tenantKeys.organizations(), {})) {
      if (signal.aborted) break
      lease.check()
      const { organization } = value as { readonly organization: string }
      dropped += await this.uploads.dropExpired(organization, dryRun)
    }
    return dropped > 0 ? { dropped } : undefined
  }
}
