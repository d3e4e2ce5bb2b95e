import contentDisposition from 'content-disposition'
import type { Artifact } from '../storage/artifact.js'
import type { BytesOptions, Reply } from './reply.js'

/** Types that a browser may show: nothing in them can run (security guide 3.5). */
const inline = /^(?:text\/plain(?:;.*)?|application\/json|image\/(?:png|jpeg|gif|webp))$/i

/** `artifact` whole, or what the client asks of it: the host answers conditions and ranges. */
export function bytes(artifact: Artifact, options: BytesOptions = {}): Reply {
  const contentType = options.contentType ?? 'application/octet-stream'
  const filename = options.filename ?? artifact.path.slice(artifact.path.lastIndexOf('/') + 1)
  return {
    status: options.status ?? 200,
    headers: {
      'content-type': contentType,
      ...(inline.test(contentType)
        ? {}
        : { 'content-disposition': contentDisposition(filename, { fallback: fallbackName(filename) }) }),
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      ...(options.immutable ? { 'cache-control': 'private, max-age=31536000, immutable' } : {}),
      ...options.headers,
    },
    body: artifact,
    etag: options.etag ?? `"${artifact.digests.sha256}"`,
    modified: artifact.modified,
    ranges: true,
    ...(options.download === undefined ? {} : { download: options.download }),
  }
}

/** For clients that do not read `filename*` (RFC 6266, 4.3): printable ASCII, without what header parsers stumble over. */
function fallbackName(filename: string): string {
  return filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '?')
}
