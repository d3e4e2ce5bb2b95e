import type { DocumentReader, PackageIndex } from '#core'
import { type PluginRecord, stampOf } from './deployment.js'
import { isSnapshotVersion, parseVersionFolder, uniqueBuildOf, versionOfBuild } from './layout.js'
import { digits, type MetadataView, renderMetadata } from './metadata-text.js'
import { snapshotBuilds } from './snapshots.js'
import { sortVersions } from './version-order.js'

/** maven-metadata.xml of any folder, made from what was committed: never "now" in it, never a client's text (maven dossier 2.3, 2.5). */
export const metadataIndex: PackageIndex<MetadataView> = {
  name: 'metadata',
  etag: 'strong',
  load: loadMetadata,
  render: (view) => ({ contentType: 'text/xml', body: Buffer.from(renderMetadata(view)) }),
}

/** Is there a maven-metadata.xml in this folder? Nothing of it is made. */
export async function hasMetadata(documents: DocumentReader, folder: string): Promise<boolean> {
  const kinds = isSnapshotVersion(folder.slice(folder.lastIndexOf('/') + 1)) ? ['build'] : ['version', 'plugin']
  for (const kind of kinds) for await (const _ of documents.list([folder, kind], { limit: 1 })) return true
  return false
}

async function loadMetadata(folder: string, documents: DocumentReader): Promise<MetadataView | undefined> {
  const changed = (await stampOf(documents, folder))?.second
  if (changed === undefined) return undefined
  const cut = folder.lastIndexOf('/')
  const name = folder.slice(cut + 1)
  if (isSnapshotVersion(name)) return loadSnapshot(folder, documents, changed)
  const versions: string[] = []
  for await (const { key } of documents.list([folder, 'version'])) versions.push(key[2] ?? '')
  const plugins = await groupPlugins(folder, documents)
  if (versions.length === 0 && plugins.length === 0) return undefined
  const artifact =
    versions.length > 0 ? { groupId: folder.slice(0, Math.max(cut, 0)).replaceAll('/', '.'), artifactId: name } : {}
  return { ...artifact, versions: sortVersions(versions), snapshotVersions: [], plugins, changed }
}

/** One for each prefix: `mvn prefix:goal` could mean no other. */
async function groupPlugins(folder: string, documents: DocumentReader): Promise<MetadataView['plugins']> {
  const byPrefix = new Map<string, PluginRecord & { readonly artifactId: string }>()
  for await (const { key, value } of documents.list([folder, 'plugin'])) {
    const record = { ...(value as unknown as PluginRecord), artifactId: key[2] ?? '' }
    if ((byPrefix.get(record.prefix)?.at ?? 0) <= record.at) byPrefix.set(record.prefix, record)
  }
  return [...byPrefix.values()].sort((a, b) => (a.artifactId < b.artifactId ? -1 : 1))
}

async function loadSnapshot(path: string, documents: DocumentReader, changed: number): Promise<MetadataView | undefined> {
  const folder = parseVersionFolder(path)
  const builds = folder && (await snapshotBuilds(documents, folder))
  if (folder === undefined || builds === undefined) return undefined
  const unique = uniqueBuildOf(builds.current)
  return {
    groupId: folder.groupId,
    artifactId: folder.artifactId,
    version: folder.baseVersion,
    versions: [],
    snapshot: unique ?? 'local',
    snapshotVersions: builds.newest.map(({ build, classifier, extension }) => ({
      classifier,
      extension,
      value: versionOfBuild(folder, build),
      updated: uniqueBuildOf(build)?.timestamp.replace('.', '') ?? digits(changed),
    })),
    plugins: [],
    changed,
  }
}
