import { type Json, type JsonObject, type PackageFacts, type Signature, tooLarge } from '#core'
import type { Fragments, Person } from './package-documents.js'

/** What a version says about itself: package.json, as the publisher's client completed it. */
export type Manifest = { readonly [field: string]: Json } & { readonly name: string; readonly version: string }

/** What the house knows of a version and the publisher does not decide. */
export interface Provenance {
  readonly publisher: Person
  readonly maintainers: readonly Person[]
  readonly sha1: string
  readonly sha512: string
  readonly fileCount: number
  readonly unpackedSize: number
  readonly hasShrinkwrap: boolean
  /** A binding.gyp at the root is built on installing. */
  readonly hasGyp: boolean
  /** Of the registry; absent where nothing is signed. */
  readonly signature?: Signature | undefined
}

/** Bytes of a manifest without its readme. Escaped, and with what installing needs of it beside it, it still fits into one commit. */
export const manifestLimit = 512 * 1024

/** Computed here, whatever the publisher sent (npm dossier 4), or kept elsewhere. */
const replaced = new Set(['dist', '_id', '_npmUser', 'maintainers', '_hasShrinkwrap', 'readme', 'readmeFilename', 'deprecated'])
/** What the abbreviated packument keeps of a version (npm dossier 5). */
const abbreviated = [
  'name',
  'version',
  'deprecated',
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'bundleDependencies',
  'bundledDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'acceptDependencies',
  'bin',
  'directories',
  'engines',
  'cpu',
  'os',
  'libc',
  'funding',
  '_hasShrinkwrap',
] as const
/** What a packument repeats of its latest version. */
const topFields = ['description', 'homepage', 'keywords', 'repository', 'contributors', 'author', 'bugs', 'license'] as const

/** A version's text as packuments will carry it. Throws `too-large`. */
export function fragmentsOf(manifest: Manifest, { publisher, maintainers, ...known }: Provenance): Fragments {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([field]) => !replaced.has(field)))
  const { deprecated } = manifest
  const full = {
    ...kept,
    _id: `${manifest.name}@${manifest.version}`,
    _npmUser: withEmail(publisher),
    maintainers: maintainers.map(withEmail),
    _hasShrinkwrap: known.hasShrinkwrap,
    ...(typeof deprecated === 'string' && deprecated !== '' ? { deprecated } : {}),
  }
  const text = JSON.stringify(full)
  if (Buffer.byteLength(text) > manifestLimit) throw tooLarge(`the manifest is larger than ${manifestLimit} bytes`)
  const short = { ...pick(full, abbreviated), ...(runsOnInstall(manifest, known.hasGyp) ? { hasInstallScript: true } : {}) }
  const dist = {
    shasum: known.sha1,
    integrity: `sha512-${Buffer.from(known.sha512, 'hex').toString('base64')}`,
    fileCount: known.fileCount,
    unpackedSize: known.unpackedSize,
    ...(known.signature === undefined ? {} : { signatures: [known.signature] }),
  }
  return { full: text, short: JSON.stringify(short), dist: JSON.stringify(dist) }
}

/** npm shows `<undefined>` behind a name without one. */
export function withEmail({ name, email = '' }: Person): Required<Person> {
  return { name, email }
}

/** The same version with its deprecation set, or removed by ''. */
export function deprecate({ full, short, dist }: Fragments, message: string): Fragments {
  const changed = (text: string) => {
    const { deprecated: _before, ...rest } = JSON.parse(text) as JsonObject
    return JSON.stringify(message === '' ? rest : { ...rest, deprecated: message })
  }
  return { full: changed(full), short: changed(short), dist }
}
export function deprecationOf({ short }: Pick<Fragments, 'short'>): string {
  if (!short.includes('"deprecated"')) return ''
  const { deprecated } = JSON.parse(short) as JsonObject
  return typeof deprecated === 'string' ? deprecated : ''
}

/** One version as it is served, by concatenation alone. */
export function servedVersion(text: string, dist: string, tarball: string, attestations = ''): string {
  return `${text.slice(0, -1)},"dist":{"tarball":${JSON.stringify(tarball)},${attestations}${dist.slice(1)}}`
}
/** The member of `dist` that leads to a version's attestations, with a comma behind it; '' where it has none. */
export function attestationsMember(base: string, pkg: string, version: string, attested: string | undefined): string {
  if (attested === undefined) return ''
  const url = `${base}-/npm/v1/attestations/${pkg.replace('/', '%2f')}@${version}`
  return `"attestations":${JSON.stringify({ url, provenance: { predicateType: attested } })},`
}

/** Members of a packument, as JSON text without braces, that repeat its latest version. */
export function topMembers(full: string): string {
  return JSON.stringify(pick(JSON.parse(full) as JsonObject, topFields)).slice(1, -1)
}

/** What search and lists show of a package whose latest version this is: cut to what a list of names can bear. */
export function factsOf(full: string, publishedAt: string): PackageFacts {
  const manifest = JSON.parse(full) as Manifest & { readonly _npmUser?: JsonObject; readonly maintainers?: Json }
  const { name, version, description, license, homepage, keywords, author, repository, bugs } = manifest
  return {
    name,
    version,
    latest: version,
    date: publishedAt,
    ...(typeof description === 'string' ? { description: description.slice(0, 500) } : {}),
    ...(typeof license === 'string' ? { license: license.slice(0, 100) } : {}),
    ...(typeof homepage === 'string' ? { homepage: homepage.slice(0, 500) } : {}),
    ...(Array.isArray(keywords)
      ? {
          keywords: keywords
            .filter(isText)
            .slice(0, 32)
            .map((word) => word.slice(0, 64)),
        }
      : {}),
    ...(addressIn(repository) === undefined ? {} : { repository: addressIn(repository) as string }),
    ...(addressIn(bugs) === undefined ? {} : { bugs: addressIn(bugs) as string }),
    ...(nameIn(author) === undefined ? {} : { author: nameIn(author) as string }),
    publisher: nameIn(manifest['_npmUser'] ?? null) ?? '',
    maintainers: (Array.isArray(manifest.maintainers) ? manifest.maintainers : [])
      .map((person) => nameIn(person) ?? '')
      .slice(0, 32),
  }
}

function runsOnInstall({ scripts }: Manifest, hasGyp: boolean): boolean {
  const has = (script: string) => isObject(scripts) && isText(scripts[script]) && scripts[script] !== ''
  return hasGyp || has('preinstall') || has('install') || has('postinstall')
}
function pick(manifest: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.flatMap((field) => (Object.hasOwn(manifest, field) ? [[field, manifest[field] as Json]] : [])))
}
function nameIn(person: Json | undefined): string | undefined {
  // "Anna Example <anna@example.com> (https://example.com)"
  if (isText(person)) return person.split(/[<(]/, 1)[0]?.trim().slice(0, 200)
  return isObject(person) && isText(person['name']) ? person['name'].slice(0, 200) : undefined
}
function addressIn(place: Json | undefined): string | undefined {
  if (isText(place)) return place.slice(0, 500)
  return isObject(place) && isText(place['url']) ? place['url'].slice(0, 500) : undefined
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}
export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
