import type { ResourceType } from './attribute.js'
import { subAttribute } from './attribute.js'
import { type AttributePath, resolvePath } from './attribute-path.js'
import { instantOf } from './filter.js'
import { isObject, type ScimObject, type ScimValue, valueAt } from './resource.js'
import { quoted, refuse } from './scim-failure.js'
import { compareText, textKey } from './text-key.js'

/** A place in an ordered list: what is sorted by, cut to a length that a cursor can carry, and the id. */
export interface Place {
  readonly key?: string | number
  readonly id: string
}

const longestKey = 200

/** Of one resource type; undefined where, in a search over several, this one lacks the attribute. Throws `invalidValue`. */
export function readSortBy(sortBy: string, type: ResourceType, lenient: boolean): AttributePath | undefined {
  const path = resolvePath(type, sortBy)
  const { attribute, sub } = path ?? {}
  const value = attribute === undefined || sub !== undefined ? undefined : subAttribute(attribute, 'value')
  const complete = value === undefined ? path : { ...path, sub: value }
  if (complete?.attribute === undefined || (complete.sub ?? complete.attribute).type === 'complex') {
    if (lenient && path === undefined) return undefined
    throw refuse('invalidValue', `${quoted(sortBy)} is nothing to sort by`)
  }
  return complete
}

/** Throws `invalidValue`. */
export function isDescending(sortOrder: string | undefined): boolean {
  const word = sortOrder?.toLowerCase() ?? 'ascending'
  if (word === 'ascending' || word === 'descending') return word === 'descending'
  throw refuse('invalidValue', "'sortOrder' is ascending or descending")
}

/** Of several values that of the primary one, else the first (RFC 7644 section 3.4.2.3). */
export function sortKey(resource: ScimObject, path: AttributePath | undefined): string | number | undefined {
  const of = path?.sub ?? path?.attribute
  if (path === undefined || of === undefined) return undefined
  const held = valueAt(resource, path)
  const one: ScimValue | undefined = Array.isArray(held)
    ? (held.find((entry) => isObject(entry) && entry['primary'] === true) ?? held[0])
    : held
  const value = path.sub === undefined ? one : isObject(one) ? one[path.sub.name] : undefined
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return undefined
  if (of.type === 'dateTime') return instantOf(value)
  return (of.caseExact ? value : textKey(value)).slice(0, longestKey)
}

/** What is missing comes last, and first where the order is turned; equal ones by id. */
export function comparePlaces(a: Place, b: Place, descending: boolean): number {
  const order = compareKeys(a.key, b.key)
  return (descending ? -order : order) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

function compareKeys(a: Place['key'], b: Place['key']): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return compareText(String(a), String(b))
}
