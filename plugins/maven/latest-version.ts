import type { DocumentReader, JsonObject, PackageFacts } from '#core'
import { keys, latestKey } from './deployment.js'
import type { VersionFolder } from './layout.js'
import { compareVersions } from './version-order.js'

/** The highest version of an artifact and what it says of itself: kept beside the list of versions, so that a deployment need not read all of them. */
export interface LatestVersion {
  readonly version: string
  readonly facts: JsonObject
}

export async function latestVersion(documents: DocumentReader, folder: VersionFolder): Promise<LatestVersion | undefined> {
  return (await documents.find(keys.latest(folder)))?.value as unknown as LatestVersion | undefined
}

/** The highest once this version is there as well. */
export async function latestWith(documents: DocumentReader, folder: VersionFolder, facts: JsonObject): Promise<LatestVersion> {
  const before = await latestVersion(documents, folder)
  return before === undefined || compareVersions(folder.baseVersion, before.version) >= 0
    ? { version: folder.baseVersion, facts }
    : before
}

/** The highest once these versions are gone; undefined where none is left. Reads all of them, and only where the highest goes. */
export async function latestWithout(
  documents: DocumentReader,
  artifactFolder: string,
  leaving: ReadonlySet<string>,
): Promise<LatestVersion | undefined> {
  const before = (await documents.find(latestKey(artifactFolder)))?.value as unknown as LatestVersion | undefined
  if (before !== undefined && !leaving.has(before.version)) return before
  let version: string | undefined
  for await (const { key } of documents.list([artifactFolder, 'version'])) {
    const other = key[2] ?? ''
    if (!leaving.has(other) && (version === undefined || compareVersions(other, version) > 0)) version = other
  }
  if (version === undefined) return undefined
  const facts = (await documents.find([artifactFolder, 'facts', version]))?.value ?? {}
  return { version, facts: facts as JsonObject }
}

/** What search and pages show of an artifact whose highest version this is; undefined takes it off the list. */
export function describeArtifact(artifactFolder: string, latest: LatestVersion | undefined): PackageFacts | undefined {
  if (latest === undefined) return undefined
  const cut = artifactFolder.lastIndexOf('/')
  const name = `${artifactFolder.slice(0, cut).replaceAll('/', '.')}:${artifactFolder.slice(cut + 1)}`
  return { ...latest.facts, name, latest: latest.version }
}

/** The same by what is stored. */
export async function describeStored(artifactFolder: string, documents: DocumentReader): Promise<PackageFacts | undefined> {
  const latest = (await documents.find(latestKey(artifactFolder)))?.value as unknown as LatestVersion | undefined
  return describeArtifact(artifactFolder, latest)
}
