import { attribute, type ResourceType, type Schema } from './attribute.js'
import { schemaUrn } from './scim-urns.js'

/** RFC 7643 section 4.2. */
export const groupSchema: Schema = {
  id: schemaUrn.group,
  name: 'Group',
  description: 'Group',
  attributes: [
    attribute('displayName', 'Name, unique in the organization without regard to case', {
      required: true,
      uniqueness: 'server',
      longest: 400,
    }),
    attribute('members', 'Who is in it', {
      multiValued: true,
      subAttributes: [
        attribute('value', 'Id of the user', { mutability: 'immutable', caseExact: true }),
        attribute('$ref', 'Address of the user', { type: 'reference', referenceTypes: ['User'], mutability: 'immutable' }),
        attribute('type', 'What it is', { canonicalValues: ['User'], mutability: 'immutable' }),
        attribute('display', 'Name of the user', { mutability: 'readOnly', returned: 'request' }),
      ],
    }),
  ],
}

export const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  description: 'Group',
  schema: groupSchema,
  extensions: [],
}
