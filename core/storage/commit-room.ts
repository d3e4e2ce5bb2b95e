import type { Spending } from '../usage/allowances.js'
import type { CommitScope } from './commit-scope.js'
import type { RecordedChanges } from './recorded-changes.js'
import { uploadOf } from './staged-upload.js'

/** Room under the organization's quota for what a commit adds; undefined where there is no quota, or nothing is added. Throws `too-large`. */
export async function coverBytes(scope: CommitScope, { puts }: RecordedChanges, bytes: number): Promise<Spending | undefined> {
  if (!scope.cover || bytes <= 0) return undefined
  const holds = new Set(puts.flatMap(({ blob }) => uploadOf(blob).hold ?? []))
  return scope.cover(bytes, [...holds])
}
