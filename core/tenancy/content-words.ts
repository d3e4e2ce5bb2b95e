import { type DigestName, digestLength } from '../digest/digests.js'
import { invalid } from '../errors/registry-error.js'
import type { Artifact } from '../storage/artifact.js'
import type { PackageFacts } from '../storage/package-facts.js'

const searchable = ['name', 'description', 'license', 'homepage', 'keyword', 'latest'] as const
type Property = (typeof searchable)[number]
const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const

/** A search text, taken apart. Everything has to hold at once. */
export interface ContentWords {
  /** Anywhere in a name, description or keyword; of a file, in its path. Lower case. */
  readonly words: readonly string[]
  readonly properties: readonly { readonly property: Property; readonly value: string }[]
  readonly digests: readonly { readonly name: DigestName; readonly hex: string }[]
}

const wordsAtMost = 16

/** `greeting license:mit sha256:…`: words, properties of packages, digests of files; a digest may stand without its name. Throws `invalid`. */
export function parseContentWords(text: string): ContentWords {
  const words: string[] = []
  const properties: ContentWords['properties'][number][] = []
  const digests: ContentWords['digests'][number][] = []
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (terms.length === 0) throw invalid('Say what to look for', { detail: { field: 'q' } })
  if (terms.length > wordsAtMost) throw invalid(`More than ${wordsAtMost} words`, { detail: { field: 'q' } })
  for (const term of terms) {
    const cut = term.indexOf(':')
    const [key, value] = [term.slice(0, Math.max(cut, 0)), term.slice(cut + 1)]
    const algorithm = algorithms.find((name) => name === key)
    const property = searchable.find((name) => name === key)
    if (algorithm !== undefined) {
      if (!isDigest(algorithm, value)) throw invalid(`Not a ${algorithm} in hexadecimal`, { detail: { field: 'q' } })
      digests.push({ name: algorithm, hex: value })
    } else if (property !== undefined && value !== '') properties.push({ property, value })
    else {
      const unnamed = algorithms.find((name) => isDigest(name, term))
      if (unnamed === undefined) words.push(term)
      else digests.push({ name: unnamed, hex: term })
    }
  }
  return { words, properties, digests }
}

export function packageMatches({ words, properties, digests }: ContentWords, name: string, facts: PackageFacts): boolean {
  if (digests.length > 0) return false
  const values: Readonly<Record<Property, readonly unknown[]>> = {
    name: [name, facts.name],
    description: [facts.description],
    license: [facts.license],
    homepage: [facts.homepage],
    keyword: facts.keywords ?? [],
    latest: [facts.latest],
  }
  const text = texts([...values.name, ...values.description, ...values.keyword]).join('\n')
  return (
    words.every((word) => text.includes(word)) &&
    properties.every(({ property, value }) => texts(values[property]).some((held) => held.includes(value)))
  )
}

export function fileMatches({ words, properties, digests }: ContentWords, { path, digests: held }: Artifact): boolean {
  const text = path.toLowerCase()
  return (
    words.every((word) => text.includes(word)) &&
    properties.every(({ property, value }) => property === 'name' && text.includes(value)) &&
    digests.every(({ name, hex }) => held[name] === hex)
  )
}

function texts(values: readonly unknown[]): readonly string[] {
  return values.filter((value): value is string => typeof value === 'string').map((value) => value.toLowerCase())
}

function isDigest(name: DigestName, text: string): boolean {
  return text.length === digestLength[name] && /^[0-9a-f]+$/.test(text)
}
