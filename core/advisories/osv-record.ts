import { z } from 'zod'
import { invalid } from '../errors/registry-error.js'
import type { Advisory, AffectedRange, Severity } from './advisory.js'
import { baseScore } from './cvss.js'

/** What is read of a record (OSV schema 1); everything else of it is passed over. */
const event = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
})
const affectedShape = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string() }).optional(),
  ranges: z.array(z.object({ type: z.string(), events: z.array(event) })).nullish(),
  versions: z.array(z.string()).nullish(),
})
const recordShape = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,100}$/),
  modified: z.string(),
  published: z.string().nullish(),
  withdrawn: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: z.array(z.object({ type: z.string(), score: z.string() })).nullish(),
  affected: z.array(affectedShape).nullish(),
  references: z.array(z.object({ type: z.string().nullish(), url: z.string() })).nullish(),
  database_specific: z.object({ severity: z.unknown(), cwe_ids: z.unknown() }).partial().nullish(),
})
type OsvRecord = z.output<typeof recordShape>

/** Those whose packages can be served here. */
const ecosystems = new Set(['npm', 'PyPI', 'Maven'])
const nameLimit = 300

function isName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= nameLimit && !/\p{Cc}/u.test(name)
}

export interface PackageAdvisory {
  readonly ecosystem: string
  readonly name: string
  readonly advisory: Advisory
}

/** One record as the advisories that it is, one for each package; none where it was withdrawn or is about nothing that is served here. Throws
 *  `invalid`. */
export function readOsvRecord(value: unknown): readonly PackageAdvisory[] {
  const parsed = recordShape.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(`no OSV record: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const record = parsed.data
  if (record.withdrawn) return []
  const places = new Map<string, { ecosystem: string; name: string; ranges: AffectedRange[]; versions: string[] }>()
  for (const { package: pkg, ranges, versions } of record.affected ?? []) {
    if (pkg === undefined || !ecosystems.has(pkg.ecosystem) || !isName(pkg.name)) continue
    const key = `${pkg.ecosystem} ${pkg.name}`
    const place = places.get(key) ?? { ...pkg, ranges: [], versions: [] }
    places.set(key, place)
    const told = (ranges ?? []).filter(({ type }) => type === 'SEMVER' || type === 'ECOSYSTEM')
    place.ranges.push(...told.flatMap(({ events }) => rangesOf(events)))
    // Ranges say the same in fewer words.
    if (told.length === 0) place.versions.push(...(versions ?? []))
  }
  const common = commonOf(record)
  return [...places.values()]
    .filter(({ ranges, versions }) => ranges.length + versions.length > 0)
    .map(({ ecosystem, name, ranges, versions }) => ({ ecosystem, name, advisory: { ...common, ranges, versions } }))
}

/** Events in the order in which versions meet them, as pairs. */
function rangesOf(events: readonly z.output<typeof event>[]): AffectedRange[] {
  const ranges: AffectedRange[] = []
  let introduced: string | undefined
  for (const one of events) {
    if (one.introduced !== undefined) introduced ??= one.introduced
    if (introduced === undefined) continue
    if (one.fixed !== undefined) ranges.push({ introduced, fixed: one.fixed })
    else if (one.last_affected !== undefined) ranges.push({ introduced, lastAffected: one.last_affected })
    else continue
    introduced = undefined
  }
  return introduced === undefined ? ranges : [...ranges, { introduced }]
}

function commonOf(record: OsvRecord): Omit<Advisory, 'ranges' | 'versions'> {
  const { id, aliases, summary, details, modified, published, severity, references, database_specific: more } = record
  const vector = severity?.find(({ type, score }) => type === 'CVSS_V3' && baseScore(score) !== undefined)?.score
  const score = vector === undefined ? undefined : baseScore(vector)
  const cwes = Array.isArray(more?.cwe_ids) ? more.cwe_ids.filter((one): one is string => typeof one === 'string') : []
  const told = references?.find(({ type }) => type === 'ADVISORY') ?? references?.[0]
  return {
    id,
    aliases: (aliases ?? []).slice(0, 50).map((alias) => alias.slice(0, 200)),
    summary: (summary || details || id).split('\n', 1)[0]?.slice(0, 500) ?? id,
    url: urlOf(id) ?? told?.url.slice(0, 1_000) ?? '',
    severity: severityOf(id, more?.severity, score),
    ...(vector === undefined || score === undefined ? {} : { cvss: { score, vector: vector.slice(0, 200) } }),
    cwes: cwes.slice(0, 50).map((cwe) => cwe.slice(0, 40)),
    published: published ?? modified,
    modified,
  }
}

function urlOf(id: string): string | undefined {
  return /^GHSA(-[0-9a-z]{4}){3}$/.test(id) ? `https://github.com/advisories/${id}` : undefined
}

/** The feed's own word, else what the score means (CVSS 3 specification 5), else the middle; malware is as bad as can be. */
function severityOf(id: string, told: unknown, score: number | undefined): Severity {
  const word = typeof told === 'string' ? told.toLowerCase() : ''
  if (word === 'medium') return 'moderate'
  if (word === 'low' || word === 'moderate' || word === 'high' || word === 'critical') return word
  if (id.startsWith('MAL-')) return 'critical'
  if (score === undefined) return 'moderate'
  return score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'moderate' : 'low'
}
