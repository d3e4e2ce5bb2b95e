import type { Attribute, ResourceType } from './attribute.js'
import { subAttribute } from './attribute.js'
import { type AttributePath, pathText, resolvePath } from './attribute-path.js'
import { badFilter, filterLimits, type Token, tokensOf } from './filter-tokens.js'
import { quoted } from './scim-failure.js'

export const operators = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const
export type Operator = (typeof operators)[number]
export type Literal = string | number | boolean | null

/** A filter whose attributes and literals fit each other. Inside `elements` paths go from the element: the attribute is a sub-attribute. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | { readonly kind: 'compare'; readonly path: AttributePath; readonly operator: Operator; readonly value: Literal }
  | { readonly kind: 'elements'; readonly path: AttributePath; readonly filter: Filter }
  /** Of a search over several types: an attribute that this one lacks, hence unassigned (RFC 7644 section 3.4.2.1). */
  | { readonly kind: 'constant'; readonly value: boolean }

export interface FilterOptions {
  /** Attributes that the type lacks are taken as unassigned, where they are refused otherwise. */
  readonly lenient?: boolean
}

/** RFC 7644 section 3.4.2.2, within `filterLimits`. Throws `invalidFilter`. */
export function parseFilter(text: string, type: ResourceType, options: FilterOptions = {}): Filter {
  const parser = new FilterParser(tokensOf(text), type, options.lenient === true)
  const filter = parser.or(0)
  parser.end()
  return filter
}

/** Recursive descent: or, and, not, then a group or a term. */
export class FilterParser {
  private at = 0
  private terms = 0
  /** The complex attribute between whose brackets the parser stands. */
  private element: Attribute | undefined

  constructor(
    private readonly tokens: readonly Token[],
    private readonly type: ResourceType,
    private readonly lenient: boolean,
  ) {}

  or(depth: number): Filter {
    return this.joined('or', () => this.joined('and', () => this.unary(depth)))
  }

  end(): void {
    if (this.at < this.tokens.length) throw badFilter(`Unexpected ${describe(this.peek())} in the filter`)
  }

  peek(): Token | undefined {
    return this.tokens[this.at]
  }
  take(): Token | undefined {
    const token = this.tokens[this.at]
    this.at += 1
    return token
  }

  /** Behind `[`: the filter over elements, and its closing bracket. */
  elements(of: Attribute, depth: number): Filter {
    if (this.element !== undefined) throw badFilter('Brackets cannot stand within brackets')
    if (!of.multiValued || of.subAttributes === undefined)
      throw badFilter(`'${of.name}' has no elements to choose from by brackets`)
    this.element = of
    const filter = this.or(depth + 1)
    this.element = undefined
    this.expect(']')
    return filter
  }

  private joined(word: 'and' | 'or', next: () => Filter): Filter {
    const terms = [next()]
    while (isWord(this.peek(), word)) {
      this.at += 1
      terms.push(next())
    }
    const [only] = terms
    return terms.length === 1 && only !== undefined ? only : { kind: word, terms }
  }

  private unary(depth: number): Filter {
    if (depth > filterLimits.depth) throw badFilter(`A filter is nested ${filterLimits.depth} deep at most`)
    if (isWord(this.peek(), 'not')) {
      this.at += 1
      if (this.peek()?.kind !== '(') throw badFilter("'not' stands before a parenthesis")
      return { kind: 'not', term: this.unary(depth) }
    }
    if (this.peek()?.kind !== '(') return this.term(depth)
    this.at += 1
    const filter = this.or(depth + 1)
    this.expect(')')
    return filter
  }

  private term(depth: number): Filter {
    this.terms += 1
    if (this.terms > filterLimits.terms) throw badFilter(`A filter has at most ${filterLimits.terms} terms`)
    const name = this.take()
    if (name?.kind !== 'word') throw badFilter(`An attribute is missing before ${describe(name)} in the filter`)
    const path = this.resolve(name.text)
    if (this.peek()?.kind !== '[') return this.comparison(name.text, path)
    if (path?.attribute === undefined || path.sub !== undefined) throw badFilter(`${quoted(name.text)} has no elements`)
    this.at += 1
    const filter = this.elements(path.attribute, depth)
    const next = this.peek()
    if (next?.kind !== 'word' || !next.text.startsWith('.')) return { kind: 'elements', path, filter }
    // attribute[filter].sub op value, as Entra writes it: one element has to answer both.
    this.at += 1
    const sub = subAttribute(path.attribute, next.text.slice(1))
    if (sub === undefined) throw badFilter(`There is no attribute ${quoted(name.text + next.text)}`)
    const more = this.comparison(name.text + next.text, { attribute: sub })
    return { kind: 'elements', path, filter: { kind: 'and', terms: [filter, more] } }
  }

  private comparison(name: string, path: AttributePath | undefined): Filter {
    const word = this.take()
    if (word?.kind !== 'word') throw badFilter(`An operator is missing behind ${quoted(name)} in the filter`)
    const operator = word.text.toLowerCase()
    if (operator === 'pr') return path === undefined ? { kind: 'constant', value: false } : { kind: 'present', path }
    if (!isOperator(operator)) throw badFilter(`The operator ${quoted(word.text)} is not supported.`)
    const literal = this.take()
    if (literal === undefined || (literal.kind !== 'word' && literal.kind !== 'string'))
      throw badFilter(`A value is missing behind '${operator}' in the filter`)
    if (path === undefined) return { kind: 'constant', value: isNull(literal) ? operator === 'eq' : operator === 'ne' }
    return fitted(path, operator, literal)
  }

  private resolve(name: string): AttributePath | undefined {
    const { element } = this
    const found = element === undefined ? resolvePath(this.type, name) : inElement(element, name)
    if (found !== undefined) return found
    if (this.lenient && element === undefined) return undefined
    throw badFilter(`There is no attribute ${quoted(name)} to filter by`)
  }

  private expect(kind: ')' | ']'): void {
    const token = this.take()
    if (token?.kind !== kind) throw badFilter(`A '${kind}' is missing in the filter`)
  }
}

function inElement(of: Attribute, name: string): AttributePath | undefined {
  const sub = subAttribute(of, name)
  return sub === undefined ? undefined : { attribute: sub }
}

/** A comparison whose literal has the attribute's own type. Throws `invalidFilter` where it cannot have. */
function fitted(path: AttributePath, operator: Operator, literal: Token): Filter {
  const target = withValue(path)
  const of = target.sub ?? target.attribute
  if (of === undefined || of.type === 'complex')
    throw badFilter(`'${pathText(path)}' is not compared as a whole; name a part of it`)
  if (isNull(literal)) {
    if (operator !== 'eq' && operator !== 'ne') throw badFilter(`'${operator}' cannot compare with null`)
    const present: Filter = { kind: 'present', path: target }
    return operator === 'ne' ? present : { kind: 'not', term: present }
  }
  const value = literalOf(of, literal)
  const refusesOrder = of.type === 'boolean' || of.type === 'binary'
  if (refusesOrder && operator !== 'eq' && operator !== 'ne')
    throw badFilter(`'${operator}' cannot compare '${pathText(target)}', which is ${of.type}`)
  const isText = of.type === 'string' || of.type === 'reference'
  if (!isText && (operator === 'co' || operator === 'sw' || operator === 'ew'))
    throw badFilter(`'${operator}' compares text, and '${pathText(target)}' is ${of.type}`)
  return { kind: 'compare', path: target, operator, value }
}

/** `emails co "x"` means the value of each (RFC 7643 section 2.4). */
function withValue(path: AttributePath): AttributePath {
  if (path.sub !== undefined || path.attribute?.type !== 'complex') return path
  const value = subAttribute(path.attribute, 'value')
  return value === undefined ? path : { ...path, sub: value }
}

function literalOf(of: Attribute, token: Token): string | number | boolean {
  const text = token.kind === 'string' ? token.value : token.kind === 'word' ? token.text : ''
  const unfit = badFilter(`${quoted(text)} is no ${of.type}, which '${of.name}' is`)
  switch (of.type) {
    case 'boolean': {
      const word = text.toLowerCase()
      if (word === 'true' || word === 'false') return word === 'true'
      throw unfit
    }
    case 'integer':
    case 'decimal':
      if (token.kind === 'word' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text)
      throw unfit
    case 'dateTime': {
      const at = token.kind === 'string' ? instantOf(text) : undefined
      if (at === undefined) throw unfit
      return at
    }
    default:
      // A word without quotes stands for a string, as in RFC 9865's own `userName sw J`.
      return text
  }
}

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i

/** RFC 3339 with its offset, in milliseconds; undefined for anything else. */
export function instantOf(text: string): number | undefined {
  const at = instantPattern.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word
}
function isNull(token: Token): boolean {
  return isWord(token, 'null')
}
function isOperator(word: string): word is Operator {
  return (operators as readonly string[]).includes(word)
}
function describe(token: Token | undefined): string {
  if (token === undefined) return 'its end'
  return token.kind === 'word' ? quoted(token.text) : token.kind === 'string' ? 'a string' : `'${token.kind}'`
}
