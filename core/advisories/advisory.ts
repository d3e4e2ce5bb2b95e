export type Severity = 'low' | 'moderate' | 'high' | 'critical'

/** What is known against versions of one package, as an advisory feed told it (OSV schema 1). */
export interface Advisory {
  readonly id: string
  /** Other names of the same: CVE-… */
  readonly aliases: readonly string[]
  readonly summary: string
  readonly url: string
  readonly severity: Severity
  /** Base score and vector of CVSS 3; absent where the feed names none. */
  readonly cvss?: { readonly score: number; readonly vector: string }
  readonly cwes: readonly string[]
  readonly published: string
  readonly modified: string
  /** Versions from `introduced` on ('0': from the first) to before `fixed`, or to `lastAffected`; without either, all that follow. */
  readonly ranges: readonly AffectedRange[]
  /** Affected versions that are told one by one. */
  readonly versions: readonly string[]
}
export interface AffectedRange {
  readonly introduced: string
  readonly fixed?: string
  readonly lastAffected?: string
}

/** Advisories as plugins read them. */
export interface Advisories {
  /** Is there anything that an audit could be answered from? */
  loaded(): Promise<boolean>
  /** Of each of these packages that has any; ecosystems are OSV's: 'npm', 'PyPI', 'Maven'. Nothing leaves the house for it. */
  find(ecosystem: string, packages: readonly string[]): Promise<ReadonlyMap<string, readonly Advisory[]>>
}

export interface LoadedFeed {
  readonly loadedAt: Date
  readonly by: string
  /** Rows: an advisory about two packages counts twice. */
  readonly advisories: number
  /** Records that were withdrawn or are about nothing that is served here. */
  readonly passedOver: number
}
