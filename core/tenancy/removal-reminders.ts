import type { Mutation } from '../storage/metadata-store.js'
import { anyShard, tenantKeys } from '../storage/tenant-keys.js'

const tenMinutes = 600_000
const day = 24 * 3_600_000

/** What vanished by one row is cleaned up ten minutes later and again after a day, commits that came late included. Plugin '-' is the house itself;
 *  `repository` '-' is all of the organization. */
export function removalReminders(org: string, repository: string, at: Date): readonly (Mutation & { readonly op: 'put' })[] {
  return [tenMinutes, day].map((delay) => {
    const time = String(at.getTime() + delay).padStart(15, '0')
    const key = tenantKeys.reminder(anyShard(), time, org, repository, '-', 'removed')
    return { op: 'put', key, value: { v: 1 } }
  })
}
