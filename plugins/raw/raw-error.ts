import { type RegistryError, type RenderError, text } from '#core'
import { etagOf } from './preconditions.js'

/** Failures as plain text; 409 and 412 carry the tag of the file that stands in the way (raw dossier 3, 12). */
export const renderRawError: RenderError = (failure, status) => {
  const etag = standingTag(failure)
  return text(promiseBroken(failure) ? 400 : status, `${failure.message}\n`, etag === undefined ? {} : { etag })
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
