import {
  conflict,
  empty,
  invalid,
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type RepositoryContext,
  requireDigests,
  type UploadSession,
  unsupported,
} from '#core'
import { meantType } from './content-type.js'
import { promisedDigests } from './digest-headers.js'
import { holdTarget } from './stored-file.js'
import { booleanField, sizeField } from './structured-field.js'
import { asNote, completeUpload, conditionsOf, type UploadAddress, uploadAddress, uploadAt } from './upload-target.js'

/** Resumable Uploads for HTTP (draft-ietf-httpbis-resumable-upload), told from tus by `Upload-Complete`. Node sends no 104, so a client learns of
 *  its upload by the answer to a first request that says `?0`. */
export const partialUpload = 'application/partial-upload'

/** Does a PUT bring all of its file? Only one that says `Upload-Complete: ?0` begins an upload. */
export function bringsAll(request: ProtocolRequest): boolean {
  return booleanField('Upload-Complete', request.header('upload-complete')) ?? true
}

/** PUT of the first part of a file. */
export async function startUpload(path: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const length = sizeField('Upload-Length', request.header('upload-length'))
  const digests = promisedDigests((name) => (name === 'content-digest' ? undefined : request.header(name)))
  const conditions = conditionsOf(request)
  await holdTarget(path, (name) => conditions[name], context)
  const type = meantType(request.header('content-type'))
  const note = asNote({ protocol: 'draft', target: path, conditions, digests, ...(type === undefined ? {} : { type }) })
  let session = await context.uploads.create(note, length)
  try {
    session = await context.uploads.append(session, 0, request.body, contentJudge(request))
  } catch (thrown) {
    // Its client knows no address to go on with.
    await context.uploads.discard(session)
    throw thrown
  }
  return empty(201, { location: uploadAddress(session, context), ...standing(session, context) })
}

export async function showUpload(params: UploadAddress, context: RepositoryContext): Promise<Reply> {
  const session = await uploadAt(params, 'draft', context)
  return empty(204, { 'cache-control': 'no-store', ...standing(session, context) })
}

export async function appendUpload(params: UploadAddress, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== partialUpload) throw unsupported(`A part of an upload has the type ${partialUpload}`)
  const offset = sizeField('Upload-Offset', request.header('upload-offset'))
  const complete = booleanField('Upload-Complete', request.header('upload-complete'))
  if (offset === undefined || complete === undefined) throw invalid('A part of an upload says Upload-Offset and Upload-Complete')
  const length = sizeField('Upload-Length', request.header('upload-length'))
  let session = await uploadAt(params, 'draft', context)
  if (session.outcome !== undefined) return repeated(session, offset, complete)
  if (length !== undefined) session = await context.uploads.setLength(session, length)
  try {
    session = await context.uploads.append(session, offset, request.body, contentJudge(request))
  } catch (thrown) {
    // More than was announced: which bytes were meant nobody knows, so the upload is void.
    const beyond = thrown instanceof RegistryError && thrown.kind === 'too-large' && thrown.detail['code'] === 'upload-length'
    if (beyond) await context.uploads.discard(session)
    throw thrown
  }
  if (complete) return finish(session, context)
  return empty(204, standing(session, context))
}

export async function cancelUpload(params: UploadAddress, context: RepositoryContext): Promise<Reply> {
  await context.uploads.discard(await uploadAt(params, 'draft', context))
  return empty(204)
}

/** What a client may expect before it begins: an upload's limits. */
export function uploadLimit(limit: number, seconds: number): string {
  return `max-size=${limit}, min-size=0, max-age=${seconds}`
}

async function finish(session: UploadSession, context: RepositoryContext): Promise<Reply> {
  const { length, offset } = session
  if (length !== undefined && length !== offset) {
    const message = `The upload ends at ${offset} and had announced ${length} bytes`
    throw invalid(message, { detail: { code: 'upload-length' } })
  }
  const reply = await completeUpload(
    length === undefined ? await context.uploads.setLength(session, offset) : session,
    [session],
    context,
  )
  return { ...reply, headers: { ...reply.headers, 'upload-complete': '?1', 'upload-offset': String(offset) } }
}

/** The last part again, whose answer was lost: the same answer. Anything else comes too late. */
function repeated({ offset, outcome }: UploadSession, asked: number, complete: boolean): Reply {
  if (!complete || asked !== offset) throw conflict('The upload is complete', { detail: { code: 'upload-offset', offset } })
  const status = typeof outcome?.['status'] === 'number' ? outcome['status'] : 200
  return empty(status, { etag: String(outcome?.['etag']), 'upload-complete': '?1', 'upload-offset': String(offset) })
}

function standing(session: UploadSession, context: RepositoryContext): Readonly<Record<string, string>> {
  const { offset, length, outcome, expires } = session
  const seconds = Math.max(0, Math.floor((expires.getTime() - Date.now()) / 1000))
  return {
    'upload-offset': String(offset),
    'upload-complete': outcome === undefined ? '?0' : '?1',
    ...(length === undefined ? {} : { 'upload-length': String(length) }),
    'upload-limit': uploadLimit(context.uploads.limit, seconds),
  }
}

/** `Content-Digest` is of this request's bytes alone: they count only if they fit. */
function contentJudge(request: ProtocolRequest) {
  const promised = promisedDigests((name) => (name === 'content-digest' ? request.header(name) : undefined))
  const digests = (Object.keys(promised) as (keyof typeof promised)[]).filter((name) => name !== 'sha256')
  if (Object.keys(promised).length === 0) return {}
  return { digests, judge: (found: Parameters<typeof requireDigests>[1]) => requireDigests(promised, found) }
}
