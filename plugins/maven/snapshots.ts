import type { Artifact, DocumentReader, RepositoryContext } from '#core'
import { type CommittedBuild, keys } from './deployment.js'
import { type ArtifactFile, fileName, type MavenPath, parseMavenPath, uniqueBuildOf, type VersionFolder } from './layout.js'

/** One file of a committed build. */
export interface BuildFile {
  readonly build: string
  readonly name: string
  readonly classifier: string
  readonly extension: string
}
export interface SnapshotBuilds {
  /** The build that `<snapshot>` names: of unique builds the newest with the POM, else with a main file, else the newest; 'literal' where there is no
   *  unique one (maven dossier 2.3). */
  readonly current: string
  /** For every classifier and extension the newest file, in their order. */
  readonly newest: readonly BuildFile[]
}

/** What a snapshot folder has, in the order in which its builds were committed here. Undefined where nothing counts. */
export async function snapshotBuilds(documents: DocumentReader, folder: VersionFolder): Promise<SnapshotBuilds | undefined> {
  const builds: { readonly build: string; readonly order: number; readonly files: readonly BuildFile[] }[] = []
  for await (const { key, value } of documents.list([folder.versionFolder, 'build'])) {
    const build = key[2] ?? ''
    const { order, files } = value as unknown as CommittedBuild
    builds.push({ build, order, files: files.flatMap((name) => describe(folder, build, name)) })
  }
  builds.sort((a, b) => a.order - b.order)
  const unique = builds.filter(({ build }) => uniqueBuildOf(build) !== undefined)
  const counted = unique.length > 0 ? unique : builds
  const current =
    counted.findLast(({ files }) => files.some(({ classifier, extension }) => classifier === '' && extension === 'pom')) ??
    counted.findLast(({ files }) => files.some(({ classifier }) => classifier === '')) ??
    counted.at(-1)
  if (current === undefined) return undefined
  const newest = new Map<string, BuildFile>()
  for (const { files } of counted) for (const file of files) newest.set(`${file.classifier}\0${file.extension}`, file)
  return { current: current.build, newest: [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file) }
}

function describe(folder: VersionFolder, build: string, name: string): readonly BuildFile[] {
  const parsed = parseMavenPath(`${folder.versionFolder}/${name}`)
  if (parsed.kind !== 'artifact' || parsed.opaque) return []
  return [{ build, name, classifier: parsed.classifier, extension: parsed.extension }]
}

export interface ResolvedFile {
  readonly artifact: Artifact
  /** These bytes never change under the address that was asked for. */
  readonly final: boolean
  /** The name behind a -SNAPSHOT alias. */
  readonly alias?: string
}

/** The file under a path; for a -SNAPSHOT name that is not stored itself, the file that the metadata would lead to (maven dossier 8). */
export async function resolveFile(
  context: RepositoryContext,
  path: string,
  parsed: MavenPath,
): Promise<ResolvedFile | undefined> {
  const artifact = await context.artifacts.find(path)
  const literal = parsed.kind === 'artifact' && parsed.build === 'literal'
  if (artifact) return { artifact, final: parsed.kind === 'artifact' && (await isFinal(context, parsed)) }
  if (!literal) return undefined
  const { folder, classifier, extension } = parsed
  const builds = await snapshotBuilds(context.documents, folder)
  if (builds === undefined) return undefined
  const wanted = fileName(folder, builds.current, classifier, extension)
  const name = builds.newest.find((file) => file.classifier === classifier && file.extension === extension)?.name
  for (const candidate of [wanted, name]) {
    const found = candidate === undefined ? undefined : await context.artifacts.find(`${folder.versionFolder}/${candidate}`)
    if (found && candidate !== undefined) return { artifact: found, final: false, alias: candidate }
  }
  return undefined
}

/** A release may be sent again until it is published; a unique build never, a literal -SNAPSHOT always. */
async function isFinal({ documents, repository }: RepositoryContext, { folder, build, name }: ArtifactFile): Promise<boolean> {
  if (build !== 'release' || repository.kind !== 'hosted') return build !== 'literal'
  const committed = (await documents.find(keys.build(folder, build)))?.value as unknown as CommittedBuild | undefined
  return committed?.files.includes(name) === true
}
