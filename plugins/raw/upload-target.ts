import {
  type Artifact,
  type Digests,
  empty,
  invalid,
  type JsonObject,
  notFound,
  type ProtocolRequest,
  preconditionNames,
  RegistryError,
  type Reply,
  type RepositoryContext,
  type UploadSession,
} from '#core'
import { encodePath } from './file-path.js'
import { holdTarget, storeFile } from './stored-file.js'

/** What a resumable upload remembers of the request that began it: its target, and what that request made a condition. */
export interface UploadNote {
  readonly protocol: 'tus' | 'draft'
  /** A part of a tus concatenation has none. */
  readonly target?: string
  readonly type?: string
  readonly conditions: Readonly<Record<string, string>>
  readonly digests: Partial<Digests>
  /** Upload-Metadata and Upload-Concat as the client wrote them. */
  readonly metadata?: string
  readonly concat?: string
}
/** Parameters of the two routes that lead to an upload. */
export type UploadAddress = { readonly id: string; readonly path?: string }

export function conditionsOf(request: Pick<ProtocolRequest, 'header'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    preconditionNames.flatMap((name) => [[name, request.header(name)]]).filter(([, value]) => value !== undefined),
  )
}

export function noteOf(session: UploadSession): UploadNote {
  return session.note as unknown as UploadNote
}
export function asNote(note: UploadNote): JsonObject {
  return note as unknown as JsonObject
}

/** A path that leaves no room in an address stays out of it. */
const room = { segments: 60, bytes: 900 } as const

export function uploadAddress(session: UploadSession, context: Pick<RepositoryContext, 'mountUrl'>): string {
  const { target = '' } = noteOf(session)
  const fits = target !== '' && target.split('/').length <= room.segments && Buffer.byteLength(target) <= room.bytes
  return `${context.mountUrl.href}-/uploads/${session.id}${fits ? `/${encodePath(target)}` : ''}`
}

/** The upload that an address names. What grants were held against is the path in the address, so it has to be the upload's own; an address without one is
 *  for those who may write everywhere. Throws `not-found`. */
export async function uploadAt(
  { id, path }: UploadAddress,
  protocol: UploadNote['protocol'],
  context: RepositoryContext,
): Promise<UploadSession> {
  const session = await context.uploads.get(id)
  const note = noteOf(session)
  if ((path !== undefined && note.target !== path) || note.protocol !== protocol) throw notFound('Upload', id)
  return session
}

/** All bytes are there: they become a file in one ordinary commit, and the upload is over. Where that is refused the upload stays whole, so that nobody
 *  has to send it again. `parts` are what is joined, the upload itself if it is no concatenation. */
export async function completeUpload(
  session: UploadSession,
  parts: readonly UploadSession[],
  context: RepositoryContext,
): Promise<Reply> {
  const { target, type, conditions, digests } = noteOf(session)
  if (target === undefined) throw invalid('This upload is a part of another and becomes no file itself')
  const reached = await context.reaching(target)
  const reply = await commitOrRecognize(target, parts, reached, async () => {
    const held = await holdTarget(target, (name) => conditions[name], reached)
    const blob = await reached.uploads.join(parts, digests)
    return storeFile({ path: target, blob, type, held }, reached)
  })
  await context.uploads.close(session, { status: reply.status, etag: reply.headers['etag'] ?? '' })
  return reply
}

/** A create-only upload whose commit was made, and whose end was not noted, meets its own file when its client asks again: that is its success. */
async function commitOrRecognize(
  target: string,
  parts: readonly UploadSession[],
  context: RepositoryContext,
  commit: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await commit()
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    const standing = await context.artifacts.find(target)
    if (standing === undefined || !(await isOurs(standing, parts, context))) throw thrown
    return empty(200, { etag: `"${standing.digests.sha256}"` })
  }
}

async function isOurs(standing: Artifact, parts: readonly UploadSession[], context: RepositoryContext): Promise<boolean> {
  const size = parts.reduce((sum, { offset }) => sum + offset, 0)
  if (standing.size !== size) return false
  return (await context.uploads.join(parts)).digests.sha256 === standing.digests.sha256
}
