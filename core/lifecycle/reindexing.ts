/** repository.administer. What is derived of a repository, made again from what is stored: the list of names that search and pages read, and the rows
 *  by which folders are found. Publishing goes on meanwhile. */
export interface Reindexing {
  /** Asks for it; a chore does it. One that is asked for already is joined. Throws `conflict` while one of the other kind (a dry run, or not) is under way,
   *  and for a repository that is not hosted. */
  reindex(repository: string, options?: { readonly dryRun?: boolean }): Promise<ReindexState>
  /** The one under way, or the last; undefined where there never was one. */
  findReindex(repository: string): Promise<ReindexState | undefined>
}

export interface ReindexState {
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  /** Only counts what would change. */
  readonly dryRun: boolean
  readonly askedAt: Date
  readonly begunAt?: Date
  readonly endedAt?: Date
  /** Looked at so far; `packages` are those that stand on the list of names, or should. */
  readonly files: number
  readonly packages: number
  /** As usage counts them; absent where it does not. */
  readonly expectedFiles?: number
  readonly changes: {
    readonly namesWritten: number
    readonly namesRemoved: number
    readonly foldersAdded: number
    /** Folders that were marked as empty and are not. */
    readonly marksCleared: number
  }
  /** Packages whose documents could not be read; the log names them. */
  readonly failed: number
  readonly error?: string
}
