import type { ChoreWork, RunOptions } from '../../core/housekeeping/chore.js'
import { Leases } from '../../core/housekeeping/leases.js'
import type { Clock } from '../../core/runtime/clock.js'
import { randomHex } from '../../core/runtime/identifiers.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'

/** One run of a chore under a lease of its own, as the runner would begin it. Whoever had the lease before has lost it. */
export async function choreWork(
  metadata: MetadataStore,
  clock: Clock,
  name: string,
  options: RunOptions = {},
): Promise<ChoreWork> {
  await metadata.commit([{ op: 'delete', key: tenantKeys.lease(name) }], randomHex())
  const lease = await new Leases(metadata, clock).take(name)
  if (!lease) throw new Error(`the lease ${name} was not given`)
  return { ...options, lease, signal: new AbortController().signal }
}
