import { invalid, type Omission, type ProtocolRequest, type Reply, type RepositoryContext, tooLarge } from '#core'
import { deprecateVersions, holdToStored } from './deprecation.js'
import { changeOwners } from './owners.js'
import { presentPackage, storedAt } from './package-changes.js'
import { packageRoutes } from './package-routes.js'
import { publish, publisherOf } from './publish.js'
import { oneTarball, readPackageDocument } from './publish-document.js'
import { star, starChange } from './stars.js'
import { unpublishVersions } from './unpublish.js'
import { confirmWrite } from './write-code.js'

/** Bytes of a body around its tarball. Deprecating and unpublishing send a whole packument, of which little is needed: behind the length of any publish
 *  the manifests of versions are read past. */
const textLimit = 32 * 1024 ** 2
const manifests: Omission = {
  after: 1024 ** 2,
  depth: 3,
  picks: ([top, , field]) => top === 'versions' && field !== 'deprecated',
  most: 256 * 1024 ** 2,
}
/** What comes without tarball and manifests. */
const smallBody = 64 * 1024
/** Bytes of a tarball where the repository sets no limit of its own. */
const tarballLimit = 256 * 1024 ** 2

/** PUT of a package, with and without the revision: what is meant is told by the body, and who may only read can still give a star (npm dossier 10). */
export const packagePutRoutes = [
  ...packageRoutes('PUT', ['', ''], 'artifacts.write', put, 'artifacts.read'),
  ...packageRoutes('PUT', ['', '/-rev/{rev}'], 'artifacts.write', putAtRevision, 'artifacts.read'),
]

async function put(pkg: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const meaning = await meaningOf(pkg, request, context)
  if (meaning.kind === 'publish') return publish(pkg, meaning, context)
  const { versions, stars } = meaning
  if (versions !== undefined) return deprecateVersions(pkg, versions, await context.widen('artifacts.write'))
  if (stars !== undefined) return star(pkg, stars.has(publisherOf(context).name), context)
  throw unknownMeaning()
}

async function putAtRevision(pkg: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const meaning = await meaningOf(pkg, request, context)
  if (meaning.kind === 'publish') throw invalid('a version is published without a revision in the address')
  const rev = request.params['rev'] ?? ''
  const { versions, stars, maintainers } = meaning
  if (versions === undefined) {
    const writing = await context.widen('artifacts.write')
    await presentPackage(pkg, context, rev)
    if (maintainers === undefined) throw unknownMeaning()
    return changeOwners(pkg, rev, writing, () => maintainers)
  }
  const stored = await storedAt(rev, pkg, context)
  holdToStored(versions.keys(), stored)
  const leaving = new Set([...stored.versions.keys()].filter((version) => !versions.has(version)))
  if (leaving.size > 0) return unpublishVersions(pkg, rev, leaving, meaning.tags, await context.widen('artifacts.delete'))
  const starred = stars && (await starChange(pkg, stars, context))
  if (starred !== undefined) return star(pkg, starred, context)
  return deprecateVersions(pkg, versions, await context.widen('artifacts.write'))
}

/** A code is asked for before a large body is read, and of a small one once it is known that it is more than a star. */
async function meaningOf(pkg: string, request: ProtocolRequest, context: RepositoryContext) {
  const small = Number(request.header('content-length') ?? Number.NaN) <= smallBody
  if (!small) await confirmWrite(request, context)
  const limits = { text: textLimit, blob: context.repository.maxSize ?? tarballLimit, blobs: 1, omit: manifests }
  const { value, blobs, omitted } = await request.jsonWithBlobs(oneTarball(), context.stage, limits)
  if (omitted && blobs.length > 0) throw tooLarge(`a publish has at most ${manifests.after} bytes around its tarball`)
  const meaning = readPackageDocument(pkg, value, blobs)
  const stars = meaning.kind !== 'publish' && meaning.versions === undefined && meaning.stars !== undefined
  if (small && !stars) await confirmWrite(request, context)
  return meaning
}

function unknownMeaning() {
  return invalid('the body neither publishes, deprecates, unpublishes, stars nor changes maintainers')
}
