import {
  empty,
  invalid,
  notFound,
  type PathParams,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
  unsupported,
} from '#core'
import { deployByChecksum, isChecksumDeploy } from './checksum-deploy.js'
import { meantType } from './content-type.js'
import { announcedTrailers, promisedDigests } from './digest-headers.js'
import { explode, isExplosion } from './exploded-archive.js'
import { toSlashForm } from './file-path.js'
import { removeFolder } from './folder-changes.js'
import { isFolder } from './folders.js'
import { flag } from './listing-query.js'
import { holdFolderPreconditions, holdPreconditions } from './preconditions.js'
import { serveFile } from './served-file.js'
import { computedSidecar } from './sidecar.js'
import { holdTarget, storeFile } from './stored-file.js'
import { bringsAll, startUpload } from './upload-draft.js'

type FileRequest = ProtocolRequest<PathParams<'/{path+}'>>

export const getFile = repositoryRoute({
  method: 'GET',
  path: '/{path+}',
  permission: 'artifacts.read',
  async handle(request, context) {
    const { path } = request.params
    const artifact = await context.artifacts.find(path)
    if (artifact !== undefined) return serveFile(artifact, request, context)
    const sidecar = await computedSidecar(path, context)
    if (sidecar !== undefined) return sidecar
    if (await isFolder(path, context)) return toSlashForm(path, request, context)
    throw notFound('File', path)
  },
})

export const putFile = repositoryRoute({
  method: 'PUT',
  path: '/{path+}',
  permission: 'artifacts.write',
  async handle(request, context) {
    const { path } = request.params
    refusePartialOrCoded(request)
    if (isExplosion(request)) return explode(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '', request, context)
    if (isChecksumDeploy(request)) return deployByChecksum(path, request, context)
    if (!bringsAll(request)) return startUpload(path, request, context)
    const promised = promisedDigests((name) => request.header(name))
    const held = await holdTarget(path, (name) => request.header(name), context)
    const trailers = announcedTrailers(request)
    const blob = await context.stage(request.body, promised, { digests: trailers.digests })
    trailers.hold(blob.digests)
    const type = meantType(request.header('content-type'))
    const reply = await storeFile({ path, blob, type, held }, context)
    if (request.header('upload-complete') === undefined) return reply
    return { ...reply, headers: { ...reply.headers, 'upload-complete': '?1' } }
  },
})

export const deleteFile = repositoryRoute({
  method: 'DELETE',
  path: '/{path+}',
  permission: 'artifacts.delete',
  async handle(request, context) {
    const { path } = request.params
    const current = await context.artifacts.find(path)
    if (current === undefined) {
      if (context.repository.webdav === true && (await isFolder(path, context))) return removeWhole(path, request, context)
      throw notFound('File', path)
    }
    const held = holdPreconditions((name) => request.header(name), current)
    await context
      .change()
      .deleteArtifact(path, typeof held === 'object' ? { if: held } : {})
      .commit()
    return empty(204)
  },
})

export const deleteFolder = repositoryRoute({
  method: 'DELETE',
  path: '/{path+}/',
  permission: 'artifacts.delete',
  async handle(request, context) {
    const { path } = request.params
    if (!(await isFolder(path, context))) throw notFound('Folder', `${path}/`)
    if (context.repository.webdav !== true && !flag('recursive', request.query.get('recursive')))
      throw invalid('A folder goes with all that is in it: say ?recursive=true')
    return removeWhole(path, request, context)
  },
})

/** WebDAV's clients may say how deep, and there is one answer. */
async function removeWhole(path: string, request: Pick<ProtocolRequest, 'header'>, context: RepositoryContext): Promise<Reply> {
  if ((request.header('depth')?.trim().toLowerCase() ?? 'infinity') !== 'infinity')
    throw invalid('A folder is removed with Depth: infinity')
  holdFolderPreconditions((name) => request.header(name))
  await removeFolder(path, context)
  return empty(204)
}

/** Only an archive is put to a folder. */
const putArchive = async (folder: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> => {
  if (!isExplosion(request)) throw invalid('The name of a file does not end in a slash')
  return explode(folder, request, context)
}
export const putRoot = repositoryRoute({
  method: 'PUT',
  path: '/',
  permission: 'artifacts.write',
  handle: (request, context) => putArchive('', request, context),
})
export const putFolder = repositoryRoute({
  method: 'PUT',
  path: '/{path+}/',
  permission: 'artifacts.write',
  handle: (request, context) => putArchive(request.params.path, request, context),
})

/** Only after path and rights were checked, and before the body is asked for. */
function refusePartialOrCoded(request: FileRequest): void {
  // `curl -C - -T` sends the tail alone: kept as a file it would replace the whole (RFC 9110 14.5).
  if (request.header('content-range') !== undefined) throw invalid('Content-Range is not taken: send the whole file')
  const coding = request.header('content-encoding')?.trim().toLowerCase()
  if (coding !== undefined && coding !== '' && coding !== 'identity')
    throw unsupported('Content-Encoding is not taken: send the plain bytes')
}
