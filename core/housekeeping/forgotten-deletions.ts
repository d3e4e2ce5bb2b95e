import type { Entry } from '../storage/metadata-store.js'
import type { SweepRun } from './sweep-run.js'

/** What was kept for an undo goes when its time is over: the row that lists a delete, and its documents as they were. */
export async function forgetDeletion(entry: Entry, run: SweepRun): Promise<void> {
  const { purgeAfter } = entry.value as { readonly purgeAfter?: unknown }
  if (typeof purgeAfter !== 'number' || !run.isPast(purgeAfter, 0)) return
  if (!run.dryRun && !(await run.commit([{ op: 'delete', key: entry.key, if: { revision: entry.revision } }]))) return
  const [organization = '', kind, repository = ''] = entry.key.partition.split('\0')
  if (kind === 'g') run.done('forget-deletion', { organization, repository }, 'It can no longer be undone')
}
