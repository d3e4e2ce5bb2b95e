import semver from 'semver'
import { invalid, json, type PackageEntry, type PackageFacts, type Reply, type RepositoryContext, repositoryRoute } from '#core'
import { houseClock } from './house-clock.js'
import { isText } from './manifest.js'
import { baseName, scopeOf } from './package-name.js'
import { numberIn } from './query-number.js'

const limits = { size: 250, from: 10_000, text: 512, terms: 16, scanned: 200_000 } as const

/** Search over what is described in this repository, as `npm search` asks it (npm dossier 14). */
export const searchRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/-/v1/search',
    permission: 'artifacts.read',
    rate: 'search',
    handle: async ({ query }, context) => search(query, context),
  }),
]

async function search(query: URLSearchParams, context: RepositoryContext): Promise<Reply> {
  const wanted = readSearch(query.get('text') ?? '')
  const size = numberIn(query, 'size', 20, limits.size)
  const from = numberIn(query, 'from', 0, limits.from)
  const hits = new Hits(from + size)
  let scanned = 0
  for await (const entry of context.packages()) {
    scanned += 1
    if (scanned > limits.scanned) break
    hits.add(entry, rankOf(entry, wanted))
  }
  return json(200, {
    objects: hits
      .inOrder()
      .slice(from, from + size)
      .map(({ entry, rank }) => resultOf(entry, 1 / (1 + rank))),
    total: hits.total,
    ...(scanned > limits.scanned ? { totalIsLowerBound: true } : {}),
    time: houseClock.now().toUTCString(),
  })
}

interface Hit {
  readonly entry: PackageEntry
  readonly rank: number
}

/** Counts all that is found, and keeps no more of each rank than the page could show. */
class Hits {
  total = 0
  private readonly byRank: readonly Hit[][] = [[], [], []]

  constructor(private readonly kept: number) {}

  add(entry: PackageEntry, rank: number | undefined): void {
    if (rank === undefined) return
    this.total += 1
    const hits = this.byRank[rank]
    if (hits !== undefined && hits.length < this.kept) hits.push({ entry, rank })
  }

  /** Equal ranks keep the order of names: paging is stable. */
  inOrder(): readonly Hit[] {
    return this.byRank.flat()
  }
}

export interface Search {
  readonly terms: readonly string[]
  readonly scope: string | undefined
  readonly author: string | undefined
  readonly maintainer: string | undefined
  readonly keywords: readonly string[]
  /** Versions below 1.0.0: only those, or none. */
  readonly unstable: boolean | undefined
}

/** Words, and the qualifiers npm documents: `scope:` `author:` `maintainer:` `keywords:a,b` `is:unstable` `not:unstable`. Throws `invalid`. */
export function readSearch(text: string): Search {
  if (Buffer.byteLength(text) > limits.text) throw invalid(`a search has at most ${limits.text} bytes`)
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length > limits.terms) throw invalid(`a search has at most ${limits.terms} terms`)
  const qualifiers = new Map<string, string>()
  const terms: string[] = []
  for (const word of words) {
    const [, name, value] = /^(scope|author|maintainer|keywords|is|not):(.+)$/.exec(word) ?? []
    if (name === undefined || value === undefined) terms.push(word)
    else qualifiers.set(name, value)
  }
  return {
    terms,
    scope: qualifiers.get('scope')?.replace(/^@/, ''),
    author: qualifiers.get('author'),
    maintainer: qualifiers.get('maintainer'),
    keywords: (qualifiers.get('keywords') ?? '').split(/[,+]/).filter((word) => word !== ''),
    unstable: qualifiers.get('is') === 'unstable' ? true : qualifiers.get('not') === 'unstable' ? false : undefined,
  }
}

/** The lower the better: 0 the very name, 1 a part of the name, 2 anything else; undefined where it does not match. */
export function rankOf({ name, facts }: PackageEntry, wanted: Search): 0 | 1 | 2 | undefined {
  const keywords = (facts.keywords ?? []).map((word) => word.toLowerCase())
  if (wanted.scope !== undefined && scopeOf(name) !== wanted.scope) return undefined
  if (wanted.author !== undefined && textOf(facts['author']) !== wanted.author) return undefined
  if (wanted.maintainer !== undefined && !listOf(facts['maintainers']).includes(wanted.maintainer)) return undefined
  if (!wanted.keywords.every((word) => keywords.includes(word))) return undefined
  if (wanted.unstable !== undefined && wanted.unstable !== isUnstable(facts)) return undefined
  const lowered = name.toLowerCase()
  const anywhere = [lowered, textOf(facts.description), ...keywords]
  if (!wanted.terms.every((term) => anywhere.some((place) => place.includes(term)))) return undefined
  const [term] = wanted.terms
  if (term === undefined || wanted.terms.length > 1) return wanted.terms.every((each) => lowered.includes(each)) ? 1 : 2
  return lowered === term || baseName(lowered) === term ? 0 : lowered.includes(term) ? 1 : 2
}

function resultOf({ name, facts }: PackageEntry, score: number) {
  const { version = facts.latest ?? '', description, keywords = [], homepage, license } = facts
  const maintainers = listOf(facts['maintainers']).map((username) => ({ username, email: '' }))
  const publisher = facts['publisher']
  return {
    package: {
      name,
      scope: scopeOf(name) ?? 'unscoped',
      version,
      ...(description === undefined ? {} : { description }),
      keywords,
      date: facts['date'] ?? '',
      ...(license === undefined ? {} : { license }),
      links: {
        ...(homepage === undefined ? {} : { homepage }),
        ...(isText(facts['repository']) ? { repository: facts['repository'] } : {}),
        ...(isText(facts['bugs']) ? { bugs: facts['bugs'] } : {}),
      },
      ...(isText(facts['author']) ? { author: { name: facts['author'] } } : {}),
      ...(isText(publisher) ? { publisher: { username: publisher, email: '' } } : {}),
      maintainers,
    },
    score: { final: score, detail: { quality: 1, popularity: 1, maintenance: 1 } },
    searchScore: score,
    flags: isUnstable(facts) ? { unstable: true } : {},
  }
}

function isUnstable({ version, latest }: PackageFacts): boolean {
  return (semver.parse(version ?? latest ?? '')?.major ?? 0) < 1
}
function textOf(value: unknown): string {
  return isText(value) ? value.toLowerCase() : ''
}
function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isText).map((each) => each.toLowerCase()) : []
}
