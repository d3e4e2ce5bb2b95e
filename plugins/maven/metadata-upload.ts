import {
  childOf,
  childrenOf,
  empty,
  invalid,
  type ProtocolRequest,
  principalId,
  type Reply,
  type RepositoryContext,
  textOf,
  type XmlElement,
} from '#core'
import { type Declaration, keys, loadDeployment, openList } from './deployment.js'
import { fileName, isSnapshotVersion, parseVersionFolder, uniqueBuildOf, type VersionFolder } from './layout.js'
import { publishOrRefuse } from './publication.js'
import { admitMetadata } from './repository-rules.js'
import { readUploadedMetadata, type UploadedMetadata } from './uploaded-metadata.js'

/** A client's maven-metadata.xml is checked, is the signal that its deployment is complete, and is never content (maven dossier 2.3, 7.3). */
export async function putMetadata(
  request: ProtocolRequest<unknown>,
  context: RepositoryContext,
  folder: string,
  now: Date,
): Promise<Reply> {
  admitMetadata(folder, context.repository)
  const metadata = await readUploadedMetadata(request.body)
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  const version = isSnapshotVersion(name) ? parseVersionFolder(folder) : undefined
  if (version !== undefined) await commitSnapshot(context, version, metadata.root, now)
  else await commitReleases(context, folder, metadata, now)
  return empty(201)
}

async function commitSnapshot(context: RepositoryContext, folder: VersionFolder, metadata: XmlElement, now: Date): Promise<void> {
  agree(metadata, 'groupId', folder.groupId)
  agree(metadata, 'artifactId', folder.artifactId)
  agree(metadata, 'version', folder.baseVersion)
  const versioning = childOf(metadata, 'versioning')
  const named = namedBuilds(folder, versioning)
  if (named.size === 0) {
    if ((await partOf(context, folder, 'literal')) === 'own') await publishOrRefuse(context, folder, 'literal', now)
    return
  }
  const current = buildOf(childOf(versioning, 'snapshot')) ?? [...named.keys()].sort(compareBuilds).at(-1)
  const open = new Set<string>()
  for await (const { key } of context.documents.list([openList(folder.artifactFolder), folder.baseVersion]))
    open.add(key[2] ?? '')
  // The build with the POM first: files of its deployment that stand under a build of their own rest on it.
  const poms = [...named].filter(([build, names]) => names.includes(fileName(folder, build, '', 'pom')))
  for (const [build, names] of new Map([...poms, ...named])) {
    // Entries of others stand in everybody's metadata: what is not under way is not told of.
    if (build !== current && !open.has(build)) continue
    const part = await partOf(context, folder, build)
    if (part === 'none' || (part === 'no file yet' && build !== current)) continue
    const declared: Declaration = { by: principalId(context.principal), at: now.getTime(), names: names.slice(0, 200) }
    await context
      .change()
      .putDocument(keys.declared(folder, build), { ...declared })
      .commit()
    // Named before its files came: the last of them completes it.
    if (part === 'own') await publishOrRefuse(context, folder, build, now)
  }
}

/** The unique builds that metadata names, in `<snapshot>` or in `<snapshotVersions>` alone, and the files that it gives of each. */
function namedBuilds(folder: VersionFolder, versioning: XmlElement | undefined): ReadonlyMap<string, string[]> {
  const named = new Map<string, string[]>()
  const current = buildOf(childOf(versioning, 'snapshot'))
  if (current !== undefined) named.set(current, [])
  const stem = folder.baseVersion.slice(0, -'SNAPSHOT'.length)
  for (const entry of childrenOf(childOf(versioning, 'snapshotVersions'), 'snapshotVersion')) {
    const value = textOf(entry, 'value') ?? ''
    const build = value.startsWith(stem) ? value.slice(stem.length) : value
    if (uniqueBuildOf(build) === undefined) continue
    const name = fileName(folder, build, textOf(entry, 'classifier') ?? '', textOf(entry, 'extension') ?? 'jar')
    named.set(build, [...(named.get(build) ?? []), name])
  }
  return named
}

function buildOf(snapshot: XmlElement | undefined): string | undefined {
  const build = `${textOf(snapshot, 'timestamp') ?? ''}-${textOf(snapshot, 'buildNumber') ?? ''}`
  return uniqueBuildOf(build) === undefined ? undefined : build
}

/** By timestamp, then by number. */
function compareBuilds(a: string, b: string): number {
  const [x, y] = [uniqueBuildOf(a), uniqueBuildOf(b)]
  if (x === undefined || y === undefined || x.timestamp !== y.timestamp) return a < b ? -1 : 1
  return x.number - y.number
}

/** At artifact level the versions that it lists; at group level it lists none. */
async function commitReleases(
  context: RepositoryContext,
  folder: string,
  { root, versions }: UploadedMetadata,
  now: Date,
): Promise<void> {
  const artifactId = textOf(root, 'artifactId')
  if (artifactId === undefined) return
  const cut = folder.lastIndexOf('/')
  agree(root, 'artifactId', folder.slice(cut + 1))
  agree(root, 'groupId', folder.slice(0, Math.max(cut, 0)).replaceAll('/', '.'))
  const open: [string, string][] = []
  for await (const { key } of context.documents.list([openList(folder)])) open.push([key[1] ?? '', key[2] ?? ''])
  for (const [version, build] of open) {
    const place =
      versions.has(version) && uniqueBuildOf(build) === undefined ? parseVersionFolder(`${folder}/${version}`) : undefined
    if (place !== undefined && (await partOf(context, place, build)) === 'own') await publishOrRefuse(context, place, build, now)
  }
}

/** The caller's part in a deployment: metadata is the signal of whoever sent files of it, and says nothing of a build that is somebody else's. */
async function partOf(context: RepositoryContext, folder: VersionFolder, build: string): Promise<'own' | 'none' | 'no file yet'> {
  const { files } = await loadDeployment(context.documents, folder, build)
  if (files.size === 0) return 'no file yet'
  const me = principalId(context.principal)
  return [...files.values()].some(({ by }) => by === me) ? 'own' : 'none'
}

function agree(metadata: XmlElement, element: string, meant: string): void {
  const said = textOf(metadata, element)
  if (said !== undefined && said !== meant)
    throw invalid(`The metadata says ${element} ${said.slice(0, 200)}, its path says ${meant}`, {
      detail: { title: 'Metadata does not fit its path' },
    })
}
