import { invalid, type Repository } from '#core'
import { type ArtifactFile, isSnapshotVersion, type MavenPath, parseVersionFolder, type VersionFolder } from './layout.js'

/** Bytes of group, artifact and version as a path: what remains of the longest key when a reminder of it is set. */
const longestFolder = 512

/** Throws `invalid` in clear words where a repository does not take what a PUT brings (maven dossier 1.1, 7.1); returns it as what it may be stored. */
export function admitFile(path: string, parsed: MavenPath, repository: Repository): ArtifactFile | undefined {
  if (parsed.kind === 'artifact') {
    admitVersion(parsed.folder, repository)
    if (repository.layoutPolicy === 'strict') admitIds(parsed.folder)
    return parsed
  }
  if (parsed.kind === 'well-known' || parsed.kind === 'catalog')
    throw invalid(`${path} is made by the server and not uploaded`, { detail: { title: 'Not an artifact' } })
  if (parsed.kind === 'checksum')
    throw invalid(`${path} would be the checksum of a checksum`, { detail: { title: 'Not an artifact' } })
  if (parsed.kind === 'other' && parsed.folder !== undefined) admitVersion(parsed.folder, repository)
  if (repository.layoutPolicy === 'permissive' && path.includes('/')) return undefined
  throw invalid(`${path} does not follow the Maven layout group/artifact/version/artifact-version[-classifier].extension`, {
    detail: { title: 'Not in the Maven layout' },
  })
}

/** Maven's own models know ASCII ids alone: a letter of another script that looks like one of them is somebody else's package in disguise. */
function admitIds({ groupId, artifactId }: VersionFolder): void {
  for (const id of [groupId, artifactId])
    if (!/^[\x20-\x7e]*$/.test(id))
      throw invalid(`The id ${id} is not made of ASCII letters`, { detail: { title: 'Group and artifact ids are ASCII' } })
}

export function admitVersion(folder: VersionFolder, repository: Repository): void {
  const { baseVersion, snapshot } = folder
  const length = Buffer.byteLength(folder.versionFolder)
  if (length > longestFolder)
    throw invalid(`Group, artifact and version have ${length} bytes together, ${longestFolder} are possible`, {
      detail: { title: 'Coordinates too long' },
    })
  if (snapshot && repository.policy === 'release')
    throw invalid(`This repository allows only releases, and ${baseVersion} is a snapshot`, {
      detail: { title: 'Only releases are allowed here' },
    })
  if (!snapshot && repository.policy === 'snapshot')
    throw invalid(
      `This repository allows only snapshots, and ${baseVersion} is a release: a snapshot's version ends in -SNAPSHOT`,
      {
        detail: { title: 'Only snapshots are allowed here' },
      },
    )
  if (!snapshot && baseVersion.toLowerCase().endsWith('snapshot'))
    throw invalid(`Clients disagree whether ${baseVersion} is a snapshot: end the version in -SNAPSHOT, in upper case`, {
      detail: { title: 'Write -SNAPSHOT in upper case' },
    })
}

/** For metadata below a version's folder: there it is a snapshot's own. */
export function admitMetadata(folder: string, repository: Repository): void {
  const last = folder.slice(folder.lastIndexOf('/') + 1)
  const version = isSnapshotVersion(last) ? parseVersionFolder(folder) : undefined
  if (version !== undefined) admitVersion(version, repository)
}
