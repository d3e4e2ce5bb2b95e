import { notFound, RegistryError, type RepositoryContext, unavailable } from '#core'
import { type CommittedBuild, type CommittedVersion, keys, loadDeployment, nextStamp } from './deployment.js'
import { listGroupPlugin } from './group-plugins.js'
import { coordinates, parseMavenPath, type VersionFolder } from './layout.js'
import { sortVersions } from './version-order.js'

const attempts = 30

/** A file goes, and with the last of its build the build, with the last build the version: metadata follows by itself. */
export async function removeFile(context: RepositoryContext, path: string, now: Date): Promise<void> {
  const parsed = parseMavenPath(path)
  if (parsed.kind === 'metadata' || parsed.kind === 'checksum') throw notFound('stored file', path)
  if (parsed.kind !== 'artifact') {
    await context.change().deleteArtifact(path).commit()
    return
  }
  const { folder, build, name } = parsed
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { documents } = context
    const head = (await documents.head(folder.versionFolder))?.sequence ?? 0
    const artifactHead = (await documents.head(folder.artifactFolder))?.sequence ?? 0
    const { committed, files } = await loadDeployment(documents, folder, build)
    const change = context.change().requireHead(folder.versionFolder, head).requireHead(folder.artifactFolder, artifactHead)
    change.deleteArtifact(path).deleteDocument(keys.file(folder, build, name))
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
  change: ReturnType<RepositoryContext['change']>,
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
    change.putDocument(keys.build(folder, build), { ...committed, files: left })
    return
  }
  change.deleteDocument(keys.build(folder, build)).deleteDocument(keys.pom(folder, build))
  let builds = 0
  for await (const _ of documents.list([folder.versionFolder, 'build'])) builds++
  if (builds > 1) return
  change.deleteDocument(keys.version(folder))
  change.putDocument(keys.stamp(folder.artifactFolder), { second: await nextStamp(documents, folder.artifactFolder, now) })
  const versions = new Map<string, CommittedVersion>()
  for await (const { key, value } of documents.list([folder.artifactFolder, 'version']))
    if (key[2] !== folder.baseVersion) versions.set(key[2] ?? '', value as unknown as CommittedVersion)
  const latest = sortVersions(versions.keys()).at(-1)
  const facts = latest === undefined ? undefined : versions.get(latest)?.facts
  change.describe(
    folder.artifactFolder,
    latest === undefined ? undefined : { ...facts, name: `${folder.groupId}:${folder.artifactId}`, latest },
  )
  await listGroupPlugin(context, change, folder, facts, now)
}
