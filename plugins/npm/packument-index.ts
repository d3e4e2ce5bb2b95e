import type { PackageIndex } from '#core'
import { attestationsMember, servedVersion, topMembers, withEmail } from './manifest.js'
import { mediaTypes } from './negotiation.js'
import {
  documentKeys,
  findPackage,
  findTags,
  findVersion,
  listVersions,
  type Person,
  type ReadmeDocument,
  revisionOf,
  type StoredVersion,
} from './package-documents.js'
import { tarballName } from './package-name.js'
import { withSignatures } from './signatures.js'
import { starsOf } from './stars.js'

/** A packument before it is worded: fragments of JSON text, as they are stored. */
export interface Packument {
  readonly name: string
  readonly rev: string
  readonly created: string
  readonly modified: string
  readonly tags: readonly (readonly [tag: string, version: string])[]
  /** Read while the packument is written. */
  readonly versions: () => AsyncIterable<PackumentVersion>
  readonly maintainers: readonly Person[]
  /** Names of those who have starred it. */
  readonly stars: readonly string[]
  /** JSON members that repeat the latest version, without braces. */
  readonly top: string
  readonly readme?: string
  readonly readmeFilename?: string
}
export type PackumentVersion = Pick<StoredVersion, 'version' | 'publishedAt' | 'sha512' | 'full' | 'short' | 'dist' | 'attested'>

/** What npm resolves from. Flavours: full, abbreviated (npm dossier 4, 5). */
export const packumentIndex: PackageIndex<Packument> = {
  name: 'packument',
  etag: 'weak',
  signed: true,
  async load(pkg, documents, signatures) {
    const head = await documents.head(pkg)
    const document = await findPackage(pkg, documents)
    if (head === undefined || document === undefined) return undefined
    const { generation, created, maintainers } = document
    const tags = [...(await findTags(pkg, generation, documents))].map(([tag, { version }]) => [tag, version] as const)
    const latest = await findVersion(pkg, new Map(tags).get('latest') ?? 'none', documents)
    if (latest === undefined && (await listVersions(pkg, generation, documents).next()).done) return undefined
    const readme = (latest && (await documents.find(documentKeys.readme(pkg, latest.version))))?.value as
      | ReadmeDocument
      | undefined
    const own = readme?.generation === generation ? readme : undefined
    return {
      name: pkg,
      rev: revisionOf(pkg, head.sequence),
      created,
      modified: head.modified.toISOString(),
      tags,
      versions: () => withSignatures(pkg, inOrder(listVersions(pkg, generation, documents)), signatures),
      maintainers,
      stars: await starsOf(pkg, generation, documents),
      top: latest === undefined ? '' : topMembers(latest.full),
      ...(own === undefined ? {} : { readme: own.text }),
      ...(own?.filename === undefined ? {} : { readmeFilename: own.filename }),
    }
  },
  render: (view, flavour, base) =>
    flavour === 'abbreviated'
      ? { contentType: mediaTypes.abbreviated, body: abbreviatedText(view, base) }
      : { contentType: mediaTypes.full, body: fullText(view, base) },
}

/** Characters of fragments that are held in order to bring versions into order. */
const sortedCharacters = 8 * 1024 ** 2

/** As they were published, where all of them can be held at once; else as they lie, one after the other. */
async function* inOrder(versions: AsyncIterable<PackumentVersion>): AsyncGenerator<PackumentVersion> {
  const held: PackumentVersion[] = []
  let characters = 0
  for await (const each of versions) {
    characters += each.full.length + each.short.length + each.dist.length
    if (characters <= sortedCharacters) {
      held.push(each)
      continue
    }
    yield* held.splice(0)
    yield each
  }
  yield* held.sort(byTime)
}
function byTime(a: { readonly publishedAt: string }, b: { readonly publishedAt: string }): number {
  return a.publishedAt < b.publishedAt ? -1 : a.publishedAt > b.publishedAt ? 1 : 0
}

async function* fullText(view: Packument, base: URL): AsyncGenerator<string> {
  yield `{${members([member('_id', view.name), member('_rev', view.rev), member('name', view.name)])}`
  yield* versionsTimeAndTags(view, base, 'full')
  yield `,${members([
    member('maintainers', view.maintainers.map(withEmail)),
    view.stars.length === 0 ? '' : `"users":{${members(view.stars.map((name) => member(name, true)))}}`,
    view.top,
    view.readme === undefined ? '' : member('readme', view.readme),
    view.readmeFilename === undefined ? '' : member('readmeFilename', view.readmeFilename),
  ])}}`
}
/** With `time`, which spares clients that look at ages a second, full document. */
async function* abbreviatedText(view: Packument, base: URL): AsyncGenerator<string> {
  yield `{${members([member('name', view.name), member('modified', view.modified)])}`
  yield* versionsTimeAndTags(view, base, 'short')
  yield '}'
}

async function* versionsTimeAndTags(view: Packument, base: URL, text: 'full' | 'short'): AsyncGenerator<string> {
  const folder = `${base.href}${view.name}/-/`
  const times: { readonly version: string; readonly publishedAt: string }[] = []
  yield ',"versions":{'
  for await (const { version, publishedAt, dist, attested, [text]: fragment } of view.versions()) {
    const attestations = attestationsMember(base.href, view.name, version, attested)
    const served = servedVersion(fragment, dist, folder + tarballName(view.name, version), attestations)
    yield `${times.length === 0 ? '' : ','}${JSON.stringify(version)}:${served}`
    times.push({ version, publishedAt })
  }
  const all = times.sort(byTime).map(({ version, publishedAt }) => member(version, publishedAt))
  // Behind the versions, since a tag that names none of them stops clients.
  const listed = new Set(times.map(({ version }) => version))
  const tags = view.tags.filter(([, version]) => listed.has(version)).map(([tag, version]) => member(tag, version))
  yield `},"time":{${members([member('created', view.created), member('modified', view.modified), ...all])}},"dist-tags":{${members(tags)}}`
}

function member(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}
function members(each: readonly string[]): string {
  return each.filter((text) => text !== '').join(',')
}
