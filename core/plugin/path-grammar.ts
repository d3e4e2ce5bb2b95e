import { invalid, RegistryError } from '../errors/registry-error.js'
import { badPath, decodeSegment, encodeSegment, holdToFloor, strictRefusal } from './path-segment.js'
import type { PathRules } from './protocol-plugin.js'

/** Bytes of the undecoded target (security guide 3.4.1). */
export const targetLimits = { whole: 8192, path: 4096, query: 4096, parameters: 50 } as const
const segmentsAtMost = 64
const bytesAtMost = 1024

/** A request target cut at its first '?', still undecoded. */
export interface Target {
  readonly path: string
  /** Without the '?'; '' where there is none. */
  readonly query: string
}

export interface ParsedPath {
  /** Decoded, in NFC, none empty. */
  readonly segments: readonly string[]
  readonly trailingSlash: boolean
  /** Decoded, begins with '/'; ends with it only where the client's did. What permission, storage and upstream see. */
  readonly canonical: string
  /** The mount wants the client sent to the canonical address. */
  readonly redirect: boolean
}

const tooLong = () => new RegistryError('too-large', 'The request target is too long', { detail: { code: 'uri-too-long' } })
const printable = /^[\x21-\x7e]*$/

/** Throws `invalid` for anything but an origin-form target of printable ASCII, `too-large` with code 'uri-too-long' over the limits. */
export function splitTarget(raw: string): Target {
  if (raw.length > targetLimits.whole) throw tooLong()
  if (!printable.test(raw)) throw badPath('anything but printable ASCII has to be percent-encoded')
  if (!raw.startsWith('/')) throw badPath('the request target has to begin with a slash')
  if (raw.includes('#')) throw badPath('a fragment')
  const cut = raw.indexOf('?')
  const path = cut < 0 ? raw : raw.slice(0, cut)
  const query = cut < 0 ? '' : raw.slice(cut + 1)
  if (path.length > targetLimits.path || query.length > targetLimits.query) throw tooLong()
  if (query !== '') countParameters(query)
  return { path, query }
}

function countParameters(query: string): void {
  let count = 1
  for (let at = query.indexOf('&'); at >= 0; at = query.indexOf('&', at + 1)) count += 1
  if (count > targetLimits.parameters) throw invalid('Too many query parameters', { detail: { code: 'query' } })
}

/** The part of the grammar that holds below every address, known or not, whatever plugin serves it: checked before anybody is asked whether
 *  the address exists, so that the answer says nothing about it. An encoded slash is left to the mount, which may rewrite it. */
export function holdRestToFloor(rawRest: string): void {
  let count = 0
  let bytes = 0
  for (const raw of rawRest.split('/')) {
    if (raw === '') continue
    for (const piece of decodeSegment(raw).split('/')) {
      if (piece === '') continue
      count += 1
      bytes += holdToFloor(piece.normalize('NFC')) + 1
    }
  }
  holdToSize(count, bytes)
}

function holdToSize(count: number, bytes: number): void {
  if (count > segmentsAtMost) throw badPath(`more than ${segmentsAtMost} segments`)
  if (bytes - 1 > bytesAtMost) throw badPath(`more than ${bytesAtMost} bytes`)
}

/** The undecoded path below a mount after the plugin's own rewriting, which is asked once and never trusted. */
export function rewritePath(rawRest: string, rules: PathRules, mountPath: string): string {
  if (rules.rewrite === undefined) return rawRest
  const rewritten = rules.rewrite(rawRest, mountPath)
  if (!rewritten.startsWith('/') || !printable.test(rewritten) || /[?#]/.test(rewritten)) throw badPath('not an address here')
  if (rewritten.length > targetLimits.path) throw tooLong()
  return rewritten
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND'])

/** The undecoded path below a mount ('' or beginning with '/') under the mount's rules. Throws `invalid`: for the floor first, for a rule of the
 *  mount only where the floor holds. */
export function parsePath(rawRest: string, rules: PathRules, method: string): ParsedPath {
  const parts = rawRest.split('/')
  if (parts.shift() !== '') throw badPath('a path has to begin with a slash')
  const slash = parts.length > 0 && parts.at(-1) === ''
  if (slash) parts.pop()
  const free = rules.names === 'free'
  const segments: string[] = []
  let bytes = 0
  let refusal: string | undefined
  let empty = false
  for (const raw of parts) {
    if (raw === '') {
      empty = true
      continue
    }
    const decoded = decodeSegment(raw)
    const name = decoded.normalize('NFC')
    bytes += holdToFloor(name) + 1
    if (!free) refusal ??= strictRefusal(decoded, name)
    segments.push(name)
  }
  holdToSize(segments.length, bytes)
  const emptySegments = empty ? emptyVerdict(rules, method) : 'none'
  if (emptySegments === 'refuse') refusal ??= 'an empty segment'
  if (refusal !== undefined) throw badPath(refusal)
  const trailingSlash = slash && segments.length > 0 && rules.trailingSlash !== 'ignore'
  const canonical = `/${segments.join('/')}${trailingSlash ? '/' : ''}`
  return { segments, trailingSlash, canonical, redirect: emptySegments === 'redirect' }
}

function emptyVerdict(rules: PathRules, method: string): 'refuse' | 'collapse' | 'redirect' {
  switch (rules.emptySegments ?? 'refuse') {
    case 'refuse':
      return 'refuse'
    case 'collapse':
      return 'collapse'
    case 'collapse-reads':
      return reads.has(method) ? 'collapse' : 'refuse'
    case 'redirect':
      return method === 'GET' || method === 'HEAD' ? 'redirect' : 'refuse'
  }
}

/** A path that stands decoded in a header, a form or an archive, as the address of the same file would have it: NFC, no empty segment. Throws
 *  `invalid` for what no address could name, and for the control area `-`. */
export function canonicalName(text: string): string {
  const segments = text.split('/').flatMap((name) => (name === '' ? [] : [name.normalize('NFC')]))
  let bytes = 0
  for (const name of segments) bytes += holdToFloor(name) + 1
  holdToSize(segments.length, bytes)
  if (segments.length === 0) throw badPath('no name')
  if (segments[0] === '-') throw badPath("names below '-' are the house's own")
  return segments.join('/')
}

/** Another address of the same mount, named by a header (`Destination`): a URL with the mount's own origin, or a path. Undefined where it leads
 *  elsewhere. Throws `invalid` for what `parsePath` refuses. */
export function addressBelow(address: string, mountUrl: URL, rules: PathRules, method: string): ParsedPath | undefined {
  const absolute = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/i.exec(address)
  if (absolute !== null && absolute[1]?.toLowerCase() !== mountUrl.origin.toLowerCase()) return undefined
  const { path, query } = splitTarget(absolute === null ? address : (absolute[2] ?? ''))
  if (query !== '') throw badPath('a query')
  const mountPath = mountUrl.pathname.replace(/\/$/, '')
  if (!path.startsWith(`${mountPath}/`)) return undefined
  return parsePath(path.slice(mountPath.length), rules, method)
}

/** Back into an address: parsing it again under any rules gives the same segments. */
export function encodePath(path: Pick<ParsedPath, 'segments' | 'trailingSlash'>): string {
  return `/${path.segments.map(encodeSegment).join('/')}${path.trailingSlash ? '/' : ''}`
}
