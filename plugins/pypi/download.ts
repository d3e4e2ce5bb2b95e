import { type Artifact, bytes, notFound, type RepositoryContext, repositoryRoute } from '#core'
import { type DistributionFile, metadataSuffix, parseFilename } from './distribution-file.js'
import { requireOffered, storedPath } from './project-documents.js'
import { normalVersion } from './version.js'

/** A file under the digest of its own bytes: other bytes are another address, so what is here never changes. */
const download = repositoryRoute({
  method: 'GET',
  path: '/files/{sha256}/{filename}',
  permission: 'artifacts.read',
  async handle({ params: { sha256, filename } }, context) {
    const suffix = filename.endsWith(metadataSuffix) ? metadataSuffix : ''
    const name = filename.slice(0, filename.length - suffix.length)
    const file = parseFilename(name)
    const artifact = file && (await findFile(context, file, sha256))
    if (!file || !artifact) throw notFound('File', filename)
    if (suffix === '') {
      const download = { package: file.project, version: normalVersion(file.version) }
      return bytes(artifact, { immutable: true, contentType: 'application/octet-stream', filename: name, download })
    }
    const metadata = await context.artifacts.find(`${storedPath(file)}${metadataSuffix}`)
    if (!metadata) throw notFound('File', filename)
    return bytes(metadata, { immutable: true, contentType: 'text/plain; charset=utf-8' })
  },
})
export const downloadRoutes = [download]

/** Digest and name must belong to one file of this repository: neither alone opens anything. */
async function findFile(context: RepositoryContext, file: DistributionFile, sha256: string): Promise<Artifact | undefined> {
  const [artifact] = await Promise.all([
    context.artifacts.find(storedPath(file)),
    requireOffered(context.documents, file.project),
  ])
  return artifact?.digests.sha256 === sha256 ? artifact : undefined
}
