import { bytes, notFound, type ProtocolRequest, type Reply, type RepositoryContext } from '#core'
import { findVersion } from './package-documents.js'
import { scopeOf, tarballPath, versionOfTarball } from './package-name.js'
import { packageRoutes } from './package-routes.js'

/** GET of a version's file, in the spelling of packuments and in that of publishers, who repeat the scope (npm dossier 8). */
export const tarballRoutes = [
  ...packageRoutes('GET', ['', '/-/{file}'], 'artifacts.read', tarball),
  ...packageRoutes('GET', ['', '/-/@{fileScope}/{file}'], 'artifacts.read', tarball),
]

/** What belongs to no version of today is not found, even where its bytes still lie about. */
async function tarball(pkg: string, { params }: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const { file = '', fileScope } = params
  const version = versionOfTarball(pkg, file)
  if (version === undefined || version === '' || (fileScope !== undefined && fileScope !== scopeOf(pkg)))
    throw notFound('tarball', file)
  const [artifact, published] = await Promise.all([
    context.artifacts.find(tarballPath(pkg, version)),
    context.repository.kind === 'hosted' ? findVersion(pkg, version, context.documents) : true,
  ])
  if (artifact === undefined || published === undefined) throw notFound('tarball', file)
  return bytes(artifact, {
    filename: file,
    immutable: true,
    download: { package: pkg, version },
    headers: { 'cache-control': 'private, max-age=31536000, immutable, no-transform' },
  })
}
