import { type Headers, json, type ProtocolRequest, type RegistryError, type Reply, text } from '#core'

/** Maven 3.8 shows nothing but status and reason phrase, Maven 4 and Gradle the `detail` of the document. */
const titles: Readonly<Record<number, string>> = {
  400: 'Refused by the rules of this repository',
  401: 'Authentication required',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict with what is stored',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Coding not accepted',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Upstream failed',
  503: 'Not available now',
  507: 'No space left',
}

/** A 404 is plain text: Maven 3.9 and 4 take a 404 that is a problem document for a failed transfer (maven dossier 5.1). A digest that differs is 409. */
export function renderMavenError(failure: RegistryError, status: number, request: ProtocolRequest): Reply {
  const answered = status === 422 ? 409 : status
  const headers = { 'cache-control': 'no-store', ...headersOf(failure) }
  const title = titleOf(failure, answered)
  const detail = failure.kind === 'hidden' ? title : answered < 500 ? detailOf(failure) : constantOf(failure, title)
  if (answered === 404) return { ...text(404, `${detail}\n`, headers), reason: 'Not Found' }
  const code = failure.detail['code']
  const problem = {
    type: 'about:blank',
    title,
    status: answered,
    detail,
    code: answered < 500 && typeof code === 'string' ? code : failure.kind,
    ...(answered === 401 ? { error: detail } : { requestId: request.id }),
  }
  return { ...json(answered, problem, { ...headers, 'content-type': 'application/problem+json' }), reason: phrase(title) }
}

/** A 5xx says what was meant to be shown, and nothing of its cause. */
function constantOf(failure: RegistryError, title: string): string {
  const reason = failure.detail['reason']
  return typeof reason === 'string' ? reason : title
}

function titleOf(failure: RegistryError, status: number): string {
  const title = failure.detail['title']
  if (typeof title === 'string') return title
  return failure.kind === 'unprocessable' ? 'Checksum differs' : (titles[status] ?? 'Refused')
}

function detailOf(failure: RegistryError): string {
  const { algorithm, expected, actual } = failure.detail
  return typeof algorithm === 'string' && typeof expected === 'string' && typeof actual === 'string'
    ? `The file's ${algorithm} is ${actual}, the request says ${expected}`
    : failure.message
}

function headersOf(failure: RegistryError): Headers {
  const { allow, etag } = failure.detail
  return {
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
    ...(failure.retryAfter === undefined ? {} : { 'retry-after': String(failure.retryAfter) }),
  }
}

/** One line of printable ASCII. */
function phrase(title: string): string {
  return title.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 120)
}
