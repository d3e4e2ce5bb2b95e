import type { ReindexState } from './reindexing.js'

/** One reindex of one repository: asked for, at work, over. Times are milliseconds. */
export type ReindexRow = {
  readonly v: 1
  readonly state: ReindexState['state']
  readonly dryRun: boolean
  readonly by: string
  readonly at: number
  readonly begun?: number
  readonly ended?: number
  /** Of the store's scan: rows up to here are done. */
  readonly cursor?: string
  /** Looked at, up to the cursor. */
  readonly files: number
  readonly packages: number
  readonly failed: number
  readonly expectedFiles?: number
  /** What was changed, or would be; written in the commits that change it. */
  readonly changes: ReindexState['changes']
  readonly error?: string
}

export const noReindexChanges: ReindexRow['changes'] = { namesWritten: 0, namesRemoved: 0, foldersAdded: 0, marksCleared: 0 }

export function reindexState(row: ReindexRow): ReindexState {
  const { state, dryRun, at, begun, ended, files, packages, failed, expectedFiles, changes, error } = row
  return {
    state,
    dryRun,
    askedAt: new Date(at),
    ...(begun === undefined ? {} : { begunAt: new Date(begun) }),
    ...(ended === undefined ? {} : { endedAt: new Date(ended) }),
    files,
    packages,
    failed,
    ...(expectedFiles === undefined ? {} : { expectedFiles }),
    changes,
    ...(error === undefined ? {} : { error }),
  }
}
