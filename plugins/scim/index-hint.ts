import type { Filter } from './filter.js'

/** An attribute that resources are found by without looking at all of them, and the value that it has to have. */
export interface IndexHint {
  readonly attribute: 'id' | 'userName' | 'externalId' | 'displayName' | 'emails' | 'members'
  readonly value: string
}

const direct = new Set<string>(['id', 'userName', 'externalId', 'displayName'])
const byValue = new Set<string>(['emails', 'members'])

/** Whatever answers the filter answers this too; undefined where all have to be looked at. */
export function indexHint(filter: Filter): IndexHint | undefined {
  switch (filter.kind) {
    case 'and':
      return filter.terms.map(indexHint).find((hint) => hint !== undefined)
    case 'elements': {
      const name = filter.path.attribute?.name ?? ''
      if (filter.path.extension !== undefined || !byValue.has(name)) return undefined
      const value = valueTerm(filter.filter)
      return value === undefined ? undefined : { attribute: name as IndexHint['attribute'], value }
    }
    case 'compare': {
      const { path, operator, value } = filter
      const name = path.attribute?.name ?? ''
      if (path.extension !== undefined || operator !== 'eq' || typeof value !== 'string') return undefined
      const found = path.sub === undefined ? direct.has(name) : byValue.has(name) && path.sub.name === 'value'
      return found ? { attribute: name as IndexHint['attribute'], value } : undefined
    }
    default:
      return undefined
  }
}

/** `value eq "x"` among the terms that one element has to answer. */
function valueTerm(filter: Filter): string | undefined {
  if (filter.kind === 'and') return filter.terms.map(valueTerm).find((value) => value !== undefined)
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || typeof filter.value !== 'string') return undefined
  return filter.path.attribute?.name === 'value' ? filter.value : undefined
}

/** Does the filter, or a path, look at this core attribute? */
export function looksAt(filter: Filter, attribute: string): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms.some((term) => looksAt(term, attribute))
    case 'not':
      return looksAt(filter.term, attribute)
    case 'constant':
      return false
    default:
      return filter.path.extension === undefined && filter.path.attribute?.name === attribute
  }
}
