import { type DigestName, type Digests, digestLength, invalid, type ProtocolRequest, unprocessable } from '#core'

export const tusVersion = '1.0.0'
export const tusExtensions =
  'creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination,concatenation'
const algorithms: Readonly<Record<string, DigestName>> = { sha1: 'sha1', sha256: 'sha256', md5: 'md5' }
export const tusAlgorithms = Object.keys(algorithms).join(',')

export function bytesField(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value.trim())) throw invalid(`${name} is a whole number of bytes`)
  return Number(value)
}

/** How long the upload will be: undefined where the client says that it does not know yet. Throws `invalid` where it says neither. */
export function announcedLength(request: ProtocolRequest): number | undefined {
  const length = bytesField('Upload-Length', request.header('upload-length'))
  const deferred = request.header('upload-defer-length')
  if (deferred !== undefined && deferred.trim() !== '1') throw invalid('Upload-Defer-Length is 1')
  if ((length === undefined) === (deferred === undefined)) throw invalid('Say either Upload-Length or Upload-Defer-Length')
  return length
}

/** `key base64, key base64`, a value may be absent. Throws `invalid`. */
export function readMetadata(header: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (header === undefined || header.trim() === '') return found
  for (const member of header.split(',')) {
    const [key = '', value = '', ...more] = member.trim().split(' ')
    const octets = Buffer.from(value, 'base64')
    const exact = octets.toString('base64') === value
    if (!/^[!-+\--~]+$/.test(key) || more.length > 0 || !exact || found.has(key)) throw invalid('Upload-Metadata is malformed')
    found.set(key, textOf(octets))
  }
  return found
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
function textOf(octets: Uint8Array): string {
  try {
    return decoder.decode(octets)
  } catch {
    throw invalid('Upload-Metadata is not UTF-8')
  }
}

/** `Upload-Checksum` of a request's bytes, before or behind them: what to compute and how to judge. A mismatch is `unprocessable` with `detail.code`
 *  'upload-checksum'. */
export function checksumJudge(request: ProtocolRequest) {
  const header = request.header('upload-checksum')
  if (header !== undefined) {
    const promised = readChecksum(header)
    return { digests: [promised.algorithm], judge: (found: Digests) => hold(promised, found) }
  }
  const trailers = (request.header('trailer') ?? '').split(',').map((name) => name.trim().toLowerCase())
  if (!trailers.includes('upload-checksum')) return {}
  return {
    digests: Object.values(algorithms),
    judge: (found: Digests) => hold(readChecksum(request.trailer('upload-checksum') ?? ''), found),
  }
}

interface Checksum {
  readonly algorithm: DigestName
  readonly hex: string
}
function readChecksum(value: string): Checksum {
  const [name = '', base64 = '', ...more] = value.trim().split(' ')
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined
  const octets = Buffer.from(base64, 'base64')
  const whole = more.length === 0 && octets.toString('base64') === base64
  if (algorithm === undefined || !whole || octets.length * 2 !== digestLength[algorithm])
    throw invalid(`Upload-Checksum is one of ${tusAlgorithms} and its digest in base64`)
  return { algorithm, hex: octets.toString('hex') }
}
function hold({ algorithm, hex }: Checksum, found: Digests): void {
  if (found[algorithm] === hex) return
  throw unprocessable(`The ${algorithm} of the bytes is ${found[algorithm]}, not ${hex}`, { detail: { code: 'upload-checksum' } })
}
