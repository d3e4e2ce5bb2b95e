import { invalid, type Json, type StagedBlob, unprocessable } from '#core'
import { isObject, isText, type Manifest } from './manifest.js'
import type { Person } from './package-documents.js'
import { baseName, checkNewName, checkTag, checkVersion, quoted } from './package-name.js'

/** A new version with its file. */
export interface Publish {
  readonly kind: 'publish'
  readonly manifest: Manifest
  /** Those of the body that name this version; 'latest' where it names none. */
  readonly tags: readonly string[]
  readonly readme: string | undefined
  readonly readmeFilename: string | undefined
  readonly tarball: StagedBlob
  /** A Sigstore bundle, JSON text. */
  readonly provenance: string | undefined
}
/** What a metadata PUT can say; which of it is meant depends on what is stored, too (npm dossier 10). */
export interface Rewrite {
  readonly kind: 'rewrite'
  /** Deprecation by version: '' where the body has none. Undefined: the body has no versions. */
  readonly versions: ReadonlyMap<string, string> | undefined
  readonly tags: ReadonlyMap<string, string>
  readonly maintainers: readonly Person[] | undefined
  /** Names of those who have starred it. Undefined: the body does not say. */
  readonly stars: ReadonlySet<string> | undefined
}
interface Attachment {
  readonly path: readonly string[]
  readonly blob: StagedBlob
}

const tagsAtMost = 20
const deprecationLimit = 4_096

/** Picks the one tarball out of a body as it streams by: data of an attachment whose name ends in .tgz. Throws `invalid` on a second. */
export function oneTarball(): (path: readonly string[]) => boolean {
  let first: string | undefined
  return ([top, name, member, ...deeper]) => {
    if (top !== '_attachments' || member !== 'data' || deeper.length > 0 || name === undefined || !name.endsWith('.tgz'))
      return false
    first ??= name
    if (name !== first) throw invalid('a publish carries exactly one tarball')
    return true
  }
}

/** What a PUT of a package means. Throws `invalid` where it contradicts itself or the address (npm dossier 9.3, steps 3 to 5). */
export function readPackageDocument(pkg: string, body: unknown, blobs: readonly Attachment[]): Publish | Rewrite {
  if (!isObject(body)) throw invalid('the body is not a JSON object')
  for (const field of ['name', '_id']) {
    if (body[field] !== undefined && body[field] !== pkg)
      throw invalid(`the body's ${field} is not the package of the address: ${quoted(pkg)}`)
  }
  const attachments = body['_attachments'] ?? {}
  if (!isObject(attachments)) throw invalid('_attachments is not an object')
  const names = Object.keys(attachments)
  if (names.some((name) => name.endsWith('.tgz'))) return publishOf(pkg, body, attachments, blobs)
  if (names.length > 0) throw invalid('a publish carries exactly one tarball')
  return {
    kind: 'rewrite',
    versions: versionsOf(body['versions']),
    tags: tagsOf(body['dist-tags']),
    maintainers: maintainersOf(body['maintainers']),
    stars: starsOf(body['users']),
  }
}

function publishOf(
  pkg: string,
  body: { readonly [key: string]: Json },
  attachments: { readonly [key: string]: Json },
  blobs: readonly Attachment[],
): Publish {
  checkNewName(pkg)
  const [name = '', ...others] = Object.keys(attachments).sort((a, b) => Number(b.endsWith('.tgz')) - Number(a.endsWith('.tgz')))
  const [provenance, ...strangers] = others
  const [blob, second] = blobs
  if (provenance?.endsWith('.sigstore') === false || strangers.length > 0 || blob === undefined || second !== undefined)
    throw invalid('a publish carries exactly one tarball')
  const versions = isObject(body['versions']) ? body['versions'] : {}
  const version = Object.keys(versions).find((each) => name === `${pkg}-${each}.tgz` || name === `${baseName(pkg)}-${each}.tgz`)
  if (version === undefined) throw invalid(`the attachment ${quoted(name.slice(0, 300))} belongs to no version of the body`)
  checkVersion(version)
  if (provenance !== undefined && provenance !== `${pkg}-${version}.sigstore`)
    throw invalid(`the attachment ${quoted(provenance.slice(0, 300))} is neither the tarball nor its provenance`)
  const manifest = versions[version]
  if (!isObject(manifest)) throw invalid(`version ${quoted(version)} is not an object`)
  if (manifest['name'] !== pkg) throw invalid(`the manifest's name is not the package of the address: ${quoted(pkg)}`)
  if (manifest['version'] !== version) throw invalid(`the manifest's version is not the version of the body: ${quoted(version)}`)
  checkDeprecation(manifest['deprecated'])
  checkTarball(attachments[name], manifest['dist'], blob.blob)
  const tags = [...tagsOf(body['dist-tags'])].filter(([, target]) => target === version).map(([tag]) => checkTag(tag))
  if (tags.length > tagsAtMost) throw invalid(`a publish sets at most ${tagsAtMost} dist-tags`)
  return {
    kind: 'publish',
    manifest: manifest as Manifest,
    tags: tags.length === 0 ? ['latest'] : tags,
    readme: textIn(manifest['readme']) ?? textIn(body['readme']),
    readmeFilename: textIn(manifest['readmeFilename']) ?? textIn(body['readmeFilename']),
    tarball: blob.blob,
    provenance: provenance === undefined ? undefined : bundleIn(attachments[provenance]),
  }
}

/** It is text, unlike the tarball, and its length counts characters. */
function bundleIn(attachment: Json | undefined): string {
  const { data, length } = isObject(attachment) ? attachment : {}
  if (!isText(data)) throw invalid('the provenance is not text')
  if (length !== undefined && length !== data.length && length !== Buffer.byteLength(data))
    throw invalid(`the provenance has ${data.length} characters, its length says ${JSON.stringify(length).slice(0, 20)}`)
  return data
}

/** What arrived is what was promised: its length, its digests (npm dossier 9.3, step 5). */
function checkTarball(attachment: Json | undefined, dist: Json | undefined, { size, digests }: StagedBlob): void {
  const length = isObject(attachment) ? attachment['length'] : undefined
  if (length !== undefined && length !== size)
    throw invalid(`the attachment has ${size} bytes, its length says ${JSON.stringify(length).slice(0, 20)}`)
  if (!isObject(dist)) return
  const { integrity, shasum } = dist
  const differs = (algorithm: string, expected: string, actual: string | undefined) => {
    if (expected !== actual)
      throw unprocessable(`the tarball's ${algorithm} is not the one of the manifest`, {
        detail: { algorithm, expected, actual: actual ?? '' },
      })
  }
  if (isText(shasum) && shasum !== '') differs('sha1', shasum.toLowerCase(), digests.sha1)
  for (const promise of isText(integrity) ? integrity.split(/\s+/) : []) {
    const [, algorithm, base64 = ''] = /^(sha1|sha256|sha512)-([^?]*)/.exec(promise) ?? []
    if (algorithm === undefined) continue
    differs(algorithm, Buffer.from(base64, 'base64').toString('hex'), digests[algorithm as 'sha1' | 'sha256' | 'sha512'])
  }
}

function versionsOf(versions: Json | undefined): Map<string, string> | undefined {
  if (versions === undefined) return undefined
  if (!isObject(versions)) throw invalid('versions is not an object')
  return new Map(
    Object.entries(versions).map(([version, manifest]) => {
      const deprecated = isObject(manifest) ? manifest['deprecated'] : undefined
      return [version, checkDeprecation(deprecated)]
    }),
  )
}
function checkDeprecation(message: Json | undefined): string {
  if (!isText(message)) return ''
  if (message.length > deprecationLimit) throw invalid(`a deprecation has at most ${deprecationLimit} characters`)
  return message
}
function tagsOf(tags: Json | undefined): Map<string, string> {
  if (tags === undefined || tags === null) return new Map()
  if (!isObject(tags)) throw invalid('dist-tags is not an object')
  return new Map(Object.entries(tags).filter((entry): entry is [string, string] => isText(entry[1])))
}
function maintainersOf(people: Json | undefined): Person[] | undefined {
  if (people === undefined) return undefined
  if (!Array.isArray(people)) throw invalid('maintainers is not a list')
  return (people as readonly Json[]).map((person) => {
    const { name, email } = isObject(person) ? person : {}
    if (!isText(name) || name === '' || name.length > 255) throw invalid('a maintainer is an object with a name')
    return { name, ...(isText(email) && email !== '' ? { email: email.slice(0, 320) } : {}) }
  })
}
function starsOf(users: Json | undefined): Set<string> | undefined {
  if (users === undefined || users === null) return undefined
  if (!isObject(users)) throw invalid('users is not an object')
  return new Set(Object.keys(users).filter((name) => users[name] === true))
}
function textIn(value: Json | undefined): string | undefined {
  return isText(value) && value !== '' ? value : undefined
}
