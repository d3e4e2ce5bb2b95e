import { type DocumentKey, type Json, json, type Reply, type RepositoryContext } from '#core'
import { deprecate, deprecationOf } from './manifest.js'
import { noSuchPackage } from './npm-error.js'
import { changePackage } from './package-changes.js'
import { readPackage, revisionOf, type StoredVersion, versionDocuments, versionKeys } from './package-documents.js'

/** Of versions that are here: sets or removes what differs, and leaves everything else as it is. A publish in between is not lost by it. */
export async function deprecateVersions(
  pkg: string,
  wanted: ReadonlyMap<string, string>,
  context: RepositoryContext,
): Promise<Reply> {
  const sequence = await changePackage(pkg, context, async () => {
    const stored = await readPackage(pkg, context.documents)
    if (stored === undefined) throw noSuchPackage(pkg)
    const differing = [...stored.versions.values()].filter(
      (each) => wanted.has(each.version) && wanted.get(each.version) !== deprecationOf(each),
    )
    let { sequence } = stored.head
    for (const batch of inCommits(pkg, differing, wanted)) {
      const changes = context.change().requireHead(pkg, sequence)
      for (const { key, value } of batch) {
        if (value === undefined) changes.deleteDocument(key)
        else changes.putDocument(key, value)
      }
      sequence = (await changes.commit()).heads.get(pkg) ?? sequence
    }
    return sequence
  })
  return json(201, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** Of a commit's 3 MiB and 100 rows. */
const commitRoom = { bytes: 2 * 1024 ** 2, rows: 60 } as const

type DocumentChange = { readonly key: DocumentKey; readonly value: Json | undefined }

/** What changes with these deprecations, as many versions together as one commit can take; each of them is whole in itself. */
function inCommits(pkg: string, versions: readonly StoredVersion[], wanted: ReadonlyMap<string, string>): DocumentChange[][] {
  const commits: DocumentChange[][] = []
  let bytes = 0
  for (const version of versions) {
    const changes = deprecation(pkg, version, wanted.get(version.version) ?? '')
    const size = Buffer.byteLength(JSON.stringify(changes))
    const last = commits.at(-1)
    if (last === undefined || bytes + size > commitRoom.bytes || last.length + changes.length > commitRoom.rows) {
      commits.push([...changes])
      bytes = size
    } else {
      last.push(...changes)
      bytes += size
    }
  }
  return commits
}

function deprecation(pkg: string, version: StoredVersion, message: string): readonly DocumentChange[] {
  const documents = versionDocuments(pkg, { ...version, ...deprecate(version, message) })
  const kept = new Set(documents.map(({ key }) => JSON.stringify(key)))
  const dropped = versionKeys(pkg, version).filter((key) => !kept.has(JSON.stringify(key)))
  return [...documents, ...dropped.map((key) => ({ key, value: undefined }))]
}
