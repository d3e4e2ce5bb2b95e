import { z } from 'zod'
import type { Entry } from '../../storage/metadata-store.js'
import { readRow } from '../../storage/row-reader.js'

const v = z.literal(1)
const wrapped = z.object({ v: z.number(), k: z.string() })

/** `{org} m {member} mfa totp`. `sealed`: the secret, then the key of the recovery codes, under the organization's key. `lastStep`: of the last code
 *  that was taken, so that none is taken twice; `lastUse`: by which credential and when (milliseconds). */
const factorRow = z.object({
  v,
  sealed: wrapped,
  createdAt: z.number(),
  lastStep: z.number(),
  lastUse: z.exactOptional(z.object({ by: z.string(), at: z.number() })),
  /** Asked for whenever npm publishes. */
  onPublish: z.exactOptional(z.boolean()),
})
/** `{org} m {member} mfa pending`: shown, but no code of it was seen yet. */
const pendingRow = z.object({ v, sealed: wrapped, until: z.number() })

export type FactorRow = z.infer<typeof factorRow>
export type PendingRow = z.infer<typeof pendingRow>

export function readFactor(entry: Entry): FactorRow {
  return readRow(factorRow, entry)
}
export function readPending(entry: Entry): PendingRow {
  return readRow(pendingRow, entry)
}
