import { type Attribute, attribute, type Schema } from './attribute.js'
import { schemaUrn } from './scim-urns.js'

const readOnly = (name: string, description: string, given: Parameters<typeof attribute>[2] = {}): Attribute =>
  attribute(name, description, { mutability: 'readOnly', ...given })
const flag = (name: string, description: string) => readOnly(name, description, { type: 'boolean', required: true })
const count = (name: string, description: string) => readOnly(name, description, { type: 'integer', required: true })
const supported = (name: string, description: string, ...more: readonly Attribute[]) =>
  readOnly(name, description, { required: true, subAttributes: [flag('supported', 'Is it there?'), ...more] })
const uri = (name: string, description: string, required = false) =>
  readOnly(name, description, { type: 'reference', referenceTypes: ['external'], required })

/** RFC 7643 section 5, with the pagination of RFC 9865 section 4. */
export const serviceProviderConfigSchema: Schema = {
  id: schemaUrn.serviceProviderConfig,
  name: 'ServiceProviderConfig',
  description: 'What this server can do',
  attributes: [
    uri('documentationUri', 'Help for people'),
    supported('patch', 'Changes by PATCH'),
    supported('bulk', 'Several operations in one request', count('maxOperations', 'How many'), count('maxPayloadSize', 'Bytes')),
    supported('filter', 'Search by filter', count('maxResults', 'Resources in one answer at most')),
    supported('changePassword', 'Changes of a password'),
    supported('sort', 'Order of answers'),
    supported('etag', 'Entity tags'),
    readOnly('pagination', 'How long lists are read', {
      subAttributes: [
        flag('cursor', 'By cursor'),
        flag('index', 'By index'),
        readOnly('defaultPaginationMethod', 'Where neither is asked for', { canonicalValues: ['cursor', 'index'] }),
        readOnly('defaultPageSize', 'Resources where no count is given', { type: 'integer' }),
        readOnly('maxPageSize', 'Resources at most', { type: 'integer' }),
        readOnly('cursorTimeout', 'Seconds that a cursor is good for', { type: 'integer' }),
      ],
    }),
    readOnly('authenticationSchemes', 'How clients say who they are', {
      multiValued: true,
      required: true,
      returned: 'default',
      subAttributes: [
        readOnly('type', 'The scheme', {
          required: true,
          canonicalValues: ['oauth', 'oauth2', 'oauthbearertoken', 'httpbasic', 'httpdigest'],
        }),
        readOnly('name', 'Its name for people', { required: true }),
        readOnly('description', 'What it takes', { required: true }),
        uri('specUri', 'Its specification'),
        uri('documentationUri', 'Help for people'),
        readOnly('primary', 'The preferred one', { type: 'boolean' }),
      ],
    }),
  ],
}

/** RFC 7643 section 6. */
export const resourceTypeSchema: Schema = {
  id: schemaUrn.resourceType,
  name: 'ResourceType',
  description: 'A kind of resource',
  attributes: [
    readOnly('id', 'Its identifier'),
    readOnly('name', 'Its name', { required: true }),
    readOnly('description', 'What it is'),
    readOnly('endpoint', 'Where its resources lie', { type: 'reference', referenceTypes: ['uri'], required: true }),
    readOnly('schema', 'Its core schema', { type: 'reference', referenceTypes: ['uri'], required: true }),
    readOnly('schemaExtensions', 'What extends it', {
      multiValued: true,
      subAttributes: [
        readOnly('schema', 'The extension', { type: 'reference', referenceTypes: ['uri'], required: true }),
        flag('required', 'Has every resource to have it?'),
      ],
    }),
  ],
}

const characteristics: readonly Attribute[] = [
  readOnly('name', 'Its name', { required: true, caseExact: true }),
  readOnly('type', 'Its data type', {
    required: true,
    canonicalValues: ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'reference', 'binary', 'complex'],
  }),
  readOnly('multiValued', 'Is it a list?', { type: 'boolean', required: true }),
  readOnly('description', 'What it is'),
  readOnly('required', 'Has it to be there?', { type: 'boolean', required: true }),
  readOnly('canonicalValues', 'Values that are suggested', { multiValued: true, caseExact: true }),
  readOnly('caseExact', 'Does case count?', { type: 'boolean' }),
  readOnly('mutability', 'Who may change it', {
    required: true,
    caseExact: true,
    canonicalValues: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
  }),
  readOnly('returned', 'When it is in an answer', {
    required: true,
    caseExact: true,
    canonicalValues: ['always', 'never', 'default', 'request'],
  }),
  readOnly('uniqueness', 'How far it is unique', { caseExact: true, canonicalValues: ['none', 'server', 'global'] }),
  readOnly('referenceTypes', 'What it refers to', { multiValued: true, caseExact: true }),
]

/** RFC 7643 section 7, with its errata. */
export const schemaSchema: Schema = {
  id: schemaUrn.schema,
  name: 'Schema',
  description: 'What a resource is made of',
  attributes: [
    readOnly('id', 'Its URN', { required: true }),
    readOnly('name', 'Its name', { required: true }),
    readOnly('description', 'What it is'),
    readOnly('attributes', 'Its attributes', {
      multiValued: true,
      required: true,
      subAttributes: [
        ...characteristics,
        readOnly('subAttributes', 'Attributes of a complex one', { multiValued: true, subAttributes: characteristics }),
      ],
    }),
  ],
}
