import type { Attribute, ResourceType } from './attribute.js'
import { subAttribute } from './attribute.js'
import { type AttributePath, pathText } from './attribute-path.js'
import { bad, entryKey, readOne, readValue, withoutRepeats } from './input-values.js'
import { chosenEntries, clearOtherPrimaries } from './patch-entries.js'
import { type PatchOperation, type PatchTarget, within } from './patch-operations.js'
import { assign, copyOf, isObject, newObject, put, type ScimObject, type ScimValue, valueAt } from './resource.js'
import { refuse } from './scim-failure.js'
import { namesSchema } from './scim-urns.js'

/** The resource as it is after all operations, each of which sees what those before it did. The one given stays as it is. Throws `mutability`,
 *  `noTarget`, `invalidValue`, naming the operation. */
export function applyPatch(stored: ScimObject, operations: readonly PatchOperation[], type: ResourceType): ScimObject {
  const resource = copyOf(stored) as ScimObject
  for (const operation of operations) within(operation.index, () => apply(resource, operation, type))
  return resource
}

function apply(resource: ScimObject, operation: PatchOperation, type: ResourceType): void {
  const { target, op, value } = operation
  const { attribute, extension, sub } = target
  if (attribute === undefined) {
    if (extension !== undefined) applyExtension(resource, operation, target)
    return
  }
  if (attribute.mutability === 'readOnly' || sub?.mutability === 'readOnly') {
    if (operation.explicit) throw refuse('mutability', `'${pathText(target)}' cannot be changed`)
    return
  }
  if (attribute.name === 'schemas') {
    applySchemas(resource, op, value, type)
    return
  }
  if (op !== 'remove' && attribute.required && value === null) throw bad(attribute, 'is required')
  if (op === 'remove' && attribute.name === 'active')
    throw refuse('mutability', "'active' cannot be removed; it is true or false")
  if (op === 'remove' && attribute.required) throw refuse('mutability', `'${attribute.name}' is required and cannot be removed`)
  if (attribute.multiValued) applyEntries(resource, operation, target, attribute)
  else if (sub !== undefined) applyPart(resource, operation, target, sub)
  else if (op === 'remove') assign(resource, target, undefined)
  else if (attribute.subAttributes !== undefined) applyMerge(resource, target, attribute, value)
  else assign(resource, target, settled(attribute, value))
}

/** `active` has no unassigned state. */
function settled(attribute: Attribute, value: unknown): ScimValue | undefined {
  if (attribute.name === 'active' && value === null) throw bad(attribute, 'is true or false')
  return readValue(attribute, value)
}

/** An extension by its URN alone: its attributes one by one. */
function applyExtension(resource: ScimObject, operation: PatchOperation, { extension }: PatchTarget): void {
  if (extension === undefined) return
  if (operation.op === 'remove' || operation.value === null) {
    assign(resource, { extension }, undefined)
    return
  }
  const { value } = operation
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('invalidValue', `'${extension.id}' is an object`)
  for (const [name, item] of Object.entries(value)) {
    const attribute = extension.attributes.find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (attribute === undefined) continue
    const path = { extension, attribute }
    if (attribute.subAttributes === undefined) assign(resource, path, readValue(attribute, item))
    else applyMerge(resource, path, attribute, item)
  }
}

/** Only what follows from it is done: without the URN of an extension, that extension goes. */
function applySchemas(resource: ScimObject, op: PatchOperation['op'], value: unknown, type: ResourceType): void {
  const names = typeof value === 'string' ? [value] : value
  const removes = (urn: string) =>
    op === 'remove' ? names === undefined || namesSchema(names, urn) : op === 'replace' && !namesSchema(names, urn)
  if (removes(type.schema.id)) throw refuse('invalidValue', `'schemas' has to name ${type.schema.id}`)
  for (const extension of type.extensions) if (removes(extension.id)) assign(resource, { extension }, undefined)
}

/** RFC 7644 section 3.5.2.3: parts that are not named stay, null takes a part away. */
function applyMerge(resource: ScimObject, path: AttributePath, attribute: Attribute, value: unknown): void {
  if (value === null) {
    assign(resource, path, undefined)
    return
  }
  const held = valueAt(resource, path)
  const next = isObject(held) ? held : newObject()
  const given = typeof value === 'string' ? readOne(attribute, value) : value
  if (given === undefined) return
  if (typeof given !== 'object' || Array.isArray(given)) throw bad(attribute, 'is an object')
  for (const [name, item] of Object.entries(given as object)) {
    const sub = subAttribute(attribute, name)
    if (sub !== undefined && sub.mutability !== 'readOnly') put(next, sub.name, readValue(sub, item))
  }
  assign(resource, path, next)
}

function applyPart(resource: ScimObject, { op, value }: PatchOperation, target: PatchTarget, sub: Attribute): void {
  const held = valueAt(resource, target)
  const next = isObject(held) ? held : newObject()
  put(next, sub.name, op === 'remove' ? undefined : readValue(sub, value))
  assign(resource, target, next)
}

function applyEntries(resource: ScimObject, operation: PatchOperation, target: PatchTarget, attribute: Attribute): void {
  const { op, value } = operation
  const held = valueAt(resource, target)
  const before = Array.isArray(held) ? held : []
  if (target.selector !== undefined || target.sub !== undefined) {
    const after = chosenEntries(before, operation, target, attribute)
    assign(resource, target, withoutRepeats(attribute, after))
    return
  }
  if (op === 'remove') {
    // Entra, OneLogin and JumpCloud name the entries in a value: these alone go, and none where the list is empty.
    assign(resource, target, value === undefined || value === null ? undefined : withoutNamed(before, value))
    return
  }
  const given = readValue(attribute, value)
  const entries = Array.isArray(given) ? given : []
  if (op === 'replace') {
    assign(resource, target, onePrimary(attribute, entries))
    return
  }
  const known = new Set(before.map((entry) => entryKey(attribute, entry)))
  const added = entries.filter((entry) => !known.has(entryKey(attribute, entry)))
  assign(resource, target, clearOtherPrimaries([...before, ...added], added))
}

function onePrimary(attribute: Attribute, entries: ScimValue[]): ScimValue[] {
  const primaries = entries.filter((entry) => isObject(entry) && entry['primary'] === true)
  if (primaries.length > 1) throw bad(attribute, 'has more than one primary entry')
  return entries
}

/** By `value` alone: whatever else is said of an entry is noise. */
function withoutNamed(before: readonly ScimValue[], value: unknown): ScimValue[] {
  const named = (Array.isArray(value) ? value : [value]).map((item: unknown) =>
    typeof item === 'object' && item !== null ? Object.entries(item).find(([name]) => name.toLowerCase() === 'value')?.[1] : item,
  )
  const gone = new Set(named.filter((item) => item !== undefined && item !== null))
  return before.filter((entry) => !gone.has(isObject(entry) ? entry['value'] : entry))
}
