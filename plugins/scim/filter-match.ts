import type { Attribute } from './attribute.js'
import type { AttributePath } from './attribute-path.js'
import { type Filter, instantOf, type Literal, type Operator } from './filter.js'
import { isAssigned, isObject, type ScimObject, type ScimValue, valueAt } from './resource.js'
import { compareText, textKey } from './text-key.js'

type Comparison = Extract<Filter, { readonly kind: 'compare' }>

/** Does the resource, or an element of a complex attribute, answer the filter? Pure, and never throws. */
export function matches(filter: Filter, resource: ScimObject): boolean {
  switch (filter.kind) {
    case 'constant':
      return filter.value
    case 'and':
      return filter.terms.every((term) => matches(term, resource))
    case 'or':
      return filter.terms.some((term) => matches(term, resource))
    case 'not':
      return !matches(filter.term, resource)
    case 'present':
      return leavesAt(filter.path, resource).some(isPresent)
    case 'elements':
      return listAt(filter.path, resource).some((element) => isObject(element) && matches(filter.filter, element))
    case 'compare':
      return compares(filter, resource)
  }
}

function compares({ path, operator, value }: Comparison, resource: ScimObject): boolean {
  const of = path.sub ?? path.attribute
  if (of === undefined) return false
  const leaves = leavesAt(path, resource)
  if (operator !== 'ne') return leaves.some((leaf) => holds(of, operator, leaf, value))
  const differs = (leaf: ScimValue) => !holds(of, 'eq', leaf, value)
  // One that is not assigned differs from everything; of several, one has to be there that differs.
  return path.attribute?.multiValued === true ? leaves.some(differs) : leaves.every(differs)
}

/** The values that a path reaches: each of a list, in each element. */
function leavesAt(path: AttributePath, resource: ScimObject): readonly ScimValue[] {
  const { sub } = path
  const list = listAt(path, resource)
  if (sub === undefined) return list
  return list.flatMap((element) => {
    const value = isObject(element) ? element[sub.name] : undefined
    return value === undefined ? [] : [value]
  })
}

function listAt(path: AttributePath, resource: ScimObject): readonly ScimValue[] {
  const value = valueAt(resource, path)
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** An empty string is a value, but nothing that is present. */
function isPresent(value: ScimValue): boolean {
  if (isObject(value)) return Object.values(value).some(isPresent)
  return value !== '' && isAssigned(value)
}

function holds(of: Attribute, operator: Operator, leaf: ScimValue, value: Literal): boolean {
  if (typeof leaf === 'string' && of.type === 'dateTime') {
    const at = instantOf(leaf)
    return at !== undefined && typeof value === 'number' && ordered(operator, at - value)
  }
  if (typeof leaf === 'string' && typeof value === 'string') {
    const [text, wanted] = of.caseExact ? [leaf, value] : [textKey(leaf), textKey(value)]
    switch (operator) {
      case 'co':
        return text.includes(wanted)
      case 'sw':
        return text.startsWith(wanted)
      case 'ew':
        return text.endsWith(wanted)
      default:
        return ordered(operator, compareText(text, wanted))
    }
  }
  if (typeof leaf === 'number' && typeof value === 'number') return ordered(operator, leaf - value)
  return operator === 'eq' && leaf === value
}

function ordered(operator: Operator, difference: number): boolean {
  switch (operator) {
    case 'eq':
      return difference === 0
    case 'gt':
      return difference > 0
    case 'ge':
      return difference >= 0
    case 'lt':
      return difference < 0
    case 'le':
      return difference <= 0
    default:
      return false
  }
}
