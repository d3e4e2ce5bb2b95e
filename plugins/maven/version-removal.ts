import { notFound, type RemovalStep, type RepositoryContext } from '#core'
import { type CommittedBuild, keys, nextStamp, openList } from './deployment.js'
import { parseMavenPath, parseVersionFolder, uniqueBuildOf, type VersionFolder } from './layout.js'
import { uncountVersions } from './removal.js'
import { compareVersions } from './version-order.js'

/** Versions of one commit: each has a head of its own, and a commit has room for 100 rows. */
const stepVersions = 20

type Change = ReturnType<RepositoryContext['change']>

/** Decisions of `change` about a version rest on what its folder and its artifact say now. */
export async function hold(folder: VersionFolder, { documents }: RepositoryContext, change: Change): Promise<void> {
  for (const pkg of [folder.versionFolder, folder.artifactFolder])
    change.requireHead(pkg, (await documents.head(pkg))?.sequence ?? 0)
}

/** Committed builds of a version, in the order of their commits. */
export async function buildsOf(folder: VersionFolder, documents: RepositoryContext['documents']) {
  const builds: { readonly id: string; readonly publishedAt: Date; readonly order: number }[] = []
  for await (const { key, value } of documents.list([folder.versionFolder, 'build'])) {
    const { at, order } = value as unknown as CommittedBuild
    builds.push({ id: key[2] ?? '', publishedAt: new Date(at), order })
  }
  return builds.sort((a, b) => a.order - b.order)
}

/** The files of a version, or of one build of it, with everything that the version's own folder knows of them. */
export async function removeFiles(
  folder: VersionFolder,
  { documents, artifacts }: RepositoryContext,
  change: Change,
  now: Date,
  build?: string,
): Promise<void> {
  for await (const entry of artifacts.list(folder.versionFolder))
    if (entry.kind === 'file' && (build === undefined || buildOf(folder, entry.name) === build))
      change.deleteArtifact(entry.artifact.path)
  for (const place of [...['open', 'build', 'pom'].map((kind) => [folder.versionFolder, kind] as const), openOf(folder)])
    for await (const { key } of documents.list(place)) if (build === undefined || key[2] === build) change.deleteDocument(key)
  change.putDocument(keys.stamp(folder.versionFolder), { second: await nextStamp(documents, folder.versionFolder, now) })
}

/** An artifact with all its versions, and what was deployed of others and never published: the lowest first, so that until the last step the
 *  highest stands for it. A version that comes in meanwhile stays. */
export async function* artifactRemoval(pkg: string, context: RepositoryContext, now: () => Date): AsyncGenerator<RemovalStep> {
  const found = await versionsOf(pkg, context)
  if (found.length === 0) throw notFound('package', pkg)
  for (let start = 0; start < found.length; start += stepVersions)
    yield async (change) => {
      const leaving: VersionFolder[] = []
      for (const folder of found.slice(start, start + stepVersions)) {
        await hold(folder, context, change)
        await removeFiles(folder, context, change, now())
        if ((await context.documents.find(keys.version(folder))) !== undefined) leaving.push(folder)
      }
      const [first, ...others] = leaving
      if (first !== undefined) await uncountVersions(context, change, [first, ...others], now())
    }
}

async function versionsOf(pkg: string, { documents }: RepositoryContext): Promise<readonly VersionFolder[]> {
  const versions = new Set<string>()
  for await (const { key } of documents.list([pkg, 'version'])) versions.add(key[2] ?? '')
  for await (const { key } of documents.list([openList(pkg)])) versions.add(key[1] ?? '')
  return [...versions].sort(compareVersions).flatMap((version) => parseVersionFolder(`${pkg}/${version}`) ?? [])
}

function buildOf(folder: VersionFolder, name: string): string | undefined {
  const parsed = parseMavenPath(`${folder.versionFolder}/${name}`)
  return parsed.kind === 'artifact' && uniqueBuildOf(parsed.build) !== undefined ? parsed.build : undefined
}

/** Rows that tell of its open deployments. */
function openOf({ artifactFolder, baseVersion }: VersionFolder) {
  return [openList(artifactFolder), baseVersion] as const
}
