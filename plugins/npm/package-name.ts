import semver from 'semver'
import { invalid } from '#core'

/** Bytes of a name, and of a version. */
const limits = { name: 214, version: 128, tag: 214 } as const
const reserved = new Set(['node_modules', 'favicon.ico'])

/** What follows the scope: 'ui' of '@acme/ui'. */
export function baseName(pkg: string): string {
  return pkg.slice(pkg.indexOf('/') + 1)
}
export function scopeOf(pkg: string): string | undefined {
  return pkg.startsWith('@') && pkg.includes('/') ? pkg.slice(1, pkg.indexOf('/')) : undefined
}
/** The one conventional name of a version's file (npm dossier 4.1). */
export function tarballName(pkg: string, version: string): string {
  return `${baseName(pkg)}-${version}.tgz`
}
/** Within the repository; `packageOf` is its inverse. */
export function tarballPath(pkg: string, version: string): string {
  return `${pkg}/-/${tarballName(pkg, version)}`
}
export function packageOfPath(path: string): string {
  const cut = path.indexOf('/-/')
  return cut < 0 ? path : path.slice(0, cut)
}
/** The version that a file of this name would belong to; whether there is one, its document says. */
export function versionOfTarball(pkg: string, file: string): string | undefined {
  const start = `${baseName(pkg)}-`
  return file.startsWith(start) && file.endsWith('.tgz') ? file.slice(start.length, -'.tgz'.length) : undefined
}

/** A name as somebody may ask for it: all that public registries ever took (npm dossier 2.3). Throws `invalid`. */
export function checkName(name: string): string {
  if (name === '' || Buffer.byteLength(name) > limits.name) throw invalid(`a package name has 1 to ${limits.name} characters`)
  if (/[\x00-\x20\x7f]/.test(name)) throw invalid('a package name has no spaces or control characters')
  if (name.startsWith('.')) throw invalid(`invalid package name ${quoted(name)}: it begins with a dot`)
  if (name.startsWith('_')) throw invalid(`invalid package name ${quoted(name)}: it begins with an underscore`)
  if (name.lastIndexOf('@') > 0) throw invalid(`invalid package name ${quoted(name)}: '@' stands at the beginning alone`)
  const parts = name.split('/')
  const scoped = name.startsWith('@')
  if (parts.length !== (scoped ? 2 : 1) || parts.includes('') || parts[0] === '@')
    throw invalid(`invalid package name ${quoted(name)}: a scope and a name are written '@scope/name'`)
  if (reserved.has(name.toLowerCase())) throw invalid(`the package name ${quoted(name)} is reserved`)
  return name
}

/** A name under which something new may be published here: lower case and safe in an address besides. Throws `invalid`. */
export function checkNewName(name: string): string {
  checkName(name)
  if (name === '-') throw invalid(`the package name ${quoted(name)} is reserved: what lies below it is the registry's own`)
  if (name !== name.toLowerCase()) throw invalid(`invalid package name ${quoted(name)}: new packages are named in lower case`)
  for (const part of name.replace(/^@/, '').split('/')) {
    if (encodeURIComponent(part) !== part) throw invalid(`invalid package name ${quoted(name)}: it is not safe in an address`)
    if (part.startsWith('.')) throw invalid(`invalid package name ${quoted(name)}: it begins with a dot`)
  }
  return name
}

/** Strict SemVer 2.0 without a leading 'v' or build metadata. Throws `invalid`. */
export function checkVersion(version: string): string {
  const parsed = version.length > limits.version ? null : semver.parse(version)
  if (parsed === null) throw invalid(`invalid version ${quoted(version.slice(0, limits.version))}: it is not SemVer 2.0`)
  if (parsed.build.length > 0) throw invalid(`invalid version ${quoted(version)}: build metadata ('+…') cannot be published`)
  if (parsed.version !== version) throw invalid(`invalid version ${quoted(version)}: it is written ${quoted(parsed.version)}`)
  return version
}

/** A tag can be told from a version range. Throws `invalid`. */
export function checkTag(tag: string): string {
  if (tag === '' || Buffer.byteLength(tag) > limits.tag) throw invalid(`a dist-tag has 1 to ${limits.tag} characters`)
  if (/[\x00-\x1f\x7f]/.test(tag)) throw invalid('a dist-tag has no control characters')
  if (/[\ud800-\udfff]/u.test(tag)) throw invalid('a dist-tag is Unicode text')
  if (semver.validRange(tag) !== null) throw invalid(`the dist-tag ${quoted(tag)} would be read as a version range`)
  return tag
}

/** The highest of these that is no prerelease, else the highest; undefined of none. */
export function highestVersion(versions: Iterable<string>): string | undefined {
  const sorted = [...versions].sort(semver.rcompare)
  return sorted.find((version) => semver.prerelease(version) === null) ?? sorted[0]
}

export function quoted(text: string): string {
  return JSON.stringify(text)
}
