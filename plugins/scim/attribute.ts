/** RFC 7643 section 2.3. */
export type AttributeType = 'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'reference' | 'binary' | 'complex'

/** RFC 7643 section 7: one attribute, every characteristic said. Schemas, checks, projection and the types of filters come from this table alone. */
export interface Attribute {
  readonly name: string
  readonly type: AttributeType
  readonly multiValued: boolean
  readonly description: string
  readonly required: boolean
  readonly caseExact: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable'
  readonly returned: 'always' | 'default' | 'request'
  readonly uniqueness: 'none' | 'server'
  readonly canonicalValues?: readonly string[]
  readonly referenceTypes?: readonly string[]
  readonly subAttributes?: readonly Attribute[]
  /** Text of several lines; any other string is one line. */
  readonly lines?: boolean
  /** In code points, where less than any string may have. */
  readonly longest?: number
}

export interface Schema {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
}

/** What lies under one endpoint: a core schema and its extensions. */
export interface ResourceType {
  readonly name: 'User' | 'Group'
  readonly endpoint: string
  readonly description: string
  readonly schema: Schema
  readonly extensions: readonly Schema[]
}

type Given = Partial<Omit<Attribute, 'name' | 'description'>>

/** A characteristic that is not given is RFC 7643's default; references are case-exact. */
export function attribute(name: string, description: string, given: Given = {}): Attribute {
  const type = given.subAttributes === undefined ? (given.type ?? 'string') : 'complex'
  return {
    name,
    type,
    multiValued: false,
    description,
    required: false,
    caseExact: type === 'reference' || type === 'binary',
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...given,
  }
}

/** Its usual shape in RFC 7643: value, display, type, primary. */
export function plural(name: string, description: string, types: readonly string[], value: Given = {}): Attribute {
  return attribute(name, description, {
    multiValued: true,
    subAttributes: [
      attribute('value', 'The value itself', value),
      attribute('display', 'A name for people', {}),
      attribute('type', 'What it is used for', types.length === 0 ? {} : { canonicalValues: types }),
      attribute('primary', 'The preferred one; at most one is', { type: 'boolean' }),
    ],
  })
}

export function subAttribute(of: Attribute, name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  return of.subAttributes?.find((one) => one.name.toLowerCase() === wanted)
}
