import type { DocumentKey, DocumentReader } from '#core'
import type { ChecksumAlgorithm, VersionFolder } from './layout.js'

/** The documents of this plugin, and what a deployment is made of (maven dossier 7.3). A package is a folder:
 *
 *  version folder  open/{build}/file/{name}              a stored file: who put it, when
 *                  open/{build}/sum/{name}/{algorithm}    a checksum that came before its file, or that its file does not have
 *                  open/{build}/declared                  a build that metadata named before its files came
 *                  open/{build}/contested                 a unique build that two deployments wrote to: metadata alone says which files are of one
 *                  build/{build}                          what counts: the files of a committed build
 *                  pom/{build}                            what its POM says
 *                  stamp                                  last change of the metadata
 *  open list       {version}/{build}                      a deployment that is not committed; one list for each artifact folder
 *  artifact folder version/{version}                      a version that has a committed build
 *                  facts/{version}                        what its POM says, as far as it is shown
 *                  latest                                 the highest version, and its facts
 *                  stamp
 *  group folder    plugin/{artifactId}                    a Maven plugin and its prefix
 *                  stamp
 *  archetype list  archetype/{artifact folder}/{version}  an archetype; one list for the repository
 *                  stamp                                                                                                                */

export interface FileRecord {
  readonly by: string
  /** Milliseconds. */
  readonly at: number
}
export interface ExpectedSum extends FileRecord {
  readonly name: string
  readonly algorithm: ChecksumAlgorithm
  readonly hex: string
}
export interface Declaration extends FileRecord {
  /** File names of this build that its metadata promised. */
  readonly names: readonly string[]
}
export interface CommittedBuild extends FileRecord {
  /** Order of commits in this folder. */
  readonly order: number
  readonly files: readonly string[]
  /** Files that were removed from it since, and when, in milliseconds. */
  readonly removed?: Readonly<Record<string, number>>
}
export interface CommittedVersion {
  readonly at: number
  readonly snapshot: boolean
}

export interface PluginRecord {
  readonly name: string
  readonly prefix: string
  /** Milliseconds; of two plugins with one prefix the newer one is listed. */
  readonly at: number
}
export interface ArchetypeRecord {
  readonly groupId: string
  readonly artifactId: string
  readonly version: string
  readonly description?: string
}

/** One build of one version folder, as far as it has come. */
export interface Deployment {
  readonly build: string
  readonly files: ReadonlyMap<string, FileRecord>
  readonly sums: readonly ExpectedSum[]
  readonly declared?: Declaration
  readonly contested: boolean
  readonly committed?: CommittedBuild
}

export const keys = {
  file: (folder: VersionFolder, build: string, name: string): DocumentKey => [folder.versionFolder, 'open', build, 'file', name],
  sum: (folder: VersionFolder, build: string, name: string, algorithm: string): DocumentKey => [
    folder.versionFolder,
    'open',
    build,
    'sum',
    name,
    algorithm,
  ],
  declared: (folder: VersionFolder, build: string): DocumentKey => [folder.versionFolder, 'open', build, 'declared'],
  contested: (folder: VersionFolder, build: string): DocumentKey => [folder.versionFolder, 'open', build, 'contested'],
  build: (folder: VersionFolder, build: string): DocumentKey => [folder.versionFolder, 'build', build],
  pom: (folder: VersionFolder, build: string): DocumentKey => [folder.versionFolder, 'pom', build],
  open: (folder: VersionFolder, build: string): DocumentKey => [openList(folder.artifactFolder), folder.baseVersion, build],
  version: (folder: VersionFolder): DocumentKey => [folder.artifactFolder, 'version', folder.baseVersion],
  facts: (folder: VersionFolder, version = folder.baseVersion): DocumentKey => [folder.artifactFolder, 'facts', version],
  latest: (folder: VersionFolder): DocumentKey => latestKey(folder.artifactFolder),
  stamp: (pkg: string): DocumentKey => [pkg, 'stamp'],
  archetype: (folder: VersionFolder): DocumentKey => [archetypeList, 'archetype', folder.artifactFolder, folder.baseVersion],
  plugin: (groupFolder: string, artifactId: string): DocumentKey => [groupFolder, 'plugin', artifactId],
} as const

export function latestKey(artifactFolder: string): DocumentKey {
  return [artifactFolder, 'latest']
}

export const archetypeList = '/archetypes'

/** Apart from the artifact folder, whose head moves with what is published and not with each upload. No folder's path begins with a slash. */
export function openList(artifactFolder: string): string {
  return `/open/${artifactFolder}`
}

export async function loadDeployment(documents: DocumentReader, folder: VersionFolder, build: string): Promise<Deployment> {
  const files = new Map<string, FileRecord>()
  const sums: ExpectedSum[] = []
  let declared: Declaration | undefined
  let contested = false
  for await (const { key, value } of documents.list([folder.versionFolder, 'open', build])) {
    const [, , , kind, name, algorithm] = key
    if (kind === 'file' && name !== undefined) files.set(name, value as unknown as FileRecord)
    else if (kind === 'sum' && name !== undefined && algorithm !== undefined)
      sums.push({
        ...(value as unknown as FileRecord & { readonly hex: string }),
        name,
        algorithm: algorithm as ChecksumAlgorithm,
      })
    else if (kind === 'declared') declared = value as unknown as Declaration
    else if (kind === 'contested') contested = true
  }
  const committed = (await documents.find(keys.build(folder, build)))?.value as unknown as CommittedBuild | undefined
  return { build, files, sums, contested, ...(declared ? { declared } : {}), ...(committed ? { committed } : {}) }
}

/** Files that a commit may count: of a contested build those that its metadata names, which was sent by whoever had all of them taken. */
export function countable({ files, contested, declared, committed }: Deployment): readonly string[] {
  const named = new Set([...(declared?.names ?? []), ...(committed?.files ?? [])])
  return [...files.keys()].filter((name) => !contested || named.has(name)).sort()
}

/** Has it anything that its last commit did not count? */
export function isOpen(deployment: Deployment): boolean {
  const counted = new Set(deployment.committed?.files ?? [])
  return deployment.sums.length > 0 || [...deployment.files.keys()].some((name) => !counted.has(name))
}

/** When something last came, in milliseconds; 0 where nothing did. */
export function lastActivity({ files, sums, declared }: Deployment): number {
  return Math.max(0, ...[...files.values(), ...sums, ...(declared ? [declared] : [])].map(({ at }) => at))
}

/** When a document changed last, in whole seconds. An undo brings back what it says, and never an older date for it. */
export interface Stamp {
  /** What stands in it. */
  readonly second: number
  /** What goes with it, where that is later. */
  readonly dated?: number
}

/** The next whole second that metadata may carry: never one it carried before (maven dossier 5.4). */
export async function nextStamp(documents: DocumentReader, pkg: string, now: Date): Promise<number> {
  const before = await stampOf(documents, pkg)
  return Math.max(Math.floor(now.getTime() / 1000), before === undefined ? 0 : dateOf(before) + 1)
}
export async function stampOf(documents: DocumentReader, pkg: string): Promise<Stamp | undefined> {
  return (await documents.find(keys.stamp(pkg)))?.value as unknown as Stamp | undefined
}
export function dateOf({ second, dated = second }: Stamp): number {
  return Math.max(second, dated)
}
