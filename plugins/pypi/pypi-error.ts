import { json, type ProtocolRequest, type RegistryError, type RenderError, type Reply, text } from '#core'

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
}

/** Failures in the words and shapes that Python clients show (PyPI dossier 8.4, 11.2). */
export const renderError: RenderError = (failure, status, request) => {
  const message = wordsOf(failure, status, request)
  if (isUpload(request)) return uploadReply(uploadStatus(failure, status), message, request)
  // an upload gone astray: twine shows the reason phrase alone
  if (failure.kind === 'method' && isSimple(request)) return { ...text(status, `${message}\n`), reason: reasonPhrase(message) }
  if (failure.kind === 'hidden') return text(403, `${message}\n`)
  return text(status, `${message}\n`, { 'cache-control': 'no-store' })
}

/** Of an upload: the message stands in the reason phrase, which twine prints, and in the body, which stands alone where the phrase is lost. */
export function uploadReply(status: number, message: string, request: ProtocolRequest): Reply {
  const reason = reasonPhrase(message)
  if (!prefersJson(request.header('accept'))) return { ...text(status, `${message}\n`), reason }
  // exactly this type, without a charset: uv shows the document itself otherwise
  return { ...json(status, { message, code: `${status} ${message}`, title: titles[status] ?? 'Error' }), reason }
}

/** One line of printable Latin-1, 500 characters at most. */
export function reasonPhrase(message: string): string {
  return message
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
    .slice(0, 500)
    .trim()
}

/** 'not for you' is 403 and never 404: a 404 sends a client on to the next index with a private name. */
function uploadStatus(failure: RegistryError, status: number): number {
  if (failure.kind === 'hidden') return 403
  return failure.kind === 'conflict' || failure.kind === 'stale' || failure.kind === 'unprocessable' ? 400 : status
}

function wordsOf(failure: RegistryError, status: number, request: ProtocolRequest): string {
  if (failure.kind === 'hidden') return 'You may not read this repository.'
  if (failure.kind === 'forbidden' && failure.detail['permission'] !== undefined && isUpload(request))
    return "The user isn't allowed to upload to this repository."
  if (failure.kind === 'method' && isSimple(request)) {
    return "The simple index is read only. Files are uploaded by POST to the address of the repository itself, without 'simple/'."
  }
  if (failure.kind === 'too-large' && isUpload(request) && failure.detail['limit'] !== undefined) {
    return `File too large. ${failure.message}`
  }
  const reason = failure.detail['reason']
  if (status >= 500) return typeof reason === 'string' ? reason : (titles[status] ?? 'Error')
  return failure.message
}

function isUpload(request: ProtocolRequest): boolean {
  return request.method === 'POST' && !isSimple(request) && !/^\/(?:pypi|RPC2)\/?$/.test(request.path)
}

function isSimple(request: ProtocolRequest): boolean {
  return /^\/(?:legacy\/)?\+?simple(?:\/|$)/.test(request.path)
}

/** Does the client rank JSON above plain text? Where it takes anything alike, plain text it is. */
function prefersJson(accept: string | undefined): boolean {
  return qualityOf(accept, ['application/json', 'application/*', '*/*']) > qualityOf(accept, ['text/plain', 'text/*', '*/*'])
}

/** Does the client take one of these types? Whoever says nothing takes anything. */
export function acceptsType(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return types.some((type) => qualityOf(accept, [type, `${type.split('/')[0]}/*`, '*/*']) > 0)
}

/** Of the first range in `names` that the header holds; 0 without one. */
function qualityOf(accept: string | undefined, names: readonly string[]): number {
  const ranges = new Map<string, number>()
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    ranges.set(type, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  const name = names.find((candidate) => ranges.has(candidate))
  return name === undefined ? 0 : (ranges.get(name) ?? 0)
}
