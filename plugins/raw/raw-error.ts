import { type RegistryError, type RenderError, text } from '#core'
import { etagOf } from './preconditions.js'
import { tusVersion } from './tus-fields.js'
import { uploadProblem } from './upload-problem.js'
import { isTus } from './upload-routes.js'

/** Failures as plain text; 409 and 412 carry the tag of the file that stands in the way (raw dossier 3, 12). */
export const renderRawError: RenderError = (failure, status, request) => {
  const tus = request.path.startsWith('/-/') && isTus(request)
  const problem = tus ? undefined : uploadProblem(failure, request)
  if (problem !== undefined) return problem
  const etag = standingTag(failure)
  const headers = { ...(etag === undefined ? {} : { etag }), ...(tus ? { 'tus-resumable': tusVersion } : {}) }
  const reply = text(statusIn(failure, status), `${failure.message}\n`, headers)
  return reply.status === 460 ? { ...reply, reason: 'Checksum Mismatch' } : reply
}

function statusIn(failure: RegistryError, status: number): number {
  if (promiseBroken(failure)) return 400
  switch (failure.detail['code']) {
    case 'upload-expired':
      return 410
    case 'upload-checksum':
      return 460
    // Its clients tell it from a file that is too large (RFC 4918 11.5).
    case 'quota':
      return failure.kind === 'too-large' ? 507 : status
    default:
      return status
  }
}

/** A digest header that does not fit its body makes the request contradict itself (raw dossier 7). */
function promiseBroken(failure: RegistryError): boolean {
  return failure.kind === 'unprocessable' && failure.detail['algorithm'] !== undefined
}

function standingTag({ kind, detail }: RegistryError): string | undefined {
  if (kind !== 'conflict' && kind !== 'stale') return undefined
  if (typeof detail['etag'] === 'string') return detail['etag']
  // What was there once, and is no more, has no tag.
  if (detail['reason'] === 'spent') return undefined
  return typeof detail['sha256'] === 'string' ? etagOf(detail['sha256']) : undefined
}
