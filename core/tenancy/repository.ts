import { conflict, invalid, type RegistryError } from '../errors/registry-error.js'

export type RepositoryKind = 'hosted' | 'proxy' | 'group'
/** Of Maven: which versions it takes. */
export type VersionPolicy = 'release' | 'snapshot' | 'mixed'

/** What is off unless said otherwise. */
export interface RepositorySwitches {
  /** Of raw: collections can be made, moved and asked for by WebDAV's methods. */
  readonly webdav?: boolean
  /** Of raw: new names are such as every operating system can keep. */
  readonly portableNames?: boolean
  /** Of raw: a folder with an `index.html` shows that in place of its listing. */
  readonly indexPages?: boolean
  /** Of raw: a `.sha256` file and its kin are held against the file that they speak of. */
  readonly verifySidecars?: boolean
}
export const repositorySwitches = [
  'webdav',
  'portableNames',
  'indexPages',
  'verifySidecars',
] as const satisfies readonly (keyof RepositorySwitches)[]

/** Those that are on. */
export function switchesOf(wanted: RepositorySwitches): RepositorySwitches {
  return Object.fromEntries(repositorySwitches.filter((name) => wanted[name] === true).map((name) => [name, true]))
}

/** One shelf of an organization. */
export interface Repository extends RepositorySwitches {
  readonly id: string
  readonly name: string
  /** The plugin that serves it. */
  readonly format: string
  readonly kind: RepositoryKind
  /** Readable without credentials, where the organization allows it. */
  readonly public: boolean
  readonly policy: VersionPolicy
  /** 'replace': the format's own rules decide; 'once': no path ever changes its bytes. */
  readonly writePolicy: 'once' | 'replace'
  readonly layoutPolicy: 'strict' | 'permissive'
  /** Bytes of one file; the instance's own limit where absent. */
  readonly maxSize?: number
  /** A host name under which this repository alone is served, at the root. */
  readonly host?: string
  readonly createdAt: Date
}

export const repositoryName = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Throws `invalid`. */
export function checkedRepositoryName(name: string): string {
  if (repositoryName.test(name)) return name
  throw invalid(`Not a repository name (lowercase letters, digits, '.', '_' and '-', 63 at most): ${name.slice(0, 80)}`, {
    detail: { field: 'name' },
  })
}
export function unknownFormat(name: string, installed: readonly { readonly name: string }[]): RegistryError {
  const names = installed
    .map((format) => format.name)
    .sort()
    .join(', ')
  return invalid(`Unknown format: ${name.slice(0, 80)} (installed: ${names})`, { detail: { field: 'format' } })
}
export function repositoryNameTaken(): RegistryError {
  return conflict('A repository of this name exists already', { detail: { field: 'name' } })
}
