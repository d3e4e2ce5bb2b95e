/** Paths of a Maven repository to what they mean, and back (maven dossier 1). Pure; the kernel's path grammar has been before. */

export const checksumAlgorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]
export const metadataName = 'maven-metadata.xml'
export const catalogName = 'archetype-catalog.xml'

/** Where a file lies: group, artifact and base version, and the two folders that are packages of this house. */
export interface VersionFolder {
  readonly groupId: string
  readonly artifactId: string
  readonly baseVersion: string
  readonly snapshot: boolean
  /** 'org/demo/lib' */
  readonly artifactFolder: string
  /** 'org/demo/lib/1.0' */
  readonly versionFolder: string
}

/** `build`: 'release'; of a snapshot 'literal' (its name says -SNAPSHOT) or '20260131.235959-3'. */
export interface ArtifactFile {
  readonly kind: 'artifact'
  readonly folder: VersionFolder
  readonly name: string
  readonly build: string
  /** As it stands in the name: the base version, or with the timestamp. */
  readonly version: string
  readonly classifier: string
  /** 'jar', 'tar.gz', 'jar.asc'. */
  readonly extension: string
  /** The file that this one signs, where it is a signature. */
  readonly signatureOf?: string
  /** A signature of a checksum file: kept, never listed. */
  readonly opaque: boolean
}
export type MavenPath =
  | ArtifactFile
  /** `folder` is '' for the root. */
  | { readonly kind: 'metadata'; readonly folder: string }
  | { readonly kind: 'checksum'; readonly algorithm: ChecksumAlgorithm; readonly target: string; readonly of: MavenPath }
  /** archetype-catalog.xml, made by the server. */
  | { readonly kind: 'catalog' }
  /** .index/…, .meta/…: made by a server or absent, never uploaded. */
  | { readonly kind: 'well-known' }
  /** Nothing that the layout knows; `folder` where it lies in a version's folder. */
  | { readonly kind: 'other'; readonly folder?: VersionFolder }

const signatureSuffixes = ['.asc', '.sigstore.json', '.sigstore', '.sig'] as const
/** Extensions with a dot in them, where a classifier stands before: the longest that fits wins. */
const compoundExtensions = ['tar.gz', 'tar.bz2', 'tar.xz', 'tar.zst', 'tar.lz', 'tar.Z', 'cpio.gz', 'nk.os'] as const
const uniqueBuild = /^(\d{8}\.\d{6})-(\d{1,9})(?=[-.])/

export function parseMavenPath(path: string): MavenPath {
  const cut = path.lastIndexOf('/')
  const directory = cut < 0 ? '' : path.slice(0, cut)
  const name = path.slice(cut + 1)
  const algorithm = checksumAlgorithms.find((known) => name.length > known.length + 1 && name.endsWith(`.${known}`))
  if (algorithm !== undefined) {
    const target = path.slice(0, -algorithm.length - 1)
    return { kind: 'checksum', algorithm, target, of: parseMavenPath(target) }
  }
  if (name === metadataName) return { kind: 'metadata', folder: directory }
  if (path === catalogName) return { kind: 'catalog' }
  if (/^\.(?:index|meta)(?:\/|$)/.test(path)) return { kind: 'well-known' }
  const folder = parseVersionFolder(directory)
  return folder === undefined ? { kind: 'other' } : (parseFile(folder, name) ?? { kind: 'other', folder })
}

/** G…/A/B, at least three segments. */
export function parseVersionFolder(path: string): VersionFolder | undefined {
  const segments = path.split('/')
  const baseVersion = segments.at(-1)
  const artifactId = segments.at(-2)
  if (segments.length < 3 || baseVersion === undefined || artifactId === undefined) return undefined
  return {
    groupId: segments.slice(0, -2).join('.'),
    artifactId,
    baseVersion,
    snapshot: isSnapshotVersion(baseVersion),
    artifactFolder: segments.slice(0, -1).join('/'),
    versionFolder: path,
  }
}

/** By exact case: what only looks like a snapshot is a release to half of the clients. */
export function isSnapshotVersion(baseVersion: string): boolean {
  return baseVersion === 'SNAPSHOT' || baseVersion.endsWith('-SNAPSHOT')
}

/** The folder whose group, artifact and version own a path: an artifact's, else the folder itself. */
export function owningFolder(path: string): string {
  const parsed = parseMavenPath(path)
  const meant = parsed.kind === 'checksum' ? parsed.of : parsed
  if (meant.kind === 'artifact') return meant.folder.artifactFolder
  const cut = path.lastIndexOf('/')
  const directory = cut < 0 ? '' : path.slice(0, cut)
  if (meant.kind === 'metadata') {
    const version = parseVersionFolder(directory)
    return version?.snapshot ? version.artifactFolder : directory
  }
  return meant.kind === 'other' && meant.folder !== undefined ? meant.folder.artifactFolder : directory
}

/** Timestamp and number of a unique build; undefined for 'release' and 'literal'. */
export function uniqueBuildOf(build: string): { readonly timestamp: string; readonly number: number } | undefined {
  const match = /^(\d{8}\.\d{6})-(\d{1,9})$/.exec(build)
  return match?.[1] === undefined ? undefined : { timestamp: match[1], number: Number(match[2]) }
}

/** '1.1-SNAPSHOT' and '20260131.235959-3' make '1.1-20260131.235959-3'. */
export function versionOfBuild(folder: VersionFolder, build: string): string {
  return uniqueBuildOf(build) === undefined ? folder.baseVersion : folder.baseVersion.slice(0, -'SNAPSHOT'.length) + build
}

export function fileName(folder: VersionFolder, build: string, classifier: string, extension: string): string {
  return `${folder.artifactId}-${versionOfBuild(folder, build)}${classifier === '' ? '' : `-${classifier}`}.${extension}`
}

export function coordinates(folder: VersionFolder): string {
  return `${folder.groupId}:${folder.artifactId}:${folder.baseVersion}`
}

function parseFile(folder: VersionFolder, name: string): ArtifactFile | undefined {
  const located = locate(folder, name)
  if (located === undefined) return undefined
  const suffix = signatureSuffixes.find((known) => name.length > known.length && name.endsWith(known)) ?? ''
  const signed = name.slice(0, name.length - suffix.length)
  const opaque = suffix !== '' && checksumAlgorithms.some((known) => signed.endsWith(`.${known}`))
  const tail = splitTail(located.tail.slice(0, located.tail.length - suffix.length))
  if (tail === undefined) return undefined
  return {
    kind: 'artifact',
    folder,
    name,
    build: located.build,
    version: versionOfBuild(folder, located.build),
    classifier: tail.classifier,
    extension: tail.extension + suffix,
    ...(suffix === '' ? {} : { signatureOf: signed }),
    opaque,
  }
}

/** Which build a name belongs to, and what follows its version. */
function locate(folder: VersionFolder, name: string): { readonly build: string; readonly tail: string } | undefined {
  const literal = `${folder.artifactId}-${folder.baseVersion}`
  const next = name[literal.length]
  if (name.startsWith(literal) && (next === '-' || next === '.'))
    return { build: folder.snapshot ? 'literal' : 'release', tail: name.slice(literal.length) }
  if (!folder.snapshot) return undefined
  const stem = `${folder.artifactId}-${folder.baseVersion.slice(0, -'SNAPSHOT'.length)}`
  const match = name.startsWith(stem) ? uniqueBuild.exec(name.slice(stem.length)) : null
  return match === null ? undefined : { build: match[0], tail: name.slice(stem.length + match[0].length) }
}

function splitTail(tail: string): { readonly classifier: string; readonly extension: string } | undefined {
  if (tail.startsWith('.')) return tail.length > 1 ? { classifier: '', extension: tail.slice(1) } : undefined
  const rest = tail.slice(1)
  const compound = compoundExtensions.find((known) => rest.endsWith(`.${known}`))
  const cut = compound === undefined ? rest.lastIndexOf('.') : rest.length - compound.length - 1
  const classifier = rest.slice(0, Math.max(cut, 0))
  const extension = rest.slice(cut + 1)
  return cut < 1 || classifier === '' || extension === '' ? undefined : { classifier, extension }
}
