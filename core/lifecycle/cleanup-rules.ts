/** What of a repository goes by itself. Of the conditions `olderThanDays`, `notDownloadedForDays` and `keepVersions` all that are given have to hold;
 *  `keepBuilds` stands beside them. The newest version of a package stays always, and so does what its format holds (npm: tagged versions). */
export interface CleanupRules {
  /** Published so long ago. */
  readonly olderThanDays?: number
  /** Nobody fetched it for so long, counted from its publication or the day that counting began, whichever is later. */
  readonly notDownloadedForDays?: number
  /** So many newest versions of a package stay. */
  readonly keepVersions?: number
  /** So many newest builds of a Maven snapshot stay. */
  readonly keepBuilds?: number
  /** Maven: releases too; else snapshots alone. */
  readonly releases?: boolean
  /** Packages that the rules are for, and those they are not for: `*` stands for anything but a slash, `**` for anything. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** Days between the moment when a version falls under the rules and its removal, in which the preview lists it. */
  readonly delayDays?: number
}

export type CleanupRow = {
  readonly v: 1
  readonly rules: CleanupRules
  readonly changedAt: number
  /** Nothing goes before: after a change the rules are tried for a day. */
  readonly activeFrom: number
  readonly by: string
}

/** What the rules are judged by, of one version or build. */
export interface CleanupItem {
  readonly package: string
  readonly version: string
  readonly build?: string
  readonly publishedAt: Date
  readonly reason: string
  /** When it came under the rules. */
  readonly since: Date
  readonly goesAt: Date
}

export function matchesPackage({ include, exclude }: CleanupRules, name: string): boolean {
  const wanted = include === undefined || include.length === 0 || include.some((pattern) => matches(pattern, name))
  return wanted && !exclude?.some((pattern) => matches(pattern, name))
}

/** In time of pattern times name, whatever the pattern: the ends that a pattern may have reached, sign by sign. */
function matches(pattern: string, name: string): boolean {
  let ends = new Set([0])
  for (const sign of pattern.split(/(\*\*|[\s\S])/).filter((part) => part !== '')) {
    const next = new Set<number>()
    for (const end of ends) {
      if (sign !== '*' && sign !== '**') {
        if (name[end] === sign) next.add(end + 1)
        continue
      }
      for (let at = end; at <= name.length && !next.has(at); at += 1) {
        next.add(at)
        if (sign === '*' && name[at] === '/') break
      }
    }
    ends = next
  }
  return ends.has(name.length)
}

/** Is there anything that these rules would ever take? */
export function isIdle({ olderThanDays, notDownloadedForDays, keepVersions, keepBuilds }: CleanupRules): boolean {
  return [olderThanDays, notDownloadedForDays, keepVersions, keepBuilds].every((rule) => rule === undefined)
}
