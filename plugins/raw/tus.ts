import {
  canonicalName,
  conflict,
  empty,
  forbidden,
  type Headers,
  invalid,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  type UploadSession,
  unsupported,
} from '#core'
import { meantType } from './content-type.js'
import { promisedDigests } from './digest-headers.js'
import { holdTarget } from './stored-file.js'
import { announcedLength, bytesField, checksumJudge, readMetadata, tusVersion } from './tus-fields.js'
import {
  asNote,
  completeUpload,
  conditionsOf,
  noteOf,
  type UploadAddress,
  type UploadNote,
  uploadAddress,
  uploadAt,
} from './upload-target.js'

/** tus 1.0 (tus.io/protocols/resumable-upload) with all its extensions. The file is named by `path` in the upload's metadata, or by `filename`. */
const offsetType = 'application/offset+octet-stream'

/** 412 where the client speaks another version: this one's answer says which is spoken here. */
export function otherVersion(request: Pick<ProtocolRequest, 'header'>): Reply | undefined {
  if (request.header('tus-resumable') === tusVersion) return undefined
  return empty(412, { 'tus-version': tusVersion, 'tus-resumable': tusVersion })
}

export async function createTus(folder: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const metadata = request.header('upload-metadata')
  const concat = request.header('upload-concat')?.trim()
  const target = targetOf(folder, readMetadata(metadata))
  if (target === undefined && concat !== 'partial') throw invalid('Upload-Metadata names neither a path nor a filename')
  const conditions = conditionsOf(request)
  if (target !== undefined) {
    const reached = await context.reaching(target)
    await holdTarget(target, (name) => conditions[name], reached)
  }
  const type = meantType(readMetadata(metadata).get('filetype'))
  const note: UploadNote = {
    ...{ protocol: 'tus', conditions, digests: promisedDigests((name) => request.header(name)) },
    ...(target === undefined ? {} : { target }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(concat === undefined ? {} : { concat }),
    ...(type === undefined ? {} : { type }),
  }
  if (concat !== undefined && concat !== 'partial') return concatenate(concat, note, request, context)
  const length = announcedLength(request)
  let session = await context.uploads.create(asNote(note), length)
  try {
    if (mediaType(request) === offsetType)
      session = await context.uploads.append(session, 0, request.body, checksumJudge(request))
    if (isWhole(session)) session = await finish(session, [session], context)
  } catch (thrown) {
    // Its client knows no address to go on with.
    await context.uploads.discard(session)
    throw thrown
  }
  return empty(201, { location: uploadAddress(session, context), ...standing(session) })
}

export async function showTus(params: UploadAddress, context: RepositoryContext): Promise<Reply> {
  const session = await uploadAt(params, 'tus', context)
  const { metadata, concat } = noteOf(session)
  return empty(200, {
    'cache-control': 'no-store',
    ...standing(session),
    ...(metadata === undefined ? {} : { 'upload-metadata': metadata }),
    ...(concat === undefined ? {} : { 'upload-concat': concat }),
  })
}

export async function appendTus(params: UploadAddress, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  if (mediaType(request) !== offsetType) throw unsupported(`Bytes of an upload have the type ${offsetType}`)
  const offset = bytesField('Upload-Offset', request.header('upload-offset'))
  if (offset === undefined) throw invalid('Upload-Offset is missing')
  const length = bytesField('Upload-Length', request.header('upload-length'))
  let session = await uploadAt(params, 'tus', context)
  if (noteOf(session).concat?.startsWith('final') === true) throw forbidden('A concatenation takes no bytes of its own')
  if (session.outcome !== undefined) {
    if (offset !== session.offset) throw standsAt(session)
    return empty(204, standing(session))
  }
  if (length !== undefined) session = await context.uploads.setLength(session, length)
  session = await context.uploads.append(session, offset, request.body, checksumJudge(request))
  if (isWhole(session)) session = await finish(session, [session], context)
  return empty(204, standing(session))
}

export async function terminateTus(params: UploadAddress, context: RepositoryContext): Promise<Reply> {
  await context.uploads.discard(await uploadAt(params, 'tus', context))
  return empty(204, { 'tus-resumable': tusVersion })
}

/** `final;/u/1 /u/2`: whole parts of the same caller become one file, and are then gone. */
async function concatenate(
  concat: string,
  note: UploadNote,
  request: ProtocolRequest,
  context: RepositoryContext,
): Promise<Reply> {
  if (request.header('upload-length') !== undefined) throw invalid('The length of a concatenation is that of its parts')
  const ids = /^final; ?(\S+(?: \S+)*)$/.exec(concat)?.[1]?.split(' ').map(idOf)
  if (ids === undefined || new Set(ids).size < ids.length) throw invalid('Upload-Concat is malformed')
  const parts: UploadSession[] = []
  for (const id of ids) {
    const part = await context.uploads.get(id)
    if (noteOf(part).concat !== 'partial') throw invalid('Upload-Concat names an upload that is no part')
    if (part.length !== part.offset) throw conflict('Upload-Concat names a part that is not whole yet')
    parts.push(part)
  }
  const size = parts.reduce((sum, { offset }) => sum + offset, 0)
  const begun = await context.uploads.create(asNote(note), size, parts)
  try {
    await completeUpload(begun, parts, context)
  } catch (thrown) {
    await context.uploads.discard(begun)
    throw thrown
  }
  for (const part of parts) await context.uploads.discard(part)
  const location = uploadAddress(begun, context)
  return empty(201, { location, 'tus-resumable': tusVersion, 'upload-expires': begun.expires.toUTCString() })
}

function idOf(address: string): string {
  const id = /\/-\/uploads\/([0-9a-f]{32})(?:\/|$)/.exec(address)?.[1]
  if (id === undefined) throw invalid('Upload-Concat names something that is no upload')
  return id
}

function targetOf(folder: string, metadata: ReadonlyMap<string, string>): string | undefined {
  const name = metadata.get('path') ?? metadata.get('filename')
  return name === undefined ? undefined : canonicalName(`${folder}/${name}`)
}

function isWhole(session: UploadSession): boolean {
  return session.length === session.offset && noteOf(session).concat !== 'partial'
}

async function finish(session: UploadSession, parts: readonly UploadSession[], context: RepositoryContext) {
  const reply = await completeUpload(session, parts, context)
  return { ...session, outcome: { status: reply.status } }
}

function standing({ offset, length, expires }: UploadSession): Headers {
  return {
    'tus-resumable': tusVersion,
    'upload-offset': String(offset),
    'upload-expires': expires.toUTCString(),
    ...(length === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) }),
  }
}

function standsAt({ offset }: UploadSession) {
  return conflict(`The upload stands at ${offset}`, { detail: { code: 'upload-offset', offset } })
}
function mediaType(request: ProtocolRequest): string | undefined {
  return request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
}
