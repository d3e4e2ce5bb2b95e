import { type DocumentKey, type DocumentReader, forbidden, type PackageFacts } from '#core'
import { type DistributionFile, type FileType, uniqueKey } from './distribution-file.js'

/** Version of the documents below. */
export const documentVersion = 1

/** One file of a project: all that its page says of it. */
export type FileDocument = {
  readonly v: number
  readonly filename: string
  readonly type: FileType
  /** Normal form, by the file's own metadata. */
  readonly version: string
  readonly sha256: string
  readonly size: number
  /** 'source', or the python tag of a wheel. */
  readonly python: string
  /** Set by the server, once: cool-downs of clients rest on it. ISO 8601 with milliseconds. */
  readonly uploadedAt: string
  /** A reason, or true without one. */
  readonly yanked: boolean | string
  readonly requiresPython?: string
  /** Of the wheel's METADATA, which stands beside it as `{filename}.metadata`. */
  readonly metadataSha256?: string
  /** Its attestations stand beside it as `{filename}.provenance`. */
  readonly provenance?: true
  /** For the older JSON of a project; absent where the file is older than they are. */
  readonly md5?: string
  readonly blake2b256?: string
}

export type ProjectStatus = 'active' | 'archived' | 'quarantined' | 'deprecated'

/** The project itself: it exists while this does, with files or without. */
export type ProjectDocument = {
  readonly v: number
  /** Display spelling: that of the newest file's metadata. */
  readonly name: string
  /** The version that search and pages show; the facts are of it. */
  readonly latest: string
  readonly facts: {
    readonly description?: string
    readonly license?: string
    readonly homepage?: string
    readonly keywords?: readonly string[]
  }
  /** PEP 792; active where absent. */
  readonly status?: { readonly status: ProjectStatus; readonly reason?: string }
}

/** Holds a place that only one file can take, however it is spelled. `gone`: the file was deleted, and nothing but itself comes back. */
export type UniqueDocument = { readonly v: number; readonly filename: string; readonly sha256: string; readonly gone?: true }

export const projectKey = (project: string): DocumentKey => [project, 'project']
export const filesKey = (project: string): DocumentKey => [project, 'file']
export const fileKey = (project: string, filename: string): DocumentKey => [project, 'file', filename]
/** Of the places that files of one release take. */
export const releaseKey = (project: string, release: string): DocumentKey => [project, 'unique', release]
export const placeKey = (file: DistributionFile): DocumentKey => [file.project, 'unique', ...uniqueKey(file)]

/** In the store a file lies below its project. */
export const storedPath = (file: DistributionFile): string => `${file.project}/${file.filename}`

export interface Found<Value> {
  readonly value: Value
  readonly revision: string
}

/** A document of ours by its type: whoever wrote it was this plugin. */
export async function findDocument<Value>(documents: DocumentReader, key: DocumentKey): Promise<Found<Value> | undefined> {
  const found = await documents.find(key)
  return found && { value: found.value as unknown as Value, revision: found.revision }
}

/** What search and pages show of a project that has files. */
export function describeProject({ name, latest, facts }: ProjectDocument): PackageFacts {
  return { name, latest, ...facts }
}

/** The same by what is stored: a project without files is an empty page, and nothing that is found. */
export async function describeStored(project: string, documents: DocumentReader): Promise<PackageFacts | undefined> {
  const owner = await findDocument<ProjectDocument>(documents, projectKey(project))
  return owner && (await hasFiles(project, documents)) ? describeProject(owner.value) : undefined
}

export async function hasFiles(project: string, documents: DocumentReader): Promise<boolean> {
  for await (const _ of documents.list(filesKey(project), { limit: 1 })) return true
  return false
}

/** Throws `forbidden` where nothing of a project is offered at the moment. */
export async function requireOffered(documents: DocumentReader, project: string): Promise<void> {
  const found = await findDocument<ProjectDocument>(documents, projectKey(project))
  if (found?.value.status?.status === 'quarantined') throw forbidden(`Project '${project}' is quarantined.`)
}
