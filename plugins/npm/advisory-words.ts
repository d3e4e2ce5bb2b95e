import { createHash } from 'node:crypto'
import semver from 'semver'
import type { Advisory } from '#core'
import type { Installed } from './audit-tree.js'

/** Those of a package's versions that an advisory is about. Pre-releases count by their place in the order. */
export function affectedOf(versions: readonly semver.SemVer[], range: string): ReadonlySet<string> {
  const affected = new semver.Range(range, { includePrerelease: true })
  return new Set(versions.filter((version) => affected.test(version)).map(({ raw }) => raw))
}

/** The affected versions as npm writes a range. What npm could not read of it would hide the rest: it is left out. */
export function vulnerableRange({ ranges, versions }: Advisory): string {
  const parts = ranges.map(({ introduced, fixed, lastAffected }) => {
    const from = introduced === '0' ? '' : `>=${introduced}`
    const to = fixed !== undefined ? `<${fixed}` : lastAffected !== undefined ? `<=${lastAffected}` : ''
    return [from, to].filter((bound) => bound !== '').join(' ') || '*'
  })
  const read = [...parts, ...versions].filter((part) => semver.validRange(part) !== null)
  return read.length === 0 ? '<0.0.0-0' : read.join(' || ')
}

/** The first versions without it; npm's word for none. */
function patchedRange({ ranges }: Advisory): string {
  const fixed = ranges.flatMap((range) => (range.fixed === undefined ? [] : [`>=${range.fixed}`]))
  return fixed.length === 0 ? '<0.0.0' : fixed.join(' || ')
}

/** npm's clients want numbers, feeds have names: the same number for the same name, everywhere. */
export function numberOf({ id }: Advisory): number {
  return createHash('sha256').update(id).digest().readUInt32BE() >>> 1
}

/** As the bulk form answers it. */
export function inBulk(advisory: Advisory, range: string) {
  const { url, summary, severity, cwes, cvss } = advisory
  return {
    id: numberOf(advisory),
    url,
    title: summary,
    severity,
    vulnerable_versions: range,
    cwe: cwes,
    cvss: { score: cvss?.score ?? 0, vectorString: cvss?.vector ?? null },
  }
}

/** As the quick and full forms answer it. */
export function inFull(name: string, advisory: Advisory, range: string, found: readonly Installed[]) {
  const { id, aliases, published, modified } = advisory
  const byVersion = new Map<string, string[]>()
  for (const { version, path } of found) byVersion.set(version, [...(byVersion.get(version) ?? []), path])
  return {
    ...inBulk(advisory, range),
    findings: [...byVersion].map(([version, paths]) => ({ version, paths })),
    module_name: name,
    github_advisory_id: id,
    cves: aliases.filter((alias) => alias.startsWith('CVE-')),
    patched_versions: patchedRange(advisory),
    overview: advisory.summary,
    recommendation: '',
    references: advisory.url,
    created: published,
    updated: modified,
    deleted: null,
    found_by: null,
    reported_by: null,
    access: 'public',
    metadata: null,
  }
}
