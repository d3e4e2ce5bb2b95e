import { invalid, type RegistryError } from '../errors/registry-error.js'

/** One segment of a pattern. `before` and `after` are the literal text around a placeholder. */
type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one'; readonly name: string; readonly before: string; readonly after: string }
  | { readonly kind: 'rest'; readonly name: string }

export interface PathMatch {
  readonly params: Readonly<Record<string, string>>
  /** What the `{path+}` took. */
  readonly rest?: string
}

const placeholderName = /^[A-Za-z][A-Za-z0-9_]*$/
const literalText = /^[A-Za-z0-9._~@!$&'()*+,:=-]*$/

function malformed(pattern: string, reason: string): RegistryError {
  return invalid(`Malformed route path '${pattern}': ${reason}`, { detail: { code: 'route-path', path: pattern } })
}

/** A route's path, compiled. Matching compares each segment once; nothing in it backtracks. */
export class PathPattern {
  /** Equal for patterns that match the same paths, whatever their placeholders are called. */
  readonly shape: string
  readonly trailingSlash: boolean
  readonly #pieces: readonly Piece[]
  readonly #rest: boolean

  /** Throws `invalid` with code 'route-path'. */
  constructor(readonly source: string) {
    if (!source.startsWith('/')) throw malformed(source, 'it has to begin with a slash')
    const texts = source.split('/').slice(1)
    this.trailingSlash = texts.length > 1 && texts.at(-1) === ''
    if (texts.at(-1) === '') texts.pop()
    this.#pieces = texts.map((text) => compile(source, text))
    const names = this.placeholders
    if (new Set(names).size < names.length) throw malformed(source, 'two placeholders of one name')
    const rest = this.#pieces.findIndex((piece) => piece.kind === 'rest')
    if (rest >= 0 && rest < this.#pieces.length - 1) throw malformed(source, 'only the last placeholder can take the rest')
    this.#rest = rest >= 0
    this.shape = `/${this.#pieces.map(shapeOf).join('/')}${this.trailingSlash ? '/' : ''}`
  }

  get placeholders(): readonly string[] {
    return this.#pieces.flatMap((piece) => (piece.kind === 'literal' ? [] : [piece.name]))
  }

  /** Segment by segment: its literal text, undefined for a placeholder. */
  get literals(): readonly (string | undefined)[] {
    return this.#pieces.map((piece) => (piece.kind === 'literal' ? piece.text : undefined))
  }

  match(segments: readonly string[], trailingSlash: boolean): PathMatch | undefined {
    const pieces = this.#pieces
    if (this.#rest ? segments.length < pieces.length : segments.length !== pieces.length) return undefined
    if (trailingSlash !== this.trailingSlash) return undefined
    // '-' is a control area, never content (security guide 3.4.8): only a route that says so reaches it.
    if (segments[0] === '-' && pieces.length > 0 && pieces[0]?.kind !== 'literal') return undefined
    for (let at = 0; at < pieces.length; at += 1) if (!fits(pieces[at], segments[at] ?? '')) return undefined
    const params: Record<string, string> = Object.create(null)
    let rest: string | undefined
    for (let at = 0; at < pieces.length; at += 1) {
      const piece = pieces[at]
      const segment = segments[at] ?? ''
      if (piece?.kind === 'one') params[piece.name] = segment.slice(piece.before.length, segment.length - piece.after.length)
      if (piece?.kind === 'rest') {
        rest = segments.slice(at).join('/')
        params[piece.name] = rest
      }
    }
    return rest === undefined ? { params } : { params, rest }
  }

  /** Negative where this pattern is asked first: segment by segment, literal beats placeholder beats rest; of two placeholders, the one with
   *  more literal text. */
  compare(other: PathPattern): number {
    const length = Math.max(this.#pieces.length, other.#pieces.length)
    for (let at = 0; at < length; at += 1) {
      const difference = weight(other.#pieces[at]) - weight(this.#pieces[at])
      if (difference !== 0) return difference
    }
    return this.shape < other.shape ? -1 : this.shape > other.shape ? 1 : 0
  }
}

/** Most patterns that are asked do not fit: nothing is made for them. */
function fits(piece: Piece | undefined, segment: string): boolean {
  if (piece === undefined || piece.kind === 'rest') return true
  if (piece.kind === 'literal') return segment === piece.text
  const { before, after } = piece
  return segment.length > before.length + after.length && segment.startsWith(before) && segment.endsWith(after)
}

function compile(source: string, text: string): Piece {
  if (text === '') throw malformed(source, 'an empty segment')
  if (text === '.' || text === '..') throw malformed(source, 'a dot segment')
  const open = text.indexOf('{')
  const close = text.indexOf('}')
  if (open < 0 && close < 0) {
    if (!literalText.test(text)) throw malformed(source, 'a character that no literal text may hold')
    return { kind: 'literal', text }
  }
  if (open < 0 || close < open || text.indexOf('{', open + 1) >= 0 || text.indexOf('}', close + 1) >= 0) {
    throw malformed(source, 'a segment holds one whole placeholder at most')
  }
  const before = text.slice(0, open)
  const after = text.slice(close + 1)
  const inner = text.slice(open + 1, close)
  const takesRest = inner.endsWith('+')
  const name = takesRest ? inner.slice(0, -1) : inner
  if (!placeholderName.test(name)) throw malformed(source, 'a placeholder is named by letters and digits')
  if (!literalText.test(before) || !literalText.test(after)) {
    throw malformed(source, 'a character that no literal text may hold')
  }
  if (!takesRest) return { kind: 'one', name, before, after }
  if (before !== '' || after !== '') throw malformed(source, 'what takes the rest stands alone in its segment')
  return { kind: 'rest', name }
}

function shapeOf(piece: Piece): string {
  if (piece.kind === 'literal') return piece.text
  return piece.kind === 'one' ? `${piece.before}{}${piece.after}` : '{+}'
}

function weight(piece: Piece | undefined): number {
  if (piece === undefined) return 0
  if (piece.kind === 'literal') return 100_000
  return piece.kind === 'one' ? 2 + piece.before.length + piece.after.length : 1
}
