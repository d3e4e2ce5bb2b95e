import { fileNamePrefix, isProjectName, normalizeName } from './project-name.js'
import { normalVersion, parseVersion, type Version, versionKey } from './version.js'

export type FileType = 'bdist_wheel' | 'sdist'

/** A file name taken apart: whose it is, and what it is for. */
export type DistributionFile = Wheel | SourceDistribution
interface NamedFile {
  readonly filename: string
  /** As the file name spells it. */
  readonly name: string
  /** Normalized. */
  readonly project: string
  readonly version: Version
}
export interface Wheel extends NamedFile {
  readonly type: 'bdist_wheel'
  readonly build?: string
  readonly python: readonly string[]
  readonly abi: readonly string[]
  readonly platform: readonly string[]
}
export interface SourceDistribution extends NamedFile {
  readonly type: 'sdist'
  readonly extension: '.tar.gz' | '.zip'
}

/** Why a file name is none; `message` is the client's to read. */
export interface Malformed {
  readonly message: string
}

/** Suffix of the address under which a wheel's METADATA stands beside it (PEP 658). */
export const metadataSuffix = '.metadata'

/** Suffix of what its publisher attested of a file (PEP 740), in the store alone. */
export const provenanceSuffix = '.provenance'

/** All that may stand beside a file. */
export const sidecarSuffixes = [metadataSuffix, provenanceSuffix] as const

/** Bytes of a file name, and of a path segment: with its suffix, a sidecar's name has to fit too. */
export const longestFilename = 255

/** Reads a file name by its extension; undefined where it is no distribution of ours. Takes whatever is well formed, strange platforms too. */
export function parseFilename(filename: string): DistributionFile | undefined {
  if (filename.length > longestFilename) return undefined
  if (filename.endsWith('.whl')) return parseWheel(filename)
  for (const extension of ['.tar.gz', '.zip'] as const) if (filename.endsWith(extension)) return parseSource(filename, extension)
  return undefined
}

/** `{name}-{version}(-{build})?-{python}-{abi}-{platform}.whl`; the version is not unescaped: '_' in it is a local separator or a fault. */
function parseWheel(filename: string): Wheel | undefined {
  const parts = filename.slice(0, -'.whl'.length).split('-')
  if (parts.length !== 5 && parts.length !== 6) return undefined
  const [name = '', versionText = ''] = parts
  const build = parts.length === 6 ? parts[2] : undefined
  const [python, abi, platform] = parts.slice(-3).map(parseTags)
  const version = parseVersion(versionText)
  if (!isProjectName(name) || name.includes('__') || !version || !python || !abi || !platform) return undefined
  if (build !== undefined && !/^[0-9]+[A-Za-z0-9_.]*$/.test(build)) return undefined
  const named = { type: 'bdist_wheel', filename, name, project: normalizeName(name), version, python, abi, platform } as const
  return build === undefined ? named : { ...named, build }
}

/** Split at the last '-': older names carry hyphens of their own. */
function parseSource(filename: string, extension: '.tar.gz' | '.zip'): SourceDistribution | undefined {
  const stem = filename.slice(0, -extension.length)
  const cut = stem.lastIndexOf('-')
  if (cut < 1) return undefined
  const name = stem.slice(0, cut)
  const version = parseVersion(stem.slice(cut + 1))
  if (!isProjectName(name) || !version) return undefined
  return { type: 'sdist', filename, name, project: normalizeName(name), version, extension }
}

/** A set of tags joined by '.'; sorted, each once. Undefined where one is malformed. */
function parseTags(text: string): readonly string[] | undefined {
  const tags = text.split('.')
  return tags.every((tag) => /^[A-Za-z0-9_]+$/.test(tag)) ? [...new Set(tags.map((tag) => tag.toLowerCase()))].sort() : undefined
}

/** What makes two files the same one within a project (PyPI dossier 2.5): the product of three tag sets is told apart by the sets themselves.
 *  All source distributions of a release share one key: there is one of them. */
export function uniqueKey(file: DistributionFile): readonly [version: string, rest: string] {
  if (file.type === 'sdist') return [versionKey(file.version), 'sdist']
  const tags = [file.python, file.abi, file.platform].map((set) => set.join('.')).join('-')
  return [versionKey(file.version), `wheel ${buildKey(file.build)} ${tags}`]
}

/** What the form's `pyversion` says; derived here, since not every client sends it. */
export function pythonTag(file: DistributionFile): string {
  return file.type === 'sdist' ? 'source' : file.python.join('.')
}

/** A file name that may be uploaded under `name` and `version` of the form, or why not. `type` is the form's `filetype`. */
export function checkFilename(filename: string, type: FileType, name: string, version: Version): DistributionFile | Malformed {
  const project = normalizeName(name)
  const plain = checkCharacters(filename)
  if (plain) return plain
  if (type === 'bdist_wheel' ? !filename.endsWith('.whl') : !/\.(?:tar\.gz|zip)$/.test(filename)) {
    return malformed(`Invalid file extension: Use ${type === 'sdist' ? '.tar.gz or .zip' : '.whl'} for a file of type '${type}'.`)
  }
  const file = parseFilename(filename)
  if (!file) return malformed(describeFault(filename))
  if (file.project !== project) {
    const prefix = fileNamePrefix(project)
    const rest = filename.slice(0, filename.length - (file.type === 'sdist' ? file.extension.length : 0))
    const postRelease = /^(.+)-([^-]+)-([0-9]+)$/.exec(rest)
    if (
      file.type === 'sdist' &&
      postRelease &&
      normalizeIfName(postRelease[1]) === project &&
      parseVersion(postRelease[2] ?? '')
    ) {
      return malformed(
        `Filename '${filename}' is invalid, should be '${postRelease[1]}-${postRelease[2]}.post${postRelease[3]}${file.extension}'.`,
      )
    }
    return malformed(`Start filename for '${project}' with '${prefix}'.`)
  }
  if (versionKey(file.version) !== versionKey(version)) {
    return malformed(`Version in filename should be '${normalVersion(version)}' not '${normalVersion(file.version)}'.`)
  }
  return file
}

function checkCharacters(filename: string): Malformed | undefined {
  if (/[/\\]/.test(filename)) return malformed("Cannot upload a file with '/' or '\\' in the name.")
  if (/[\x00-\x1f\x7f-\x9f]/.test(filename)) return malformed('Cannot upload a file with a control character in the name.')
  if (Buffer.byteLength(filename) > longestFilename) return malformed('Filename is too long: 255 bytes at most.')
  if (/^[A-Za-z0-9][A-Za-z0-9._+!-]*$/.test(filename)) return undefined
  return malformed(`Filename '${filename}' is invalid: use ASCII letters, digits and '.', '_', '+', '!', '-' alone.`)
}

function describeFault(filename: string): string {
  const corrected = filename.endsWith('.whl') ? correctedWheel(filename) : undefined
  return corrected ? `Filename '${filename}' is invalid, should be '${corrected}'.` : `Filename '${filename}' is invalid.`
}

/** Old tools wrote '_' for the '+' of a local version, or for the '-' of a post release. */
function correctedWheel(filename: string): string | undefined {
  const [name = '', version = '', ...tags] = filename.split('-')
  for (const [from, to] of [
    ['_', '+'],
    ['_', '-'],
  ] as const) {
    const parsed = parseVersion(version.replace(from, to))
    const corrected = parsed && [name, normalVersion(parsed), ...tags].join('-')
    if (version.includes(from) && corrected && parseWheel(corrected)) return corrected
  }
  return undefined
}

/** (number, rest): '01' and '1' are one build. */
function buildKey(build: string | undefined): string {
  const match = /^0*([0-9]+)(.*)$/.exec(build ?? '')
  return match ? `${match[1]}${match[2]}` : ''
}

function normalizeIfName(text: string | undefined): string | undefined {
  return text !== undefined && isProjectName(text) ? normalizeName(text) : undefined
}

function malformed(message: string): Malformed {
  return { message }
}
