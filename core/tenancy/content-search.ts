import type { Artifact } from '../storage/artifact.js'
import type { ArtifactReader } from '../storage/artifact-reader.js'
import type { Catalog } from '../storage/catalog.js'
import { walkFiles } from '../storage/file-walk.js'
import type { SharedBytes } from '../storage/shared-bytes.js'
import { type ContentWords, fileMatches, packageMatches, parseContentWords } from './content-words.js'
import type { ContentQuery, Found, SearchAnswer } from './contents.js'
import type { Repository } from './repository.js'
import type { Visibility } from './visibility.js'

/** One request looks at so many names and goes on where it stopped. */
const reach = 20_000

export interface SearchParts {
  readonly organizationId: string
  readonly visibility: Visibility
  readonly catalog: Catalog
  readonly sharedBytes: SharedBytes
  readonly files: (repository: Repository) => ArtifactReader
}

/** A position in the order of a search: repository, kind, name. Line breaks stand in none of the three. */
type Position = readonly [repository: string, kind: string, name: string]
interface Seen {
  readonly position: Position
  /** Undefined where it was looked at and does not match. */
  readonly found?: Found
}

export async function searchContents(parts: SearchParts, query: ContentQuery): Promise<SearchAnswer> {
  const words = parseContentWords(query.text)
  const after = query.after === undefined ? undefined : (query.after.split('\n') as unknown as Position)
  const found: { readonly one: Found; readonly position: Position }[] = []
  let looked = 0
  for await (const seen of sightings(parts, query, words, after)) {
    if (seen.found !== undefined) found.push({ one: seen.found, position: seen.position })
    const full = found.length > query.limit
    if (!full && ++looked < reach) continue
    const last = full ? found[query.limit - 1]?.position : seen.position
    return { found: found.slice(0, query.limit).map(({ one }) => one), ...(last === undefined ? {} : { next: last.join('\n') }) }
  }
  return { found: found.map(({ one }) => one) }
}

async function* sightings(parts: SearchParts, query: ContentQuery, words: ContentWords, after?: Position): AsyncIterable<Seen> {
  const { visibility } = parts
  const repositories = query.repository === undefined ? visibility.repositories() : [visibility.repository(query.repository)]
  const sha256 = words.digests.find(({ name }) => name === 'sha256')?.hex
  for (const repository of repositories) {
    if (after !== undefined && repository.name < after[0]) continue
    const here = after?.[0] === repository.name ? after : undefined
    if (query.kind !== 'package' && here?.[1] !== 'package') {
      yield* sha256 === undefined
        ? walked(parts, repository, words, here?.[2])
        : shared(parts, repository, words, sha256, here?.[2])
    }
    if (query.kind !== 'file' && words.digests.length === 0) {
      yield* described(parts, repository, words, here?.[1] === 'package' ? here[2] : undefined)
    }
  }
}

async function* walked(parts: SearchParts, repository: Repository, words: ContentWords, after?: string): AsyncIterable<Seen> {
  const { visibility, files } = parts
  // Files have no properties beside their name.
  if (words.properties.some(({ property }) => property !== 'name')) return
  const walk = { after, enter: (folder: string) => visibility.folder(repository, folder) }
  for await (const artifact of walkFiles(files(repository), walk)) yield sighting(parts, repository, words, artifact)
}

/** Equal bytes are found by their rows, without a walk. */
async function* shared(
  parts: SearchParts,
  repository: Repository,
  words: ContentWords,
  sha256: string,
  after?: string,
): AsyncIterable<Seen> {
  for (const path of await parts.sharedBytes.pathsOf(parts.organizationId, repository.id, sha256)) {
    if (after !== undefined && path <= after) continue
    const artifact = await parts.files(repository).find(path)
    if (artifact !== undefined) yield sighting(parts, repository, words, artifact)
  }
}

function sighting({ visibility }: SearchParts, repository: Repository, words: ContentWords, artifact: Artifact): Seen {
  const position = [repository.name, 'file', artifact.path] as const
  if (!fileMatches(words, artifact) || !visibility.path(repository, artifact.path)) return { position }
  return { position, found: { kind: 'file', repository, artifact } }
}

async function* described(parts: SearchParts, repository: Repository, words: ContentWords, after?: string): AsyncIterable<Seen> {
  const { catalog, organizationId, visibility } = parts
  for await (const { name, facts } of catalog.list(organizationId, repository.id, after === undefined ? {} : { after })) {
    const position = [repository.name, 'package', name] as const
    const hit = packageMatches(words, name, facts) && visibility.path(repository, name)
    yield hit ? { position, found: { kind: 'package', repository, name, facts } } : { position }
  }
}
