import type { DocumentReader, PackageIndex } from '#core'
import { servedVersion, topMembers } from './manifest.js'
import { mediaTypes } from './negotiation.js'
import {
  documentKeys,
  type Person,
  type ReadmeDocument,
  readPackage,
  revisionOf,
  type StoredPackage,
} from './package-documents.js'
import { tarballName } from './package-name.js'

/** A packument before it is worded: fragments of JSON text, as they are stored. */
export interface Packument {
  readonly name: string
  readonly rev: string
  readonly created: string
  readonly modified: string
  readonly tags: readonly (readonly [tag: string, version: string])[]
  /** In the order in which they were published. */
  readonly versions: readonly PackumentVersion[]
  readonly maintainers: readonly Person[]
  /** JSON members that repeat the latest version, without braces. */
  readonly top: string
  readonly readme?: string
  readonly readmeFilename?: string
}
export interface PackumentVersion {
  readonly version: string
  readonly publishedAt: string
  readonly full: string
  readonly short: string
  readonly dist: string
  /** Name of its file. */
  readonly file: string
}

/** What npm resolves from. Flavours: full, abbreviated (npm dossier 4, 5). */
export const packumentIndex: PackageIndex<Packument> = {
  name: 'packument',
  etag: 'weak',
  async load(pkg, documents) {
    const stored = await readPackage(pkg, documents)
    return stored === undefined || stored.versions.size === 0 ? undefined : packumentOf(pkg, stored, documents)
  },
  render: (view, flavour, base) => ({
    contentType: flavour === 'abbreviated' ? mediaTypes.abbreviated : mediaTypes.full,
    body: encoder.encode(flavour === 'abbreviated' ? abbreviatedText(view, base) : fullText(view, base)),
  }),
}
const encoder = new TextEncoder()

async function packumentOf(
  pkg: string,
  { head, document, versions, tags }: StoredPackage,
  documents: DocumentReader,
): Promise<Packument> {
  const latest = versions.get(tags.get('latest')?.version ?? '')
  const readme = latest && ((await documents.find(documentKeys.readme(pkg, latest.version)))?.value as ReadmeDocument | undefined)
  return {
    name: pkg,
    rev: revisionOf(pkg, head.sequence),
    created: document.created,
    modified: head.modified.toISOString(),
    tags: [...tags].map(([tag, { version }]) => [tag, version] as const),
    versions: [...versions.values()]
      .sort((a, b) => (a.publishedAt < b.publishedAt ? -1 : a.publishedAt > b.publishedAt ? 1 : 0))
      .map(({ version, publishedAt, full, short, dist }) => ({
        version,
        publishedAt,
        full,
        short,
        dist,
        file: tarballName(pkg, version),
      })),
    maintainers: document.maintainers,
    top: latest === undefined ? '' : topMembers(latest.full),
    ...(readme?.generation === document.generation ? { readme: readme.text } : {}),
    ...(readme?.generation === document.generation && readme.filename !== undefined ? { readmeFilename: readme.filename } : {}),
  }
}

function fullText(view: Packument, base: URL): string {
  return braced([
    member('_id', view.name),
    member('_rev', view.rev),
    member('name', view.name),
    tagsMember(view),
    versionsMember(view, base, 'full'),
    timeMember(view),
    member('maintainers', view.maintainers),
    view.top,
    view.readme === undefined ? '' : member('readme', view.readme),
    view.readmeFilename === undefined ? '' : member('readmeFilename', view.readmeFilename),
  ])
}
/** With `time`, which spares clients that look at ages a second, full document. */
function abbreviatedText(view: Packument, base: URL): string {
  return braced([
    member('name', view.name),
    member('modified', view.modified),
    tagsMember(view),
    versionsMember(view, base, 'short'),
    timeMember(view),
  ])
}

function tagsMember({ tags }: Packument): string {
  return `"dist-tags":${braced(tags.map(([tag, version]) => member(tag, version)))}`
}
function versionsMember({ name, versions }: Packument, base: URL, text: 'full' | 'short'): string {
  const folder = `${base.href}${name}/-/`
  return `"versions":${braced(versions.map((each) => `${JSON.stringify(each.version)}:${servedVersion(each[text], each.dist, folder + each.file)}`))}`
}
function timeMember({ created, modified, versions }: Packument): string {
  const times = versions.map(({ version, publishedAt }) => member(version, publishedAt))
  return `"time":${braced([member('created', created), member('modified', modified), ...times])}`
}
function member(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}
function braced(members: readonly string[]): string {
  return `{${members.filter((each) => each !== '').join(',')}}`
}
