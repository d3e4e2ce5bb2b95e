import { notFound, RegistryError, type RepositoryContext, unavailable } from '#core'
import { unlistArchetypes } from './archetype-catalog.js'
import { type CommittedBuild, keys, loadDeployment, nextStamp } from './deployment.js'
import { listGroupPlugin } from './group-plugins.js'
import { describeArtifact, latestWithout } from './latest-version.js'
import { coordinates, parseMavenPath, type VersionFolder } from './layout.js'
import { holdPreconditions } from './preconditions.js'
import { asJson, describeVersion } from './publication.js'

const attempts = 30

type Change = ReturnType<RepositoryContext['change']>

/** A file goes, and with the last of its build the build, with the last build the version: metadata follows by itself. */
export async function removeFile(
  context: RepositoryContext,
  path: string,
  now: Date,
  read: (name: string) => string | undefined,
): Promise<void> {
  const parsed = parseMavenPath(path)
  if (parsed.kind === 'metadata' || parsed.kind === 'checksum') throw notFound('stored file', path)
  const condition = async () => {
    const current = await context.artifacts.find(path)
    const held = current && holdPreconditions(read, current)
    return typeof held === 'object' ? { if: held } : {}
  }
  if (parsed.kind !== 'artifact') {
    await context
      .change()
      .deleteArtifact(path, await condition())
      .commit()
    return
  }
  const { folder, build, name } = parsed
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { documents } = context
    const head = (await documents.head(folder.versionFolder))?.sequence ?? 0
    const artifactHead = (await documents.head(folder.artifactFolder))?.sequence ?? 0
    const { committed, files } = await loadDeployment(documents, folder, build)
    const change = context.change().requireHead(folder.versionFolder, head).requireHead(folder.artifactFolder, artifactHead)
    change.deleteArtifact(path, await condition()).deleteDocument(keys.file(folder, build, name))
    if (files.size <= 1) change.deleteDocument(keys.open(folder, build))
    if (committed?.files.includes(name)) await uncount(context, change, folder, build, committed, name, now)
    try {
      await change.commit()
      return
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
  throw unavailable(`Too many changes of ${coordinates(folder)} at once; try again`, 2)
}

async function uncount(
  context: RepositoryContext,
  change: Change,
  folder: VersionFolder,
  build: string,
  committed: CommittedBuild,
  name: string,
  now: Date,
): Promise<void> {
  const { documents } = context
  change.putDocument(keys.stamp(folder.versionFolder), { second: await nextStamp(documents, folder.versionFolder, now) })
  const left = committed.files.filter((file) => file !== name)
  if (left.length > 0) {
    const removed = { ...committed.removed, [name]: now.getTime() }
    change.putDocument(keys.build(folder, build), { ...committed, files: left, removed })
    return
  }
  change.deleteDocument(keys.build(folder, build)).deleteDocument(keys.pom(folder, build))
  await uncountBuild(context, change, folder, build, now)
}

/** The artifact's side of a build that goes (undefined: all of them): the version says what the newest of the others says, or goes with the last. */
export async function uncountBuild(
  context: RepositoryContext,
  change: Change,
  folder: VersionFolder,
  build: string | undefined,
  now: Date,
): Promise<void> {
  const { documents } = context
  const left: { readonly id: string; readonly committed: CommittedBuild }[] = []
  for await (const { key, value } of documents.list([folder.versionFolder, 'build']))
    if (build !== undefined && key[2] !== build) left.push({ id: key[2] ?? '', committed: value as unknown as CommittedBuild })
  left.sort((a, b) => b.committed.order - a.committed.order)
  const [newest] = left
  if (newest === undefined) return uncountVersions(context, change, [folder], now)
  for (const { id } of left)
    if ((await documents.find(keys.pom(folder, id))) !== undefined)
      return describeVersion(context, change, folder, id, now, context, newest.committed.at)
}

/** The artifact's side of versions that go, all of one artifact: what is highest among the others stands for it, or it goes with the last. */
export async function uncountVersions(
  context: RepositoryContext,
  change: Change,
  folders: readonly [VersionFolder, ...VersionFolder[]],
  now: Date,
): Promise<void> {
  const { documents } = context
  const [folder] = folders
  for (const one of folders) change.deleteDocument(keys.version(one)).deleteDocument(keys.facts(one))
  change.putDocument(keys.stamp(folder.artifactFolder), { second: await nextStamp(documents, folder.artifactFolder, now) })
  const latest = await latestWithout(documents, folder.artifactFolder, new Set(folders.map(({ baseVersion }) => baseVersion)))
  if (latest === undefined) change.deleteDocument(keys.latest(folder))
  else change.putDocument(keys.latest(folder), asJson(latest))
  change.describe(folder.artifactFolder, describeArtifact(folder.artifactFolder, latest))
  await listGroupPlugin(context, change, folder, latest?.facts, now)
  await unlistArchetypes(context, change, folders, now)
}
