import type { PackageVersion } from '../plugin/package-keeping.js'
import type { CleanupItem, CleanupRules } from './cleanup-rules.js'

const day = 86_400_000

export interface PackageUse {
  /** When versions of the package were last fetched, in milliseconds; undefined: not since counting began. */
  lastDownload(version: string): number | undefined
  /** Undefined: downloads are not counted yet, and nothing is unused. */
  readonly countedSince: number | undefined
}

/** What goes of one package, and why: pure. An item goes at the earliest moment at which every rule that is given holds, and `delayDays` later. */
export function planOf(
  pkg: string,
  versions: readonly PackageVersion[],
  rules: CleanupRules,
  use: PackageUse,
  activeFrom: number,
): readonly CleanupItem[] {
  const newestFirst = [...versions].sort((a, b) => b.publishedAt.getTime() - a.publishedAt.getTime())
  const delay = (rules.delayDays ?? 0) * day
  const items: CleanupItem[] = []
  newestFirst.forEach((version, at) => {
    const whole = at === 0 || version.held !== undefined ? undefined : versionFate(newestFirst, at, rules, use)
    const { version: name, publishedAt } = version
    const times = (since: number) => ({ since: new Date(since), goesAt: new Date(Math.max(since + delay, activeFrom)) })
    if (whole) items.push({ package: pkg, version: name, publishedAt, reason: whole.reason, ...times(whole.since) })
    else
      for (const { id, publishedAt: built, since } of oldBuilds(version, rules)) {
        const reason = rules.keepBuilds === 1 ? 'a newer build' : `${rules.keepBuilds} newer builds`
        items.push({ package: pkg, version: name, build: id, publishedAt: built, reason, ...times(since) })
      }
  })
  return items
}

interface Fate {
  readonly since: number
  readonly reason: string
}

function versionFate(newestFirst: readonly PackageVersion[], at: number, rules: CleanupRules, use: PackageUse): Fate | undefined {
  const version = newestFirst[at]
  const { olderThanDays, notDownloadedForDays, keepVersions, releases } = rules
  if (version === undefined || (version.snapshot === false && releases !== true)) return undefined
  const published = version.publishedAt.getTime()
  const fates: Fate[] = []
  if (keepVersions !== undefined) {
    if (at < keepVersions) return undefined
    const pushedOut = newestFirst[at - Math.max(keepVersions, 1)]?.publishedAt.getTime() ?? published
    fates.push({ since: pushedOut, reason: keepVersions === 1 ? 'a newer version' : `${keepVersions} newer versions` })
  }
  if (olderThanDays !== undefined)
    fates.push({ since: published + olderThanDays * day, reason: `older than ${days(olderThanDays)}` })
  if (notDownloadedForDays !== undefined) {
    if (use.countedSince === undefined) return undefined
    const used = Math.max(use.lastDownload(version.version) ?? 0, published, use.countedSince)
    fates.push({ since: used + notDownloadedForDays * day, reason: `not downloaded for ${days(notDownloadedForDays)}` })
  }
  if (fates.length === 0) return undefined
  return { since: Math.max(...fates.map(({ since }) => since)), reason: fates.map(({ reason }) => reason).join(', ') }
}

function oldBuilds({ builds = [] }: PackageVersion, { keepBuilds }: CleanupRules) {
  if (keepBuilds === undefined) return []
  const keep = Math.max(keepBuilds, 1)
  return builds.slice(0, Math.max(builds.length - keep, 0)).map(({ id, publishedAt }, at) => ({
    id,
    publishedAt,
    since: builds[at + keep]?.publishedAt.getTime() ?? publishedAt.getTime(),
  }))
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}
