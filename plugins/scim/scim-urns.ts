const messages = 'urn:ietf:params:scim:api:messages:2.0'
const core = 'urn:ietf:params:scim:schemas:core:2.0'

/** RFC 7644 section 8.2. Emitted as they stand here, compared without regard to case. */
export const messageUrn = {
  list: `${messages}:ListResponse`,
  search: `${messages}:SearchRequest`,
  patch: `${messages}:PatchOp`,
  bulkRequest: `${messages}:BulkRequest`,
  bulkResponse: `${messages}:BulkResponse`,
  error: `${messages}:Error`,
} as const

/** RFC 7643 section 10.3. */
export const schemaUrn = {
  user: `${core}:User`,
  group: `${core}:Group`,
  enterprise: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  serviceProviderConfig: `${core}:ServiceProviderConfig`,
  resourceType: `${core}:ResourceType`,
  schema: `${core}:Schema`,
} as const

/** Does the list of a body's `schemas` name this one? */
export function namesSchema(schemas: unknown, urn: string): boolean {
  if (!Array.isArray(schemas)) return false
  const wanted = urn.toLowerCase()
  return schemas.some((name) => typeof name === 'string' && name.toLowerCase() === wanted)
}
