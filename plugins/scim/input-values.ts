import type { Attribute } from './attribute.js'
import { subAttribute } from './attribute.js'
import { instantOf } from './filter.js'
import { newObject, put, type ScimObject, type ScimValue } from './resource.js'
import { quoted, refuse } from './scim-failure.js'
import { bodyLimits } from './scim-limits.js'

const control = /[\u0000-\u001f\u007f-\u009f]/
const controlOfLines = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const forbiddenNames = new Set(['__proto__', 'prototype', 'constructor'])

/** What a client sent for an attribute, in the attribute's own type: undefined where that unassigns it. What is unknown or the server's own is
 *  left out. Throws `invalidValue`. */
export function readValue(of: Attribute, given: unknown): ScimValue | undefined {
  if (given === undefined || given === null) return undefined
  if (!of.multiValued) return readOne(of, given)
  const list = Array.isArray(given) ? given : [given]
  if (list.length > bodyLimits.entries) throw bad(of, `has at most ${bodyLimits.entries} entries`)
  const values: ScimValue[] = []
  for (const item of list) {
    if (item === null) throw bad(of, 'holds null among its entries')
    const value = readOne(of, item)
    if (value !== undefined) values.push(value)
  }
  return withoutRepeats(of, values)
}

/** One value, or one entry of a list. */
export function readOne(of: Attribute, given: unknown): ScimValue | undefined {
  switch (of.type) {
    case 'complex':
      return readComplex(of, given)
    case 'boolean':
      return readBoolean(of, given)
    case 'integer':
    case 'decimal':
      if (typeof given === 'number' && (of.type === 'decimal' || Number.isSafeInteger(given))) return given
      throw bad(of, `is ${of.type}`)
    default:
      return readText(of, given)
  }
}

/** No list has two primary entries (RFC 7643 section 2.4). */
export function refuseTwoPrimaries(of: Attribute, value: ScimValue | undefined): void {
  if (!Array.isArray(value)) return
  const primaries = value.filter((item) => typeof item === 'object' && !Array.isArray(item) && item['primary'] === true)
  if (primaries.length > 1) throw bad(of, 'has more than one primary entry')
}

export function refuseForbiddenName(name: string): void {
  if (forbiddenNames.has(name.toLowerCase())) throw refuse('invalidSyntax', `${quoted(name)} is no name of an attribute`)
}

function readComplex(of: Attribute, given: unknown): ScimObject | undefined {
  if (typeof given === 'string') {
    const value = subAttribute(of, 'value')
    if (value === undefined) throw bad(of, 'is an object')
    const text = readOne(value, given)
    return text === undefined || text === '' ? undefined : newObject({ [value.name]: text })
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw bad(of, 'is an object')
  const object = newObject()
  for (const [name, item] of Object.entries(given)) {
    refuseForbiddenName(name)
    const sub = subAttribute(of, name)
    if (sub === undefined || sub.mutability === 'readOnly' || item === null) continue
    put(object, sub.name, readValue(sub, item))
  }
  return Object.keys(object).length === 0 ? undefined : object
}

/** Entra sends "True" and "False", its validator `"primary": "True"`. */
function readBoolean(of: Attribute, given: unknown): boolean {
  if (typeof given === 'boolean') return given
  const word = typeof given === 'string' ? given.trim().toLowerCase() : ''
  if (word === 'true' || word === 'false') return word === 'true'
  throw bad(of, 'is true or false')
}

function readText(of: Attribute, given: unknown): string {
  if (typeof given !== 'string') throw bad(of, 'is a string')
  if (Buffer.byteLength(given) > bodyLimits.text) throw bad(of, `has at most ${bodyLimits.text} bytes`)
  if ((of.lines ? controlOfLines : control).test(given)) throw bad(of, 'holds a control character')
  if (of.longest !== undefined && [...given].length > of.longest) throw bad(of, `has at most ${of.longest} characters`)
  if (of.type === 'dateTime' && instantOf(given) === undefined) throw bad(of, 'is a date and time with its offset')
  if (of.type === 'binary' && !base64.test(given)) throw bad(of, 'is base64')
  return given
}

/** Equal entries count once; members by their value alone. */
export function withoutRepeats(of: Attribute, values: readonly ScimValue[]): ScimValue[] {
  const kept: ScimValue[] = []
  const seen = new Set<string>()
  for (const value of values) {
    const key = entryKey(of, value)
    if (seen.has(key)) continue
    seen.add(key)
    kept.push(value)
  }
  return kept
}

/** Equal for entries that are one: members by `value`, others by everything. */
export function entryKey(of: Attribute, value: ScimValue): string {
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value)
  if (isKeyed(of)) return typeof value['value'] === 'string' ? value['value'] : ''
  return JSON.stringify(
    Object.keys(value)
      .sort()
      .map((name) => [name, value[name]]),
  )
}

/** Entries that are known by their value, which never changes. */
export function isKeyed(of: Attribute): boolean {
  return subAttribute(of, 'value')?.mutability === 'immutable'
}

export function bad(of: Attribute, what: string) {
  return refuse('invalidValue', `'${of.name}' ${what}`)
}
