import { bytes, notFound, repositoryRoute, text } from '#core'
import type { Attestation } from './attestations.js'
import { parseFilename, provenanceSuffix } from './distribution-file.js'
import { type FileDocument, fileKey, findDocument, requireOffered, storedPath } from './project-documents.js'
import { projectOf } from './project-name.js'
import { acceptsType } from './pypi-error.js'
import { parseVersion, versionKey } from './version.js'

const provenanceType = 'application/vnd.pypi.integrity.v1+json'

/** A provenance object (PEP 740). Nobody here verified the publisher, and it says so: a client that knows kinds of publishers trusts none of it. */
export function renderProvenance(attestations: readonly Attestation[]): Buffer {
  const publisher = { kind: 'unverified', claims: null }
  return Buffer.from(JSON.stringify({ version: 1, attestation_bundles: [{ publisher, attestations }] }))
}

/** Where the provenance of a file is told, below the repository's own address. */
export function provenancePath(project: string, version: string, filename: string): string {
  return `integrity/${[project, version, filename].map(encodeURIComponent).join('/')}/provenance`
}

const provenance = repositoryRoute({
  method: 'GET',
  path: '/integrity/{project}/{version}/{filename}/provenance',
  permission: 'artifacts.read',
  async handle(request, context) {
    const { project, version, filename } = request.params
    if (!acceptsType(request.header('accept'), [provenanceType, 'application/json']))
      return text(406, `This address answers as\n${provenanceType}\n`, { 'cache-control': 'no-store', vary: 'Accept' })
    const file = parseFilename(filename)
    const asked = parseVersion(version)
    if (!file || !asked || projectOf(project) !== file.project || versionKey(asked) !== versionKey(file.version))
      throw notFound('Provenance', filename)
    const known = await findDocument<FileDocument>(context.documents, fileKey(file.project, filename))
    if (!known?.value.provenance) throw notFound('Provenance', filename)
    await requireOffered(context.documents, file.project)
    const stored = await context.artifacts.get(`${storedPath(file)}${provenanceSuffix}`)
    return bytes(stored, {
      contentType: provenanceType,
      headers: { 'cache-control': 'private, no-cache', vary: 'Accept, Authorization' },
    })
  },
})
export const provenanceRoutes = [provenance]
