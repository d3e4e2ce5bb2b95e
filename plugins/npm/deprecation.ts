import { type DocumentKey, invalid, type Json, json, type Reply, type RepositoryContext, stale } from '#core'
import { deprecate } from './manifest.js'
import { noSuchPackage } from './npm-error.js'
import { changePackage } from './package-changes.js'
import {
  findVersion,
  readPackage,
  revisionOf,
  type StoredPackage,
  type StoredVersion,
  type VersionOutline,
  versionDocuments,
  versionKeys,
} from './package-documents.js'

/** Of versions that are here: sets or removes what differs, and leaves everything else as it is. A publish in between is not lost by it. Throws
 *  `invalid` where one is wanted that is not here. */
export async function deprecateVersions(
  pkg: string,
  wanted: ReadonlyMap<string, string>,
  context: RepositoryContext,
): Promise<Reply> {
  const sequence = await changePackage(pkg, context, async () => {
    const stored = await readPackage(pkg, context.documents)
    if (stored === undefined) throw noSuchPackage(pkg)
    holdToStored(wanted.keys(), stored)
    const differing = [...stored.versions.values()].filter(
      ({ version, deprecated }) => (wanted.get(version) ?? deprecated) !== deprecated,
    )
    return deprecateAll(pkg, differing, wanted, stored.head.sequence, context)
  })
  return json(201, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** Throws `invalid` on a version that is not here: it comes with its tarball or not at all. */
export function holdToStored(versions: Iterable<string>, stored: StoredPackage): void {
  for (const version of versions)
    if (!stored.versions.has(version)) throw invalid('a version that is not here cannot be added without its tarball')
}

/** As many versions together as one commit can take; each of them is whole in itself. Returns the last sequence. */
async function deprecateAll(
  pkg: string,
  versions: readonly VersionOutline[],
  wanted: ReadonlyMap<string, string>,
  start: number,
  context: RepositoryContext,
): Promise<number> {
  let sequence = start
  let batch: DocumentChange[] = []
  let bytes = 0
  const commit = async () => {
    const changes = context.change().requireHead(pkg, sequence)
    for (const { key, value } of batch) {
      if (value === undefined) changes.deleteDocument(key)
      else changes.putDocument(key, value)
    }
    sequence = (await changes.commit()).heads.get(pkg) ?? sequence
    batch = []
    bytes = 0
  }
  for (const { version } of versions) {
    const stored = await findVersion(pkg, version, context.documents)
    if (stored === undefined) throw stale('The package changed meanwhile', { detail: { package: pkg } })
    const changes = deprecation(pkg, stored, wanted.get(version) ?? '')
    const size = Buffer.byteLength(JSON.stringify(changes))
    if (batch.length > 0 && (bytes + size > commitRoom.bytes || batch.length + changes.length > commitRoom.rows)) await commit()
    batch.push(...changes)
    bytes += size
  }
  if (batch.length > 0) await commit()
  return sequence
}

/** Of a commit's 3 MiB and 100 rows. */
const commitRoom = { bytes: 2 * 1024 ** 2, rows: 60 } as const

type DocumentChange = { readonly key: DocumentKey; readonly value: Json | undefined }

function deprecation(pkg: string, version: StoredVersion, message: string): readonly DocumentChange[] {
  const documents = versionDocuments(pkg, { ...version, ...deprecate(version, message) })
  const kept = new Set(documents.map(({ key }) => JSON.stringify(key)))
  const dropped = versionKeys(pkg, version).filter((key) => !kept.has(JSON.stringify(key)))
  return [...documents, ...dropped.map((key) => ({ key, value: undefined }))]
}
