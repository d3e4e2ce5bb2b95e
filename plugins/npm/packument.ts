import type { Reply, RepositoryContext } from '#core'
import { houseClock } from './house-clock.js'
import { attestationsMember, servedVersion } from './manifest.js'
import { flavourOf, mediaTypes } from './negotiation.js'
import { noSuchPackage, worded404 } from './npm-error.js'
import { documentKeys, findPackage, findVersion, type TagDocument } from './package-documents.js'
import { tarballPath } from './package-name.js'
import { packageRoutes } from './package-routes.js'
import { packumentIndex } from './packument-index.js'
import { withSignature } from './signatures.js'

const settledAfter = 2_000

/** GET of a packument in the flavour that Accept asks for, and of one version by number or tag (npm dossier 4, 5, 7). */
export const packumentRoutes = [
  ...packageRoutes('GET', ['', ''], 'artifacts.read', async (pkg, request, context) => {
    const index = await context.index(packumentIndex.name, pkg)
    if (index === undefined) throw noSuchPackage(pkg)
    const reply = await index.reply(flavourOf(request.header('accept')), request)
    // A date counts seconds: it says nothing of a package that may change again within this one (npm dossier 5.1).
    const settled = houseClock.now().getTime() - index.modified.getTime() >= settledAfter
    return settled && reply.etag !== undefined ? { ...reply, modified: index.modified } : reply
  }),
  ...packageRoutes('GET', ['', '/{version}'], 'artifacts.read', (pkg, { params }, context) =>
    manifest(pkg, params['version'] ?? '', context),
  ),
]

async function manifest(pkg: string, wanted: string, context: RepositoryContext): Promise<Reply> {
  const { documents } = context
  const found = (await findVersion(pkg, wanted, documents)) ?? (await taggedVersion(pkg, wanted, context))
  if (found === undefined) {
    if ((await findPackage(pkg, documents)) === undefined) throw noSuchPackage(pkg)
    throw worded404('version', wanted)
  }
  const { dist } = await withSignature(pkg, found, context.signatures)
  const base = context.mountUrl.href
  const attested = attestationsMember(base, pkg, found.version, found.attested)
  return {
    status: 200,
    headers: { 'content-type': mediaTypes.full, 'cache-control': 'private, no-cache' },
    body: new TextEncoder().encode(servedVersion(found.full, dist, base + tarballPath(pkg, found.version), attested)),
  }
}

async function taggedVersion(pkg: string, tag: string, { documents }: RepositoryContext) {
  const document = (await documents.find(documentKeys.tag(pkg, tag)))?.value as TagDocument | undefined
  return document === undefined ? undefined : findVersion(pkg, document.version, documents)
}
