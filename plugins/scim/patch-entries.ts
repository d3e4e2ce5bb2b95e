import type { Attribute } from './attribute.js'
import { pathText } from './attribute-path.js'
import type { Filter } from './filter.js'
import { matches } from './filter-match.js'
import { bad, isKeyed, readOne, readValue } from './input-values.js'
import type { PatchOperation, PatchTarget } from './patch-operations.js'
import { isObject, newObject, put, type ScimObject, type ScimValue } from './resource.js'
import { refuse } from './scim-failure.js'

/** Entries of a list after an operation on some of them, or on a part of each. Throws `noTarget`, `mutability`, `invalidValue`. */
export function chosenEntries(
  before: readonly ScimValue[],
  operation: PatchOperation,
  target: PatchTarget,
  attribute: Attribute,
): ScimValue[] {
  const { selector, sub } = target
  const isChosen = (entry: ScimValue) => isObject(entry) && (selector === undefined || matches(selector, entry))
  const chosen = new Set(before.filter(isChosen))
  if (operation.op === 'remove') {
    if (sub === undefined) return before.filter((entry) => !chosen.has(entry))
    if (chosen.size > 0) refuseFixed(sub, target)
    return before.flatMap((entry) => (chosen.has(entry) && isObject(entry) ? bare(withPart(entry, sub, undefined)) : [entry]))
  }
  if (chosen.size === 0) {
    const entry = made(before, operation, target, attribute)
    return entry === undefined ? [...before] : clearOtherPrimaries([...before, entry], [entry])
  }
  if (sub !== undefined) {
    refuseFixed(sub, target)
    const value = readValue(sub, operation.value)
    const after = before.flatMap((entry) => {
      if (!chosen.has(entry) || !isObject(entry)) return [entry]
      return value === undefined ? bare(withPart(entry, sub, value)) : [withPart(entry, sub, value)]
    })
    return sub.name === 'primary' && value === true
      ? clearOtherPrimaries(after, after.filter(isPrimaryOf(chosen, before, after)))
      : after
  }
  return replacedEntries(before, chosen, operation, target, attribute)
}

/** Every entry but the one that has just been made the primary one is none (RFC 7644 section 3.5.2). */
export function clearOtherPrimaries(entries: readonly ScimValue[], changed: readonly ScimValue[]): ScimValue[] {
  const primary = changed.filter((entry) => isObject(entry) && entry['primary'] === true).at(-1)
  if (primary === undefined) return [...entries]
  return entries.map((entry) =>
    entry !== primary && isObject(entry) && entry['primary'] === true ? newObject({ ...entry, primary: false }) : entry,
  )
}

function replacedEntries(
  before: readonly ScimValue[],
  chosen: ReadonlySet<ScimValue>,
  { op, value }: PatchOperation,
  { selector }: PatchTarget,
  attribute: Attribute,
): ScimValue[] {
  const given = readOne(attribute, value)
  if (!isObject(given)) throw bad(attribute, 'is an object')
  const changed: ScimValue[] = []
  const after = before.map((entry) => {
    if (!chosen.has(entry) || !isObject(entry)) return entry
    if (isKeyed(attribute) && 'value' in given && given['value'] !== entry['value'])
      throw refuse('mutability', `'${attribute.name}.value' cannot be changed`)
    const kept =
      op === 'add' ? entry : isKeyed(attribute) ? newObject({ value: entry['value'] }) : (equalTerms(selector) ?? newObject())
    const next = newObject({ ...kept, ...given })
    changed.push(next)
    return next
  })
  return clearOtherPrimaries(after, changed)
}

/** The entry that an operation makes where it found none. */
function made(
  before: readonly ScimValue[],
  operation: PatchOperation,
  target: PatchTarget,
  attribute: Attribute,
): ScimValue | undefined {
  const { selector, sub } = target
  const adds = operation.op === 'add' || operation.addsWhenAbsent || before.length === 0
  const terms = selector === undefined ? newObject() : equalTerms(selector)
  if (!adds || terms === undefined) throw refuse('noTarget', `No entry of '${pathText(target)}' fits the filter`)
  if (sub !== undefined) {
    const value = readValue(sub, operation.value)
    return value === undefined ? undefined : withPart(terms, sub, value)
  }
  const given = readOne(attribute, operation.value)
  if (!isObject(given)) throw bad(attribute, 'is an object')
  return newObject({ ...terms, ...given })
}

/** The `eq` terms of a filter that has nothing else, joined by `and`: what an entry made for it holds. */
function equalTerms(filter: Filter | undefined): ScimObject | undefined {
  if (filter?.kind === 'compare') {
    const { path, operator, value } = filter
    if (operator !== 'eq' || value === null || path.attribute === undefined) return undefined
    return newObject({ [path.attribute.name]: value })
  }
  if (filter?.kind !== 'and') return undefined
  const all = newObject()
  for (const term of filter.terms) {
    const one = equalTerms(term)
    if (one === undefined) return undefined
    Object.assign(all, one)
  }
  return all
}

function withPart(entry: ScimObject, sub: Attribute, value: ScimValue | undefined): ScimObject {
  const next = newObject({ ...entry })
  put(next, sub.name, value)
  return next
}

/** What has lost all but its type and its being primary says nothing. */
function bare(entry: ScimObject): ScimValue[] {
  return Object.keys(entry).some((name) => name !== 'type' && name !== 'primary') ? [entry] : []
}

function refuseFixed(sub: Attribute, target: PatchTarget): void {
  if (sub.mutability === 'immutable') throw refuse('mutability', `'${pathText(target)}' cannot be changed`)
}

/** Entries of `after` that stand where a chosen one stood. */
function isPrimaryOf(chosen: ReadonlySet<ScimValue>, before: readonly ScimValue[], after: readonly ScimValue[]) {
  const standing = new Set(after.filter((_, at) => chosen.has(before[at] ?? '')))
  return (entry: ScimValue) => standing.has(entry)
}
