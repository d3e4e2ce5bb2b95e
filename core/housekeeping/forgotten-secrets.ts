import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { SweepRun } from './sweep-run.js'

/** Lists show what has run out for so long. */
const shown = 30 * 86_400_000

/** Rows of secrets that ran out: tokens and their lines in lists, counted failures, sessions and resets. What does not say when it ends stays. */
export async function forgetSecret(entry: Entry, metadata: MetadataStore, run: SweepRun): Promise<void> {
  const value = entry.value as {
    readonly until?: unknown
    readonly expiresAt?: unknown
    readonly member?: unknown
    readonly id?: unknown
  }
  const ends = typeof value.until === 'number' ? value.until : Date.parse(String(value.expiresAt))
  if (Number.isNaN(ends) || !run.isPast(ends, shown)) return
  const [org = '', , hash = ''] = entry.key.partition.split('\0')
  const [kind = ''] = entry.key.path
  const mutations: Mutation[] = [{ op: 'delete', key: entry.key, if: { revision: entry.revision } }]
  if (kind === 'token' && typeof value.member === 'string' && typeof value.id === 'string') {
    const listing = await metadata.get(tenantKeys.memberToken(org, value.member, value.id))
    if (listing) mutations.push({ op: 'delete', key: listing.key, if: { revision: listing.revision } })
  }
  if (kind === 'reset' && typeof value.member === 'string') {
    const listing = await metadata.get(tenantKeys.memberReset(org, value.member, hash))
    if (listing) mutations.push({ op: 'delete', key: listing.key, if: { revision: listing.revision } })
  }
  if (kind === 'session' && typeof value.member === 'string') {
    const listing = await metadata.get(tenantKeys.memberSession(org, value.member, hash))
    if (listing) mutations.push({ op: 'delete', key: listing.key, if: { revision: listing.revision } })
  }
  if (!run.dryRun && !(await run.commit(mutations))) return
  run.done('forget-secret', { organization: org, kind }, 'It ran out a month ago')
}
