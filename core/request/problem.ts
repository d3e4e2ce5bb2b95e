import type { FailureKind, RegistryError } from '../errors/registry-error.js'
import { encodeSegment } from '../plugin/path-segment.js'
import type { MountScope } from '../plugin/route-record.js'
import { type Reply, text } from './reply.js'

const statuses: Readonly<Record<FailureKind, number>> = {
  invalid: 400,
  unprocessable: 422,
  unauthenticated: 401,
  forbidden: 403,
  hidden: 404,
  'not-found': 404,
  method: 405,
  conflict: 409,
  stale: 412,
  'too-large': 413,
  'no-space': 507,
  unsupported: 415,
  throttled: 429,
  unavailable: 503,
  upstream: 502,
  internal: 500,
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Authentication required',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad answer from upstream',
  503: 'Service unavailable',
  507: 'Insufficient storage',
}

export function statusOf(failure: RegistryError): number {
  return failure.detail['code'] === 'uri-too-long' ? 414 : statuses[failure.kind]
}

export interface ProblemSetting {
  readonly requestId: string
  /** Undefined before it is known whose address this is. */
  readonly scope?: MountScope | undefined
  readonly challenge: string
}

/** What stock clients need beside the status, whoever words the failure. */
export function failureHeaders(failure: RegistryError, challenge: string): Readonly<Record<string, string>> {
  const { detail, kind, retryAfter } = failure
  const headers: Record<string, string> = {}
  if (kind === 'unauthenticated') headers['www-authenticate'] = challenge
  if (kind === 'method' && Array.isArray(detail['allow'])) headers['allow'] = detail['allow'].join(', ')
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)))
  return headers
}

/** A failure as an RFC 9457 document; on artifact addresses a 404 is a line of text. A 5xx says what the house says of its status, and
 *  `detail.reason` where one was meant to be shown; a 4xx names `detail.reasons`, for programs. */
export function problem(failure: RegistryError, status: number, setting: ProblemSetting): Reply {
  const headers = { ...failureHeaders(failure, setting.challenge), 'cache-control': 'no-store' }
  const title = titles[status] ?? 'Error'
  const { reason, code, reasons } = failure.detail
  const shown = status < 500 ? failure.message : typeof reason === 'string' ? reason : title
  const management = setting.scope === 'organization' || setting.scope === 'instance'
  if (status === 404 && !management) return text(404, `${failure.kind === 'hidden' ? title : shown}\n`, headers)
  const document = {
    type: 'about:blank',
    title,
    status,
    detail: failure.kind === 'hidden' ? title : shown,
    code: status < 500 && typeof code === 'string' ? code : failure.kind === 'hidden' ? 'not-found' : failure.kind,
    ...(status < 500 && Array.isArray(reasons) ? { reasons } : {}),
    // Refusals that must not tell one tenant from another are equal to the byte; the id then stands in its header alone.
    ...(status === 401 ? { error: shown } : { requestId: setting.requestId }),
  }
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: Buffer.from(JSON.stringify(document)),
  }
}

const houseBody = Buffer.from('{"error": "Authentication required", "code": "unauthenticated"}')

/** The house's own 401: the same bytes for a private, a missing and a foreign repository of any format. `hint`, of the organization and of no repository
 *  either, stands where clients look for one: Maven, Gradle and twine show the reason phrase, npm the notice, curl the body. */
export function houseUnauthenticated(challenge: string, hint?: { readonly code: string; readonly words: string }): Reply {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', 'www-authenticate': challenge }
  if (hint === undefined) return { status: 401, headers, body: houseBody }
  return {
    status: 401,
    reason: hint.words,
    headers: { ...headers, 'npm-notice': hint.words },
    body: Buffer.from(JSON.stringify({ error: hint.words, code: hint.code })),
  }
}

/** One scheme alone, as some clients take the first of several and fail: the one that the client sent, else Basic. `realm` is the organization's name
 *  in the address; what is no such name is encoded first. */
export function challengeFor(realm: string, authorization: string | undefined, bearerAlone = false): string {
  const quoted = `realm="${encodeSegment(realm)}"`
  return bearerAlone || /^bearer(?:\s|$)/i.test(authorization ?? '') ? `Bearer ${quoted}` : `Basic ${quoted}, charset="UTF-8"`
}
