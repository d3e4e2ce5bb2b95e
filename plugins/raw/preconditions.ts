import { type Artifact, holdPreconditions as hold, type PutOptions, stale } from '#core'

/** The strong tag of a file: same bytes, same tag. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`
}

/** `holdPreconditions` of the kernel, by this format's tags. */
export function holdPreconditions(read: (name: string) => string | undefined, current: Artifact | undefined): PutOptions['if'] {
  return hold(read, current, current && etagOf(current.digests.sha256))
}

/** The same for a folder that is there: it has no tag, so that `*` alone names it (RFC 9110 13.1.1, 13.1.2). Throws `stale`. */
export function holdFolderPreconditions(read: (name: string) => string | undefined): void {
  const [match, noneMatch] = [read('if-match')?.trim(), read('if-none-match')?.trim()]
  if (match !== undefined && match !== '*') throw stale('If-Match does not hold: a folder has no entity tag')
  if (noneMatch === '*') throw stale('If-None-Match does not hold: the folder is there')
}
