import type { Json } from '#core'
import type { AttributePath } from './attribute-path.js'

/** A resource or a complex value: canonical names, no prototype, nothing unassigned in it. */
export interface ScimObject {
  [name: string]: ScimValue
}
export type ScimValue = string | number | boolean | ScimObject | ScimValue[]

export function newObject(entries: Readonly<Record<string, ScimValue | undefined>> = {}): ScimObject {
  const object: ScimObject = Object.create(null)
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) object[name] = value
  return object
}

export function isObject(value: unknown): value is ScimObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Again without prototypes, as rows and copies have them. */
export function copyOf<Value extends ScimValue | Json>(value: Value): ScimValue {
  if (Array.isArray(value)) return value.map((item) => copyOf(item as ScimValue))
  if (typeof value !== 'object' || value === null) return value as ScimValue
  return newObject(Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item as ScimValue)])))
}

/** Unassigned, null, an empty list and a complex value with nothing inside are one state (RFC 7643 section 2.5). */
export function isAssigned(value: ScimValue | undefined | null): value is ScimValue {
  if (value === undefined || value === null) return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value !== 'object' || Object.keys(value).length > 0
}

/** The value at the path's attribute, its sub-attribute left aside. */
export function valueAt(resource: ScimObject, { extension, attribute }: AttributePath): ScimValue | undefined {
  const holder = extension === undefined ? resource : resource[extension.id]
  if (attribute === undefined) return holder
  return isObject(holder) ? holder[attribute.name] : undefined
}

/** Puts it there; what is not assigned leaves, and with it an extension that has nothing else. */
export function assign(resource: ScimObject, { extension, attribute }: AttributePath, value: ScimValue | undefined): void {
  if (extension === undefined) {
    if (attribute !== undefined) put(resource, attribute.name, value)
    return
  }
  if (attribute === undefined) {
    put(resource, extension.id, value)
    return
  }
  const held = resource[extension.id]
  const holder = isObject(held) ? held : newObject()
  put(holder, attribute.name, value)
  put(resource, extension.id, holder)
}

export function put(holder: ScimObject, name: string, value: ScimValue | undefined): void {
  if (isAssigned(value)) holder[name] = value
  else delete holder[name]
}

/** Equal values, whatever the order of their keys. */
export function sameValue(a: ScimValue | undefined, b: ScimValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => sameValue(item, b[at]))
  if (!isObject(a) || !isObject(b)) return a === b
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => name in b && sameValue(a[name], b[name]))
}
