import type { ByteRange, Reply } from '#core'

/** Of a representation that is not sent: a 304 leaves them out (RFC 9110 section 15.4.5). */
const representation = new Set(['content-type', 'content-length', 'content-disposition', 'content-encoding', 'content-language'])

export interface HeaderFacts {
  readonly status: number
  readonly requestId: string
  /** Undefined where the answer has no body at all (204, 304). */
  readonly length: number | undefined
  readonly close: boolean
  /** https: browsers stay with it from now on. */
  readonly strict?: boolean
  readonly range?: ByteRange
  /** Of the whole, where a range of it is sent. */
  readonly size?: number
}

/** Names and values alternating, as `writeHead` takes them fastest (performance guide). */
export function flatHeaders(reply: Reply, facts: HeaderFacts): string[] {
  const flat: string[] = []
  let cached = false
  let sniffing = true
  let named = false
  for (const name in reply.headers) {
    if (facts.status === 304 && representation.has(name)) continue
    if (name === 'content-length') continue
    if (name === 'cache-control') cached = true
    else if (name === 'x-content-type-options') sniffing = false
    else if (name === 'x-request-id') named = true
    flat.push(name, reply.headers[name] as string)
  }
  for (const cookie of reply.cookies ?? []) flat.push('set-cookie', cookie)
  // What says nothing about caching is somebody's own (security guide 3.5).
  if (!cached) flat.push('cache-control', 'private, no-cache')
  if (reply.etag !== undefined && reply.headers['etag'] === undefined) flat.push('etag', reply.etag)
  if (reply.modified && reply.headers['last-modified'] === undefined) flat.push('last-modified', reply.modified.toUTCString())
  if (reply.ranges) flat.push('accept-ranges', 'bytes')
  if (facts.range) flat.push('content-range', `bytes ${facts.range.start}-${facts.range.end - 1}/${facts.size}`)
  if (facts.length !== undefined) flat.push('content-length', String(facts.length))
  if (sniffing) flat.push('x-content-type-options', 'nosniff')
  if (!named) flat.push('x-request-id', facts.requestId)
  if (facts.strict && reply.headers['strict-transport-security'] === undefined)
    flat.push('strict-transport-security', 'max-age=63072000')
  if (facts.close) flat.push('connection', 'close')
  return flat
}

/** One line of printable Latin-1, 500 bytes at most; undefined leaves the standard words. */
export function reasonPhrase(reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined
  return reason.replace(/[^\x20-\x7e\xa0-\xff]/gu, '?').slice(0, 500)
}
