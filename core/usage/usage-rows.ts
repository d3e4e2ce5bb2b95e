/** What an organization and its repositories have stored. Bytes are logical: every kept version of a file counts in full, equal bytes too, deleted and
 *  replaced ones until they are purged. `files`: paths that can be read; `versions`: kept versions of paths. */
export type Amount = { readonly bytes: number; readonly files: number; readonly versions: number }

/** `{org} q`: what was counted up to `cursor`, the id of a log row; later log rows are added by whoever reads. `reserved`: granted to processes, and not
 *  yet counted. */
export type UsageRow = {
  readonly v: 1
  readonly cursor: string
  readonly bytes: number
  readonly reserved: number
  /** When it was last counted from the rows of versions themselves. */
  readonly countedAt: number
}
export type RepositoryUsageRow = Amount & { readonly v: 1 }
/** What one process was granted since it began, and how much of that has been counted meanwhile. */
export type AllowanceRow = { readonly v: 1; readonly granted: number; readonly counted: number; readonly expires: number }

export const nothing: Amount = { bytes: 0, files: 0, versions: 0 }

export function plus(one: Amount | undefined, other: Amount): Amount {
  const { bytes, files, versions } = one ?? nothing
  return { bytes: bytes + other.bytes, files: files + other.files, versions: versions + other.versions }
}

/** Sorts behind every log row of this moment and before those of the next. */
export function cursorAt(milliseconds: number): string {
  return `${milliseconds.toString(16).padStart(12, '0')}~`
}
