export type RepositoryKind = 'hosted' | 'proxy' | 'group'
/** Of Maven: which versions it takes. */
export type VersionPolicy = 'release' | 'snapshot' | 'mixed'

/** One shelf of an organization. */
export interface Repository {
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
  /** Of raw: collections can be made, moved and asked for by WebDAV's methods. */
  readonly webdav?: boolean
  /** Bytes of one file; the instance's own limit where absent. */
  readonly maxSize?: number
  /** A host name under which this repository alone is served, at the root. */
  readonly host?: string
  readonly createdAt: Date
}

export const repositoryName = /^[a-z0-9][a-z0-9._-]{0,62}$/
