import type { Attribute, ResourceType } from './attribute.js'
import { type AttributePath, commonAttributes, resolvePath } from './attribute-path.js'
import { isAssigned, isObject, newObject, put, type ScimObject, type ScimValue } from './resource.js'
import { refuse } from './scim-failure.js'

/** What of a resource an answer holds (RFC 7644 section 3.9). */
export interface Projection {
  readonly attributes?: readonly string[]
  readonly excluded?: readonly string[]
}

/** Names as a query has them, between commas, or as a body has them, in a list. Throws `invalidValue` where both are given. */
export function readProjection(attributes: unknown, excluded: unknown): Projection {
  const [wanted, unwanted] = [namesOf(attributes), namesOf(excluded)]
  if (wanted.length > 0 && unwanted.length > 0)
    throw refuse('invalidValue', "'attributes' and 'excludedAttributes' cannot both be given")
  if (wanted.length > 0) return { attributes: wanted }
  return unwanted.length > 0 ? { excluded: unwanted } : {}
}

/** For one resource type: which attributes, and which parts of them, are shown. Unknown names are left aside. */
export class View {
  /** Paths by the name of their attribute, or the URN of their extension; undefined where all that is usual is shown. */
  private readonly wanted: readonly AttributePath[] | undefined
  private readonly unwanted: readonly AttributePath[]

  constructor(
    private readonly type: ResourceType,
    { attributes, excluded }: Projection,
  ) {
    this.wanted = attributes === undefined ? undefined : resolved(type, attributes)
    this.unwanted = excluded === undefined ? [] : resolved(type, excluded)
  }

  /** Is any part of this core attribute shown? What is not need not be read from the store. */
  shows(name: string): boolean {
    const attribute = [...commonAttributes, ...this.type.schema.attributes].find((one) => one.name === name)
    return attribute !== undefined && this.showsAttribute(undefined, attribute)
  }

  /** Is this part named? Of parts that are shown on request alone. */
  names(attribute: string, sub: string): boolean {
    return this.wanted?.some((path) => path.attribute?.name === attribute && path.sub?.name === sub) === true
  }

  of(resource: ScimObject): ScimObject {
    const shown = newObject()
    for (const attribute of [...commonAttributes, ...this.type.schema.attributes]) {
      if (attribute.name === 'schemas' || !this.showsAttribute(undefined, attribute)) continue
      put(shown, attribute.name, this.parts(undefined, attribute, resource[attribute.name]))
    }
    const schemas = [this.type.schema.id]
    for (const extension of this.type.extensions) {
      const held = resource[extension.id]
      if (!isObject(held)) continue
      const part = newObject()
      for (const attribute of extension.attributes) {
        if (this.showsAttribute(extension.id, attribute))
          put(part, attribute.name, this.parts(extension.id, attribute, held[attribute.name]))
      }
      if (!isAssigned(part)) continue
      shown[extension.id] = part
      schemas.push(extension.id)
    }
    return newObject({ schemas, ...shown })
  }

  private showsAttribute(extension: string | undefined, attribute: Attribute): boolean {
    if (attribute.returned === 'always') return true
    const about = (path: AttributePath) =>
      path.extension?.id === extension && (path.attribute === undefined || path.attribute.name === attribute.name)
    if (this.wanted !== undefined) return this.wanted.some(about)
    return attribute.returned === 'default' && !this.unwanted.some((path) => about(path) && path.sub === undefined)
  }

  private parts(extension: string | undefined, attribute: Attribute, value: ScimValue | undefined): ScimValue | undefined {
    if (value === undefined || attribute.subAttributes === undefined) return value
    if (Array.isArray(value)) {
      const entries = value.map((entry) => this.parts(extension, attribute, entry)).filter(isAssigned)
      return entries
    }
    if (!isObject(value)) return value
    const about = (path: AttributePath) => path.extension?.id === extension && path.attribute?.name === attribute.name
    const wanted = this.wanted?.filter(about)
    const isWhole = wanted === undefined || wanted.length === 0 || wanted.some(({ sub }) => sub === undefined)
    const unwanted = this.unwanted.filter(about)
    const shown = newObject()
    for (const sub of attribute.subAttributes) {
      const isNamed = wanted?.some((path) => path.sub?.name === sub.name) === true
      if (!isNamed && (!isWhole || sub.returned === 'request')) continue
      if (unwanted.some((path) => path.sub?.name === sub.name)) continue
      put(shown, sub.name, value[sub.name])
    }
    return shown
  }
}

function namesOf(given: unknown): readonly string[] {
  if (given === undefined || given === null) return []
  const list = Array.isArray(given) ? given : [given]
  return list.flatMap((item: unknown) => {
    if (typeof item !== 'string') throw refuse('invalidValue', 'Names of attributes are strings')
    return item
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
  })
}

function resolved(type: ResourceType, names: readonly string[]): readonly AttributePath[] {
  return names.flatMap((name) => resolvePath(type, name) ?? [])
}
