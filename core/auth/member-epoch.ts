import { z } from 'zod'
import { randomHex } from '../runtime/identifiers.js'
import type { Json } from '../runtime/json.js'
import type { Entry, Key } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import { tenantKeys } from '../storage/tenant-keys.js'

const epochRow = z.object({ v: z.literal(1), epoch: z.string() })

/** What a member began with its credentials: browser sessions, or tokens. */
export type Begun = 'sessions' | 'tokens'

/** Put into a commit, it ends every session, or token, that the member has: each of them names the epoch it was begun in, and is good in that one
 *  alone. An epoch is a name, so that ending all needs no look at what there is. The commit raises the organization's access epoch too. */
export function newMemberEpoch(
  org: string,
  member: string,
  of: Begun,
): { readonly key: Key; readonly value: Json; readonly epoch: string } {
  const epoch = randomHex(12)
  return { key: tenantKeys.memberEpoch(org, member, of), value: { v: 1, epoch }, epoch }
}

/** '' until something was ended for the first time. */
export function readMemberEpoch(entry: Entry | undefined): string {
  return entry === undefined ? '' : readRow(epochRow, entry).epoch
}
