import { type Attribute, attribute, type ResourceType, type Schema, subAttribute } from './attribute.js'

/** What every resource has, and no schema lists (RFC 7643 section 3.1). */
export const commonAttributes: readonly Attribute[] = [
  attribute('schemas', 'Schemas of the resource', {
    type: 'reference',
    multiValued: true,
    required: true,
    returned: 'always',
    referenceTypes: ['uri'],
  }),
  attribute('id', 'Identifier made by the server', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'Identifier that the identity provider has for it', { caseExact: true }),
  attribute('meta', 'About the resource', {
    mutability: 'readOnly',
    subAttributes: [
      attribute('resourceType', 'User or Group', { caseExact: true, mutability: 'readOnly' }),
      attribute('created', 'When it was made', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When it last changed', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('location', 'Its address', { type: 'reference', referenceTypes: ['uri'], mutability: 'readOnly' }),
      attribute('version', 'Its entity tag', { caseExact: true, mutability: 'readOnly' }),
    ],
  }),
]

/** Where a value lies: in the resource itself or in an extension's object; `attribute` is absent for an extension as a whole. */
export interface AttributePath {
  readonly extension?: Schema
  readonly attribute?: Attribute
  readonly sub?: Attribute
}

const namePattern = /^(?:[A-Za-z][A-Za-z0-9_-]*|\$ref)$/

/** Of one attribute, without a URN and case-insensitive. */
export function attributeOf(type: ResourceType, name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  const same = (one: Attribute) => one.name.toLowerCase() === wanted
  return type.schema.attributes.find(same) ?? commonAttributes.find(same)
}

export function extensionOf(type: ResourceType, urn: string): Schema | undefined {
  const wanted = urn.toLowerCase()
  return type.extensions.find(({ id }) => id.toLowerCase() === wanted)
}

/** `[URN:]name[.sub]`, or an extension's URN alone, resolved to canonical spelling. A URN is split off as the longest registered one, since URNs
 *  hold dots themselves. Undefined where the resource type has no such attribute. */
export function resolvePath(type: ResourceType, text: string): AttributePath | undefined {
  const extension = extensionOf(type, text)
  if (extension !== undefined) return { extension }
  const schema = schemasByLength(type).find(({ id }) => text.slice(0, id.length + 1).toLowerCase() === `${id.toLowerCase()}:`)
  const rest = schema === undefined ? text : text.slice(schema.id.length + 1)
  const [name = '', subName, ...more] = rest.split('.')
  if (more.length > 0 || !namePattern.test(name) || (subName !== undefined && !namePattern.test(subName))) return undefined
  const inExtension = schema !== undefined && schema !== type.schema
  const found = inExtension
    ? schema.attributes.find((one) => one.name.toLowerCase() === name.toLowerCase())
    : attributeOf(type, name)
  if (found === undefined) return undefined
  const sub = subName === undefined ? undefined : subAttribute(found, subName)
  if (subName !== undefined && sub === undefined) return undefined
  return { attribute: found, ...(inExtension ? { extension: schema } : {}), ...(sub === undefined ? {} : { sub }) }
}

/** As people write it, for refusals. */
export function pathText({ extension, attribute: of, sub }: AttributePath): string {
  const names = [of?.name, sub?.name].filter((name) => name !== undefined).join('.')
  return extension === undefined ? names : names === '' ? extension.id : `${extension.id}:${names}`
}

function schemasByLength(type: ResourceType): readonly Schema[] {
  return [type.schema, ...type.extensions].sort((a, b) => b.id.length - a.id.length)
}
