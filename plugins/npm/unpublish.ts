import {
  conflict,
  json,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryChangeSet,
  type RepositoryContext,
} from '#core'
import { factsOf } from './manifest.js'
import { changePackage, storedAt } from './package-changes.js'
import { documentKeys, findVersion, revisionOf, type StoredPackage } from './package-documents.js'
import { highestVersion, quoted, versionOfTarball } from './package-name.js'
import { packageRoutes } from './package-routes.js'
import { cleanUp, removePackage } from './removed-package.js'
import { removeVersion, tombstoneBy } from './version-removal.js'
import { confirmed } from './write-code.js'

/** DELETE of a whole package, and of the file of a version that is already unpublished (npm dossier 10). */
export const unpublishRoutes = [
  ...packageRoutes(
    'DELETE',
    ['', '/-rev/{rev}'],
    'artifacts.delete',
    confirmed((pkg, { params }, context) => unpublishPackage(pkg, params['rev'] ?? '', context)),
  ),
  ...packageRoutes('DELETE', ['', '/-/{file}/-rev/{rev}'], 'artifacts.delete', confirmed(confirmTarball)),
  ...packageRoutes('DELETE', ['', '/-/@{fileScope}/{file}/-rev/{rev}'], 'artifacts.delete', confirmed(confirmTarball)),
]

async function unpublishPackage(pkg: string, rev: string, context: RepositoryContext): Promise<Reply> {
  const sequence = await changePackage(pkg, context, async () => removePackage(pkg, await storedAt(rev, pkg, context), context))
  await cleanUp(pkg, context)
  return json(200, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** Removes versions with everything of theirs in one commit, however many; of all versions, the package. Where a tag goes that pointed to one of them, `wanted` says. */
export async function unpublishVersions(
  pkg: string,
  rev: string,
  leaving: ReadonlySet<string>,
  wanted: ReadonlyMap<string, string>,
  context: RepositoryContext,
): Promise<Reply> {
  let whole = false
  const sequence = await changePackage(pkg, context, async () => {
    const stored = await storedAt(rev, pkg, context)
    whole = leaving.size === stored.versions.size
    if (whole) return removePackage(pkg, stored, context)
    const gone = [...stored.versions.values()].filter(({ version }) => leaving.has(version))
    const changes = context
      .change()
      .requireHead(pkg, stored.head.sequence)
      .deletion({ package: pkg, version: named(gone) })
    await moveTags(pkg, stored, leaving, wanted, context, changes)
    for (const version of gone) removeVersion(pkg, version, tombstoneBy(context), changes)
    return (await changes.commit()).heads.get(pkg) ?? 0
  })
  if (whole) await cleanUp(pkg, context)
  return json(201, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** For whoever looks for what to bring back: the first of them where there are many. */
function named(versions: readonly { readonly version: string }[]): string {
  const names = versions.slice(0, 20).map(({ version }) => version)
  return [...names, ...(versions.length > names.length ? [`${versions.length - names.length} more`] : [])].join(', ')
}

/** Tags that pointed to a version that leaves go where the client sent them, else away; there is always a latest. */
export async function moveTags(
  pkg: string,
  { document, versions, tags }: StoredPackage,
  leaving: ReadonlySet<string>,
  wanted: ReadonlyMap<string, string>,
  { documents }: RepositoryContext,
  changes: RepositoryChangeSet,
): Promise<void> {
  const remaining = new Set([...versions.keys()].filter((version) => !leaving.has(version)))
  const { generation } = document
  for (const [tag, { version }] of tags) {
    if (!leaving.has(version)) continue
    const sent = wanted.get(tag)
    const asked = sent !== undefined && remaining.has(sent)
    const target = asked ? sent : tag === 'latest' ? highestVersion(remaining) : undefined
    if (target === undefined) changes.deleteDocument(documentKeys.tag(pkg, tag))
    else changes.putDocument(documentKeys.tag(pkg, tag), { v: 1, generation, version: target, explicit: asked })
    const latest = tag === 'latest' && target !== undefined ? await findVersion(pkg, target, documents) : undefined
    if (latest !== undefined) changes.describe(pkg, factsOf(latest.full, latest.publishedAt))
  }
}

/** The second half of npm's unpublish: the file went with its version. */
async function confirmTarball(pkg: string, { params }: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const file = params['file'] ?? ''
  const version = versionOfTarball(pkg, file)
  if (version === undefined || version === '') throw notFound('tarball', file)
  if ((await findVersion(pkg, version, context.documents)) !== undefined)
    throw conflict(`${quoted(file)} belongs to a published version: unpublish that`, { detail: { worded: true } })
  if ((await context.documents.find(documentKeys.gone(pkg, version))) === undefined) throw notFound('tarball', file)
  return json(200, { ok: true })
}
