import {
  type Artifact,
  type ArtifactReader,
  bytes,
  conflict,
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
import { meantType, servedType } from './content-type.js'
import { knownDigests, promisedDigests, wantedDigests } from './digest-headers.js'
import { encodePath, foldersAbove, toSlashForm } from './file-path.js'
import { etagOf, holdPreconditions } from './preconditions.js'
import { computedSidecar } from './sidecar.js'

type FileRequest = ProtocolRequest<PathParams<'/{path+}'>>

export const getFile = repositoryRoute({
  method: 'GET',
  path: '/{path+}',
  permission: 'artifacts.read',
  async handle(request, context) {
    const { path } = request.params
    const artifact = await context.artifacts.find(path)
    if (artifact !== undefined) return serve(artifact, request, context)
    const sidecar = await computedSidecar(path, context)
    if (sidecar !== undefined) return sidecar
    if (await isFolder(path, context.artifacts)) return toSlashForm(path, request, context)
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
    const promised = promisedDigests((name) => request.header(name))
    const current = await context.artifacts.find(path)
    const held = holdPreconditions((name) => request.header(name), current)
    if (current === undefined) await refuseFileBesideFolder(path, context.artifacts)

    const blob = await context.stage(request.body, promised)
    const contentType = meantType(request.header('content-type'))
    const { artifacts } = await context
      .change()
      .putArtifact(path, blob, {
        replace: true,
        ...(contentType === undefined ? {} : { contentType }),
        ...(held === undefined ? {} : { if: held }),
      })
      .commit()

    const headers = { etag: etagOf(blob.digests.sha256), ...knownDigests(blob.digests) }
    switch (artifacts.get(path)) {
      case 'replaced':
        return empty(204, headers)
      case 'same':
        return empty(200, headers)
      default:
        return empty(201, { location: context.mountUrl.href + encodePath(path), ...headers })
    }
  },
})

export const deleteFile = repositoryRoute({
  method: 'DELETE',
  path: '/{path+}',
  permission: 'artifacts.delete',
  async handle(request, context) {
    const { path } = request.params
    const current = await context.artifacts.get(path)
    const held = holdPreconditions((name) => request.header(name), current)
    await context
      .change()
      .deleteArtifact(path, typeof held === 'object' ? { if: held } : {})
      .commit()
    return empty(204)
  },
})

const refusePutOfFolder = async (): Promise<Reply> => {
  throw invalid('The name of a file does not end in a slash')
}
export const putRoot = repositoryRoute({ method: 'PUT', path: '/', permission: 'artifacts.write', handle: refusePutOfFolder })
export const putFolder = repositoryRoute({
  method: 'PUT',
  path: '/{path+}/',
  permission: 'artifacts.write',
  handle: refusePutOfFolder,
})

async function serve(artifact: Artifact, request: FileRequest, context: RepositoryContext): Promise<Reply> {
  return bytes(artifact, {
    contentType: servedType(artifact),
    immutable: context.repository.writePolicy === 'once',
    headers: await wantedDigests((name) => request.header(name), artifact, context.artifacts),
  })
}

/** Only after path and rights were checked, and before the body is asked for. */
function refusePartialOrCoded(request: FileRequest): void {
  // `curl -C - -T` sends the tail alone: kept as a file it would replace the whole (RFC 9110 14.5).
  if (request.header('content-range') !== undefined) throw invalid('Content-Range is not taken: send the whole file')
  const coding = request.header('content-encoding')?.trim().toLowerCase()
  if (coding !== undefined && coding !== '' && coding !== 'identity')
    throw unsupported('Content-Encoding is not taken: send the plain bytes')
  // A checksum deploy offers a digest in place of the bytes; 404 makes its client send them (raw dossier 7).
  if (request.header('x-checksum-deploy')?.trim().toLowerCase() === 'true')
    throw notFound('Blob for checksum deploy', request.params.path)
}

/** A path is a file or a folder. Looked up before the commit: two that race may both stay, which every read survives (raw dossier 1). */
async function refuseFileBesideFolder(path: string, artifacts: ArtifactReader): Promise<void> {
  const [folder, ...above] = await Promise.all([
    isFolder(path, artifacts),
    ...foldersAbove(path).map((one) => artifacts.find(one)),
  ])
  if (folder) throw conflict(`${path} is a folder`)
  const file = above.find((artifact) => artifact !== undefined)
  if (file !== undefined) throw conflict(`${file.path} is a file, nothing can lie below it`)
}

async function isFolder(path: string, artifacts: ArtifactReader): Promise<boolean> {
  for await (const _ of artifacts.list(path, { limit: 1 })) return true
  return false
}
