import type { ProjectStatus } from './project-documents.js'

/** One file as a page lists it. */
export interface ListedFile {
  readonly filename: string
  /** Normal form. */
  readonly version: string
  readonly sha256: string
  readonly size?: number
  readonly uploadTime?: string
  readonly requiresPython?: string
  readonly yanked: boolean | string
  readonly metadataSha256?: string
  /** There is provenance to be read (PEP 740). */
  readonly provenance?: true
}

/** The page of one project as plain data: files by version and name, versions ascending and each once. */
export interface ProjectPage {
  readonly project: string
  readonly status: { readonly status: ProjectStatus; readonly reason?: string }
  readonly versions: readonly string[]
  readonly files: readonly ListedFile[]
}
