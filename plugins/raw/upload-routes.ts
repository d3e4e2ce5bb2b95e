import {
  type Headers,
  methodNotAllowed,
  type ProtocolRequest,
  type Reply,
  type Repository,
  type RepositoryContext,
  type Route,
  repositoryRoute,
} from '#core'
import { appendTus, createTus, otherVersion, showTus, terminateTus } from './tus.js'
import { tusAlgorithms, tusExtensions, tusVersion } from './tus-fields.js'
import { appendUpload, cancelUpload, showUpload, uploadLimit } from './upload-draft.js'
import type { UploadAddress } from './upload-target.js'

const permission = 'artifacts.write'
const day = 24 * 60 * 60

/** An upload's address ends in the path of its file, against which grants are held; a part of a concatenation has none. */
const addresses = ['/-/uploads/{id}', '/-/uploads/{id}/{path+}'] as const

const show = (request: ProtocolRequest<UploadAddress>, context: RepositoryContext) =>
  isTus(request) ? tus(request, () => showTus(request.params, context)) : showUpload(request.params, context)
const append = (request: ProtocolRequest<UploadAddress>, context: RepositoryContext) =>
  isTus(request)
    ? tus(request, () => appendTus(request.params, request, context))
    : appendUpload(request.params, request, context)
const remove = (request: ProtocolRequest<UploadAddress>, context: RepositoryContext) =>
  isTus(request) ? tus(request, () => terminateTus(request.params, context)) : cancelUpload(request.params, context)

/** For clients whose network lets nothing but GET and POST through; on these addresses alone. */
const overridden = (request: ProtocolRequest<UploadAddress>, context: RepositoryContext): Promise<Reply> => {
  const method = request.header('x-http-method-override')?.trim().toUpperCase()
  if (method === 'PATCH') return append(request, context)
  if (method === 'DELETE') return remove(request, context)
  throw methodNotAllowed(['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'])
}

const onUploads = addresses.flatMap((path): Route<RepositoryContext>[] => [
  repositoryRoute({ method: 'GET', path, permission, handle: show }),
  repositoryRoute({ method: 'PATCH', path, permission, handle: append }),
  repositoryRoute({ method: 'POST', path, permission, handle: overridden }),
  repositoryRoute({ method: 'DELETE', path, permission, handle: remove }),
])

/** With a folder, metadata names files below it: for those who may write there alone. */
const creation = (['/-/tus', '/-/tus/', '/-/tus/{folder+}', '/-/tus/{folder+}/'] as const).map((path) =>
  repositoryRoute({
    method: 'POST',
    path,
    permission,
    handle: (request: ProtocolRequest<{ readonly folder?: string }>, context) =>
      tus(request, () => createTus(request.params.folder ?? '', request, context)),
  }),
)

export const uploadRoutes: readonly Route<RepositoryContext>[] = [...creation, ...onUploads]

/** What OPTIONS says of uploads. */
export function announceUploads(path: string, repository: Repository): Headers {
  const limit = repository.maxSize === undefined ? {} : { 'tus-max-size': String(repository.maxSize) }
  if (path.startsWith('/-/'))
    return {
      ...{ 'tus-resumable': tusVersion, 'tus-version': tusVersion, 'tus-extension': tusExtensions },
      ...{ 'tus-checksum-algorithm': tusAlgorithms, ...limit },
    }
  const seconds = `min-size=0, max-age=${day}`
  return { 'upload-limit': repository.maxSize === undefined ? seconds : uploadLimit(repository.maxSize, day) }
}

/** `Upload-Offset` and `Upload-Length` stand in both protocols; this header in one. */
export function isTus(request: Pick<ProtocolRequest, 'header'>): boolean {
  return request.header('tus-resumable') !== undefined
}
async function tus(request: ProtocolRequest<object>, answer: () => Promise<Reply>): Promise<Reply> {
  return otherVersion(request as ProtocolRequest) ?? answer()
}
