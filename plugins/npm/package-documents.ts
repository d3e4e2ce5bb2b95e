import { createHash } from 'node:crypto'
import type { Document, DocumentKey, DocumentReader, PackageHead } from '#core'
import { deprecationOf } from './manifest.js'

/** A new generation begins when a package that was unpublished whole is published again: what is left of an older one does not count. */
type InGeneration = { readonly v: 1; readonly generation: number }
export type Person = { readonly name: string; readonly email?: string }

/** [pkg, 'package'] */
export type PackageDocument = InGeneration & {
  readonly created: string
  readonly maintainers: readonly Person[]
  /** Unpublished whole: everything of this generation is gone from sight, and removed behind. */
  readonly removed?: { readonly at: string; readonly by: string }
}
/** [pkg, 'version', version]: fragments of JSON text that packuments are put together from, as served but for `dist` and its address. */
export type VersionDocument = InGeneration & Fragments & Publication
export type Fragments = {
  /** The manifest as published, without its readme: an object without `dist`. */
  readonly full: string
  /** What installing needs of it. */
  readonly short: string
  /** `dist` without its `tarball`. */
  readonly dist: string
  /** How many documents [pkg, 'version', version, 'part', n] hold the text of `full` and `short`, which are empty then. */
  readonly parts?: number
}
export type Publication = {
  readonly publishedAt: string
  /** Id of the member or service account. */
  readonly publishedBy: string
  readonly sha512: string
  /** Fields in which the manifest is not what the tarball's package.json says, where the repository takes that. */
  readonly disagrees?: readonly string[]
  /** The predicate type of its attestation, where it has one. */
  readonly attested?: string
}
/** [pkg, 'attestation', version]: a Sigstore bundle as its publisher sent it, JSON text. */
export type AttestationDocument = InGeneration & { readonly predicateType: string; readonly bundle: string }
/** [pkg, 'tag', tag]. Not explicit: a `latest` that nobody asked for. */
export type TagDocument = InGeneration & { readonly version: string; readonly explicit: boolean }
/** [pkg, 'readme', version] */
export type ReadmeDocument = InGeneration & { readonly text: string; readonly filename?: string }
/** [pkg, 'star', id of who gave it], and behind the name of who gave it, [/stars/NAME, 'star', id, pkg]. */
export type StarDocument = InGeneration & { readonly name: string }
/** [pkg, 'gone', version]: a version that can never be published again. */
export type TombstoneDocument = { readonly v: 1; readonly at: string; readonly by: string }

export const documentKeys = {
  package: (pkg: string): DocumentKey => [pkg, 'package'],
  versions: (pkg: string): DocumentKey => [pkg, 'version'],
  version: (pkg: string, version: string): DocumentKey => [pkg, 'version', version],
  part: (pkg: string, version: string, index: number): DocumentKey => [
    pkg,
    'version',
    version,
    'part',
    String(index).padStart(2, '0'),
  ],
  tags: (pkg: string): DocumentKey => [pkg, 'tag'],
  tag: (pkg: string, tag: string): DocumentKey => [pkg, 'tag', tag],
  readme: (pkg: string, version: string): DocumentKey => [pkg, 'readme', version],
  stars: (pkg: string): DocumentKey => [pkg, 'star'],
  star: (pkg: string, id: string): DocumentKey => [pkg, 'star', id],
  /** No package is called so. */
  starred: (name: string): DocumentKey => [`/stars/${name}`, 'star'],
  starredBy: (name: string, id: string, pkg: string): DocumentKey => [`/stars/${name}`, 'star', id, pkg],
  attestation: (pkg: string, version: string): DocumentKey => [pkg, 'attestation', version],
  gone: (pkg: string, version: string): DocumentKey => [pkg, 'gone', version],
}

/** A version with its text whole. */
export type StoredVersion = VersionDocument & { readonly version: string }
/** What changes of a package look at; texts are read where they are needed, for there may be thousands. */
export type VersionOutline = Pick<StoredVersion, 'version' | 'publishedAt' | 'sha512'> & {
  readonly parts?: number
  /** '' where it is not. */
  readonly deprecated: string
}
/** A package's documents at one moment; versions and tags of the present generation alone. */
export interface StoredPackage {
  readonly head: PackageHead
  readonly document: PackageDocument
  readonly versions: ReadonlyMap<string, VersionOutline>
  readonly tags: ReadonlyMap<string, TagDocument>
}

/** npm's `_rev`: changed by every commit that touches the package. */
export function revisionOf(pkg: string, sequence: number): string {
  const hash = createHash('sha256').update(`${pkg}\0${sequence}`).digest('hex')
  return `${sequence}-${hash.slice(0, 32)}`
}

/** The document of a package as it stands; undefined where it was never published or is unpublished whole. */
export async function findPackage(pkg: string, documents: DocumentReader): Promise<PackageDocument | undefined> {
  const document = await documents.find(documentKeys.package(pkg))
  const value = valueIn<PackageDocument>(document)
  return value?.removed === undefined ? value : undefined
}

/** One version of a package as it stands. */
export async function findVersion(pkg: string, version: string, documents: DocumentReader): Promise<StoredVersion | undefined> {
  const [found, owner] = await Promise.all([documents.find(documentKeys.version(pkg, version)), findPackage(pkg, documents)])
  const value = valueIn<VersionDocument>(found)
  if (value === undefined || owner === undefined || value.generation !== owner.generation) return undefined
  if (value.parts === undefined) return { ...value, version }
  const parts: string[] = []
  for await (const part of documents.list([...documentKeys.version(pkg, version), 'part'])) parts.push(textOf(part))
  return { ...value, ...joined(parts), version }
}

export async function findTag(
  pkg: string,
  tag: string,
  generation: number,
  documents: DocumentReader,
): Promise<TagDocument | undefined> {
  const found = valueIn<TagDocument>(await documents.find(documentKeys.tag(pkg, tag)))
  return found?.generation === generation ? found : undefined
}

export async function findTags(pkg: string, generation: number, documents: DocumentReader): Promise<Map<string, TagDocument>> {
  const tags = new Map<string, TagDocument>()
  for await (const { key, value } of documents.list(documentKeys.tags(pkg))) {
    const tag = value as TagDocument
    if (tag.generation === generation) tags.set(key[2] ?? '', tag)
  }
  return tags
}

/** What there is of a package; all of it from one moment. */
export async function readPackage(pkg: string, documents: DocumentReader): Promise<StoredPackage | undefined> {
  for (;;) {
    const head = await documents.head(pkg)
    if (head === undefined) return undefined
    const document = await findPackage(pkg, documents)
    const read =
      document === undefined ? undefined : { head, document, ...(await membersOf(pkg, document.generation, documents)) }
    if ((await documents.head(pkg))?.sequence === head.sequence) return read
  }
}

async function membersOf(pkg: string, generation: number, documents: DocumentReader) {
  const versions = new Map<string, VersionOutline>()
  for await (const { version, publishedAt, sha512, parts, ...text } of listVersions(pkg, generation, documents)) {
    const outline = { version, publishedAt, sha512, deprecated: deprecationOf(text) }
    versions.set(version, parts === undefined ? outline : { ...outline, parts })
  }
  return { versions, tags: await findTags(pkg, generation, documents) }
}

/** Every version of a generation in byte order, with its text whole, one at a time. */
export async function* listVersions(pkg: string, generation: number, documents: DocumentReader): AsyncGenerator<StoredVersion> {
  let split: { readonly owner: StoredVersion; readonly texts: string[] } | undefined
  for await (const document of documents.list(documentKeys.versions(pkg))) {
    const [, , version = '', part] = document.key
    // Parts lie right behind what they are parts of.
    if (part !== undefined) {
      if (split?.owner.version === version) split.texts.push(textOf(document))
      continue
    }
    if (split !== undefined) yield { ...split.owner, ...joined(split.texts) }
    split = undefined
    const value = document.value as VersionDocument
    if (value.generation !== generation) continue
    const owner = { ...value, version }
    if (value.parts === undefined) yield owner
    else split = { owner, texts: [] }
  }
  if (split !== undefined) yield { ...split.owner, ...joined(split.texts) }
}

/** A document that is split when it would be larger than a row may be: the first holds everything but the text. */
export function versionDocuments(
  pkg: string,
  { version, ...value }: StoredVersion,
): readonly { key: DocumentKey; value: VersionDocument | PartDocument }[] {
  const { parts: _parts, ...whole } = value
  if (Buffer.byteLength(JSON.stringify(whole)) <= rowBytes) return [{ key: documentKeys.version(pkg, version), value: whole }]
  const parts = cut(`${whole.full}\n${whole.short}`)
  return [
    { key: documentKeys.version(pkg, version), value: { ...whole, full: '', short: '', parts: parts.length } },
    ...parts.map((text, index) => ({ key: documentKeys.part(pkg, version, index), value: { v: 1 as const, text } })),
  ]
}
/** The keys under which a version lies. */
export function versionKeys(pkg: string, { version, parts = 0 }: { version: string; parts?: number }): readonly DocumentKey[] {
  return [
    documentKeys.version(pkg, version),
    ...Array.from({ length: parts }, (_, index) => documentKeys.part(pkg, version, index)),
  ]
}

export type PartDocument = { readonly v: 1; readonly text: string }
/** Below the 256 KiB of a row, with room for what stands around. */
const rowBytes = 200 * 1024

/** Pieces whose JSON text fits a row. */
function cut(text: string): string[] {
  const pieces: string[] = []
  let start = 0
  while (start < text.length) {
    let end = Math.min(start + rowBytes, text.length)
    while (Buffer.byteLength(JSON.stringify(text.slice(start, end))) > rowBytes) end = start + Math.ceil((end - start) / 2)
    // A pair of surrogates stays together: half of one is not text.
    if (/[\ud800-\udbff]/.test(text.charAt(end - 1)) && end < text.length) end -= 1
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}
/** JSON text as it is written here holds no line break of its own. */
function joined(parts: readonly string[]): { full: string; short: string } {
  const [full = '', short = ''] = parts.join('').split('\n')
  return { full, short }
}
function textOf(part: Document): string {
  return (part.value as PartDocument).text
}
function valueIn<Value>(document: Document | undefined): Value | undefined {
  return document?.value as Value | undefined
}
