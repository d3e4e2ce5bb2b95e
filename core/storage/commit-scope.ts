import type { LogEntry } from '../audit/log-row.js'
import type { Hold, Spending } from '../usage/allowances.js'
import type { PackageFacts } from './package-facts.js'
import type { StagedUpload } from './staged-upload.js'

/** Whose change it is, and where. */
export interface CommitScope {
  readonly organizationId: string
  /** A repository's id, or '-' for the organization itself. */
  readonly repositoryId: string
  readonly writePolicy: 'once' | 'replace'
  readonly plugin: string
  readonly documentVersion: number
  readonly actor: LogEntry['actor']
  readonly requestId: string
  readonly source?: LogEntry['source']
  /** Days in which its deletes can be undone, where the organization has a number of its own. */
  readonly undoDays?: number
  /** Caller and repository read again, immediately before the commit; throws where either is no longer what it was. */
  recheck(): Promise<void>
  /** Where the organization has a quota: room for the bytes of the commit, beside what its uploads hold. Throws `too-large`. */
  cover?(bytes: number, holds: readonly Hold[]): Promise<Spending>
  /** What the plugin's parser says of a file it claims; throws where the file contradicts its own format. */
  parse(blob: StagedUpload, path: string): Promise<PackageFacts>
}
