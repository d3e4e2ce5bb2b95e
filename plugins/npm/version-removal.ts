import { principalId, type RepositoryChangeSet, type RepositoryContext } from '#core'
import { houseClock } from './house-clock.js'
import { documentKeys, type TombstoneDocument, versionKeys } from './package-documents.js'
import { tarballPath } from './package-name.js'

/** A version as it leaves: how many documents hold its text, where it has some of its own for that. */
export interface Leaving {
  readonly version: string
  readonly parts?: number
}

/** Rows that the versions of one commit may take: a commit has room for 100, head, tags and log among them. */
const rowsPerCommit = 60
/** Of a version besides its text: document, readme, attestation, tombstone, and what the store keeps of a file. */
const rowsOfVersion = 10

/** Takes a version away with everything of its own, and sees to it that it never comes back. */
export function removeVersion(pkg: string, leaving: Leaving, tombstone: TombstoneDocument, changes: RepositoryChangeSet): void {
  const { version } = leaving
  for (const key of versionKeys(pkg, leaving)) changes.deleteDocument(key)
  changes
    .deleteDocument(documentKeys.readme(pkg, version))
    .deleteDocument(documentKeys.attestation(pkg, version))
    .putDocument(documentKeys.gone(pkg, version), tombstone)
    .deleteArtifact(tarballPath(pkg, version))
}

export function tombstoneBy({ principal }: RepositoryContext): TombstoneDocument {
  return { v: 1, at: houseClock.now().toISOString(), by: principalId(principal) }
}

/** As many of them together as one commit can take. */
export function inCommits<Each extends Leaving>(versions: Iterable<Each>): Each[][] {
  const commits: Each[][] = []
  let room = 0
  for (const version of versions) {
    const rows = rowsOfVersion + (version.parts ?? 0)
    if (rows > room) {
      commits.push([])
      room = rowsPerCommit
    }
    commits.at(-1)?.push(version)
    room -= rows
  }
  return commits
}
