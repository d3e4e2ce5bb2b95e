import { invalid, RegistryError } from '#core'
import type { ResourceType } from './attribute.js'
import { subAttribute } from './attribute.js'
import { type AttributePath, pathText, resolvePath } from './attribute-path.js'
import type { Filter } from './filter.js'
import { FilterParser } from './filter.js'
import { tokensOf } from './filter-tokens.js'
import { isKeyed, refuseForbiddenName } from './input-values.js'
import { objectBody } from './resource-input.js'
import { quoted, refuse } from './scim-failure.js'
import { patchOperations } from './scim-limits.js'
import { messageUrn, namesSchema } from './scim-urns.js'

/** What an operation is about: an attribute, a part of it, chosen entries of it, or an extension as a whole. */
export interface PatchTarget extends AttributePath {
  /** Over the entries of the attribute. */
  readonly selector?: Filter
}

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace'
  readonly target: PatchTarget
  /** Absent only where something is removed as a whole. */
  readonly value?: unknown
  /** The path was written out: then what is read-only is refused, not passed over. */
  readonly explicit: boolean
  /** Where nothing is found to replace, it is added: written the way Entra's jobs write their words, who expect it. */
  readonly addsWhenAbsent: boolean
  /** Place in the request, for refusals. */
  readonly index: number
}

const skippedKeys = new Set(['id', 'schemas', 'meta'])

/** RFC 7644 section 3.5.2 and what identity providers make of it, in one form: an operation without a path becomes one for each key of its value.
 *  Throws `invalidSyntax`, `invalidPath`, `invalidValue`, `noTarget`. */
export function readPatch(body: unknown, type: ResourceType): readonly PatchOperation[] {
  const given = objectBody(body)
  const field = (name: string) => Object.entries(given).find(([key]) => key.toLowerCase() === name)?.[1]
  if (!namesSchema(field('schemas'), messageUrn.patch)) throw refuse('invalidSyntax', `'schemas' has to name ${messageUrn.patch}`)
  const operations = field('operations')
  if (!Array.isArray(operations) || operations.length === 0)
    throw refuse('invalidSyntax', "'Operations' is a list of one operation or more")
  if (operations.length > patchOperations) throw refuse('invalidValue', `'Operations' has at most ${patchOperations} entries`)
  return joined(operations.flatMap((operation, index) => within(index, () => readOperation(operation, index, type))))
}

/** Names the operation in what it is refused with. */
export function within<T>(index: number, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown
    throw invalid(`Operation ${index + 1}: ${thrown.message}`, { detail: thrown.detail })
  }
}

function readOperation(given: unknown, index: number, type: ResourceType): readonly PatchOperation[] {
  const operation = objectBody(given)
  const field = (name: string) => Object.entries(operation).find(([key]) => key.toLowerCase() === name)?.[1]
  const [word, path, value] = [field('op'), field('path'), field('value')]
  const op = typeof word === 'string' ? word.trim().toLowerCase() : ''
  if (op !== 'add' && op !== 'remove' && op !== 'replace')
    throw refuse('invalidSyntax', `'op' is add, remove or replace, not ${quoted(String(word))}`)
  if (path !== undefined && path !== null && typeof path !== 'string') throw refuse('invalidPath', "'path' is a string")
  const common = { op, index, addsWhenAbsent: /^[A-Z]/.test(String(word).trim()) } as const
  if (typeof path === 'string' && path.trim() !== '') {
    if (op !== 'remove' && value === undefined) throw refuse('invalidValue', `'value' is missing for ${quoted(path)}`)
    const target = readTarget(path.trim(), type)
    return [{ ...common, target, explicit: true, ...(value === undefined ? {} : { value }) }]
  }
  if (op === 'remove') throw refuse('noTarget', "'remove' needs a path")
  if (value === undefined) throw refuse('invalidValue', "'value' is missing")
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('invalidValue', "'value' is an object where there is no path")
  return Object.entries(value).flatMap(([key, item]): readonly PatchOperation[] => {
    refuseForbiddenName(key)
    if (skippedKeys.has(key.toLowerCase())) return []
    const target = knownTarget(key, type)
    return target === undefined ? [] : [{ ...common, target, value: item, explicit: false }]
  })
}

/** Keys of a value without a path may be anything: what is unknown is passed over. */
function knownTarget(key: string, type: ResourceType): PatchTarget | undefined {
  const name = key.split('[', 1)[0] ?? ''
  return resolvePath(type, name) === undefined ? undefined : readTarget(key, type)
}

/** `attribute`, `attribute.sub`, `attribute[filter]`, `attribute[filter].sub`, any of them behind a URN, or an extension's URN. Throws `invalidPath`. */
export function readTarget(text: string, type: ResourceType): PatchTarget {
  const [name = ''] = text.split('[', 1)
  for (const part of name.split(/[.:]/)) {
    if (part === '__proto__' || part === 'prototype' || part === 'constructor')
      throw refuse('invalidPath', `${quoted(text)} is no path of an attribute`)
  }
  const path = resolvePath(type, name)
  if (path === undefined) throw refuse('invalidPath', `There is no attribute ${quoted(name)}`)
  if (name.length === text.length) return path
  const { attribute } = path
  if (attribute === undefined || path.sub !== undefined) throw refuse('invalidPath', `${quoted(name)} has no entries`)
  const parser = new FilterParser(tokensOf(text.slice(name.length)), type, false)
  parser.take()
  const selector = parser.elements(attribute, 0)
  const rest = parser.take()
  if (rest === undefined) return { ...path, selector }
  const sub = rest.kind === 'word' && rest.text.startsWith('.') ? subAttribute(attribute, rest.text.slice(1)) : undefined
  if (sub === undefined || parser.peek() !== undefined)
    throw refuse('invalidPath', `${quoted(text)} names no part of '${pathText(path)}'`)
  return { ...path, sub, selector }
}

/** The one value that a selector of keyed entries names: they are then removed as by a list of values, and neighbours together. */
function namedValue({ attribute, sub, selector }: PatchTarget): string | undefined {
  if (attribute === undefined || sub !== undefined || !isKeyed(attribute) || selector?.kind !== 'compare') return undefined
  const { path, operator, value } = selector
  return path.attribute?.name === 'value' && operator === 'eq' && typeof value === 'string' ? value : undefined
}

/** Operations on keyed entries that follow each other and do the same are one, so that a thousand of them cost no more than their entries. */
function joined(operations: readonly PatchOperation[]): readonly PatchOperation[] {
  const all: PatchOperation[] = []
  for (const operation of operations) {
    const value = operation.op === 'remove' ? namedValue(operation.target) : undefined
    const { attribute, extension } = operation.target
    const plain =
      value === undefined || attribute === undefined ? operation : { ...operation, target: { attribute }, value: [value] }
    const last = all.at(-1)
    if (last !== undefined && extension === undefined && canJoin(last, plain)) {
      const values = [...listOf(last.value), ...listOf(plain.value)]
      all[all.length - 1] = { ...last, value: values }
    } else all.push(plain)
  }
  return all
}

function canJoin(one: PatchOperation, next: PatchOperation): boolean {
  const { attribute, sub, selector } = one.target
  const same = one.op === next.op && next.op !== 'replace' && attribute === next.target.attribute
  if (!same || attribute === undefined || !isKeyed(attribute)) return false
  const whole = sub === undefined && selector === undefined && next.target.sub === undefined && next.target.selector === undefined
  return whole && Array.isArray(one.value) && next.value !== undefined && next.value !== null
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
