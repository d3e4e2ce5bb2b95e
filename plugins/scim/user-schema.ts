import { attribute, plural, type ResourceType, type Schema } from './attribute.js'
import { schemaUrn } from './scim-urns.js'

const emailTypes = ['work', 'home', 'other']
const phoneTypes = ['work', 'home', 'mobile', 'fax', 'pager', 'other']

/** RFC 7643 section 4.1. No `password`: none is taken, and none can be asked for. */
export const userSchema: Schema = {
  id: schemaUrn.user,
  name: 'User',
  description: 'User Account',
  attributes: [
    attribute('userName', 'Login name, unique in the organization without regard to case', {
      required: true,
      uniqueness: 'server',
      longest: 256,
    }),
    attribute('name', 'The parts of the name of a person', {
      subAttributes: [
        attribute('formatted', 'The whole name, as it is shown'),
        attribute('familyName', 'Last name'),
        attribute('givenName', 'First name'),
        attribute('middleName', 'Middle names'),
        attribute('honorificPrefix', 'Title before the name'),
        attribute('honorificSuffix', 'What follows the name'),
      ],
    }),
    attribute('displayName', 'The name that is shown to others', { longest: 256 }),
    attribute('nickName', 'What the person is called'),
    attribute('profileUrl', 'Page about the person', { type: 'reference', referenceTypes: ['external'] }),
    attribute('title', 'Position, as in "Vice President"'),
    attribute('userType', 'Relation to the organization, as in "Contractor"; gives no right'),
    attribute('preferredLanguage', 'As in Accept-Language'),
    attribute('locale', 'For dates, numbers and currency'),
    attribute('timezone', 'In the Olson form'),
    attribute('active', 'False: no sign-in, no token, nothing', { type: 'boolean' }),
    plural('emails', 'Where mail reaches the person; contact data alone', emailTypes),
    plural('phoneNumbers', 'Where the person is called', phoneTypes),
    plural('ims', 'Instant messaging addresses', []),
    plural('photos', 'Pictures of the person', ['photo', 'thumbnail'], { type: 'reference', referenceTypes: ['external'] }),
    attribute('addresses', 'Where the person works or lives', {
      multiValued: true,
      subAttributes: [
        attribute('formatted', 'The whole address, as on a label', { lines: true }),
        attribute('streetAddress', 'House, street, box', { lines: true }),
        attribute('locality', 'City'),
        attribute('region', 'State or region'),
        attribute('postalCode', 'Postal code'),
        attribute('country', 'Country, ISO 3166-1 alpha-2'),
        attribute('type', 'What it is used for', { canonicalValues: emailTypes }),
        attribute('primary', 'The preferred one; at most one is', { type: 'boolean' }),
      ],
    }),
    attribute('groups', 'Groups that the person is in; changed through the groups themselves', {
      multiValued: true,
      mutability: 'readOnly',
      subAttributes: [
        attribute('value', 'Id of the group', { mutability: 'readOnly', caseExact: true }),
        attribute('$ref', 'Address of the group', { type: 'reference', referenceTypes: ['Group'], mutability: 'readOnly' }),
        attribute('display', 'Name of the group', { mutability: 'readOnly' }),
        attribute('type', 'How it came about', { canonicalValues: ['direct'], mutability: 'readOnly' }),
      ],
    }),
    plural('entitlements', 'Kept as sent; gives no right', []),
    plural('roles', 'Kept as sent; gives no right', []),
    plural('x509Certificates', 'Certificates of the person', [], { type: 'binary' }),
  ],
}

/** RFC 7643 section 4.3. */
export const enterpriseSchema: Schema = {
  id: schemaUrn.enterprise,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    attribute('employeeNumber', 'Number or text that the organization knows the person by'),
    attribute('costCenter', 'Cost center'),
    attribute('organization', 'Organization'),
    attribute('division', 'Division'),
    attribute('department', 'Department'),
    attribute('manager', "The person's manager", {
      subAttributes: [
        attribute('value', 'Id of the manager', { caseExact: true }),
        attribute('$ref', 'Address of the manager', { type: 'reference', referenceTypes: ['User'] }),
        attribute('displayName', 'Name of the manager', { mutability: 'readOnly', returned: 'request' }),
      ],
    }),
  ],
}

export const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  description: 'User Account',
  schema: userSchema,
  extensions: [enterpriseSchema],
}
