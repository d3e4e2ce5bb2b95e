import type { DocumentReader, RepositoryChangeSet } from '#core'
import { type FileDocument, filesKey } from './project-documents.js'
import { compareVersions, isPreRelease, parseVersion, type Version, versionKey } from './version.js'

/** A decision that rests on several documents of a project: the commit fails where the project moved on. */
export async function holdProject(project: string, documents: DocumentReader, change: RepositoryChangeSet): Promise<void> {
  change.requireHead(project, (await documents.head(project))?.sequence ?? 0)
}

export async function filesOf(project: string, documents: DocumentReader): Promise<readonly FileDocument[]> {
  const files: FileDocument[] = []
  for await (const { value } of documents.list(filesKey(project))) files.push(value as unknown as FileDocument)
  return files
}

/** The identity of a release, whatever its spelling. */
export function releaseOf(text: string): string {
  const version = parseVersion(text)
  return version === undefined ? text : versionKey(version)
}

/** The version that stands for a project: the highest; whatever is not yanked before what is, final before pre-release. */
export function highest(files: readonly FileDocument[]): string | undefined {
  const order = (a: Version, b: Version) => Number(isPreRelease(b)) - Number(isPreRelease(a)) || compareVersions(a, b)
  const parsed = files.flatMap(({ version, yanked }) => {
    const found = parseVersion(version)
    return found === undefined ? [] : [{ version, found, yanked: yanked !== false }]
  })
  return parsed.sort((a, b) => Number(b.yanked) - Number(a.yanked) || order(a.found, b.found)).at(-1)?.version
}

/** Does a version stand for its project where `latest` did? A final version before any pre-release; the same version in its newer words. */
export function supersedes(version: string, latest: string): boolean {
  const [candidate, current] = [parseVersion(version), parseVersion(latest)]
  if (!candidate || !current) return candidate !== undefined
  const byFinality = Number(isPreRelease(current)) - Number(isPreRelease(candidate))
  return (byFinality || compareVersions(candidate, current)) >= 0
}
