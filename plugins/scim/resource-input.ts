import type { ResourceType } from './attribute.js'
import { type AttributePath, attributeOf, extensionOf } from './attribute-path.js'
import { readValue, refuseForbiddenName, refuseTwoPrimaries } from './input-values.js'
import { assign, copyOf, isAssigned, newObject, type ScimObject, valueAt } from './resource.js'
import { quoted, refuse } from './scim-failure.js'
import { namesSchema } from './scim-urns.js'

/** A body of POST or PUT: what it assigns, and every attribute that it names, null and empty ones included. */
export interface ResourceInput {
  readonly resource: ScimObject
  /** Canonical name, or `URN:name` in an extension; the URN alone where the extension is named as a whole. */
  readonly named: ReadonlySet<string>
}

/** Kept by a PUT that does not name them: an identity provider that sends back a body it read long ago must not bring a leaver back, nor empty a group. */
const keptWhenOmitted = new Set(['active', 'externalId', 'members', 'roles', 'entitlements'])

/** Copies by the schema what a body says: unknown attributes and the server's own are left out. Throws `invalidSyntax`, `invalidValue`. */
export function readResource(body: unknown, type: ResourceType): ResourceInput {
  const given = objectBody(body)
  const schemas = Object.entries(given).find(([name]) => name.toLowerCase() === 'schemas')?.[1]
  if (!namesSchema(schemas, type.schema.id)) throw refuse('invalidSyntax', `'schemas' has to name ${type.schema.id}`)
  const resource = newObject()
  const named = new Set<string>()
  for (const [name, value] of Object.entries(given)) {
    refuseForbiddenName(name)
    const extension = extensionOf(type, name)
    if (extension === undefined) {
      const attribute = attributeOf(type, name)
      if (attribute !== undefined) take({ attribute }, attribute.name, value)
      continue
    }
    note(named, extension.id)
    if (value === null) continue
    if (typeof value !== 'object' || Array.isArray(value)) throw refuse('invalidValue', `${quoted(name)} is an object`)
    for (const [inner, innerValue] of Object.entries(value)) {
      refuseForbiddenName(inner)
      const attribute = extension.attributes.find((one) => one.name.toLowerCase() === inner.toLowerCase())
      if (attribute !== undefined) take({ extension, attribute }, `${extension.id}:${attribute.name}`, innerValue)
    }
  }
  return { resource, named }

  function take(path: AttributePath, key: string, value: unknown): void {
    const { attribute } = path
    if (attribute === undefined || attribute.mutability === 'readOnly' || attribute.name === 'schemas') return
    note(named, key)
    const read = readValue(attribute, value)
    refuseTwoPrimaries(attribute, read)
    assign(resource, path, read)
  }
}

export function objectBody(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Readonly<Record<string, unknown>>
  throw refuse('invalidSyntax', 'The body is a JSON object')
}

/** RFC 7644 section 3.5.1: what is named is replaced, the rest cleared, save `keptWhenOmitted`. Pure. Throws `invalidValue`. */
export function replaced(stored: ScimObject, { resource, named }: ResourceInput, type: ResourceType): ScimObject {
  const next = copyOf(resource) as ScimObject
  for (const attribute of [...type.schema.attributes, attributeOf(type, 'externalId')]) {
    if (attribute === undefined || !keptWhenOmitted.has(attribute.name) || named.has(attribute.name)) continue
    const kept = valueAt(stored, { attribute })
    if (kept !== undefined) next[attribute.name] = copyOf(kept)
  }
  if (named.has('active') && next['active'] === undefined) throw refuse('invalidValue', "'active' is true or false")
  return next
}

/** Throws `invalidValue` for a required attribute that is missing or empty. */
export function requireAttributes(resource: ScimObject, type: ResourceType): void {
  for (const attribute of type.schema.attributes) {
    const value = resource[attribute.name]
    if (attribute.required && (!isAssigned(value) || (typeof value === 'string' && value.trim() === '')))
      throw refuse('invalidValue', `'${attribute.name}' is required`)
  }
}

function note(named: Set<string>, key: string): void {
  if (named.has(key)) throw refuse('invalidSyntax', `${quoted(key)} stands twice`)
  named.add(key)
}
