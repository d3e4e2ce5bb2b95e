import {
  forbidden,
  notFound,
  type OrganizationContext,
  organizationRoute,
  type ProtocolRequest,
  type Reply,
  type Route,
} from '#core'
import type { Attribute, ResourceType, Schema } from './attribute.js'
import { groupType } from './group-schema.js'
import { resourceTypeSchema, schemaSchema, serviceProviderConfigSchema } from './meta-schemas.js'
import { bulkLimits, pageLimits } from './scim-limits.js'
import { scimJson } from './scim-reply.js'
import { messageUrn, schemaUrn } from './scim-urns.js'
import { enterpriseSchema, userType } from './user-schema.js'

type Context = Pick<OrganizationContext, 'mountUrl'>

export const resourceTypes: readonly ResourceType[] = [userType, groupType]
const schemas: readonly Schema[] = [
  userType.schema,
  groupType.schema,
  enterpriseSchema,
  schemaSchema,
  resourceTypeSchema,
  serviceProviderConfigSchema,
]

/** Below the mount, without a slash at its end. */
export function baseUrl({ mountUrl }: Context): string {
  return `${mountUrl.href}v2`
}

/** Equal for every organization, existing or not, and open to everybody (RFC 7643 section 5). */
export const discoveryRoutes: readonly Route<OrganizationContext>[] = [
  documentRoute('/v2/ServiceProviderConfig', (base) => serviceProviderConfig(base)),
  documentRoute('/v2/ResourceTypes', (base) => listOf(resourceTypes.map((type) => resourceTypeDocument(type, base)))),
  organizationRoute({
    method: 'GET',
    path: '/v2/ResourceTypes/{name}',
    permission: 'none',
    async handle(request, context) {
      refuseFilter(request)
      const type = resourceTypes.find(({ name }) => name === request.params.name)
      if (type === undefined) throw notFound('Resource type', request.params.name.slice(0, 80))
      return scimJson(200, resourceTypeDocument(type, baseUrl(context)))
    },
  }),
  documentRoute('/v2/Schemas', (base) => listOf(schemas.map((schema) => schemaDocument(schema, base)))),
  organizationRoute({
    method: 'GET',
    path: '/v2/Schemas/{urn}',
    permission: 'none',
    async handle(request, context) {
      refuseFilter(request)
      const wanted = request.params.urn.toLowerCase()
      const schema = schemas.find(({ id }) => id.toLowerCase() === wanted)
      if (schema === undefined) throw notFound('Schema', request.params.urn.slice(0, 120))
      return scimJson(200, schemaDocument(schema, baseUrl(context)))
    },
  }),
]

function documentRoute(path: string, document: (base: string) => unknown): Route<OrganizationContext> {
  return organizationRoute({
    method: 'GET',
    path,
    permission: 'none',
    async handle(request, context): Promise<Reply> {
      refuseFilter(request)
      return scimJson(200, document(baseUrl(context)))
    },
  })
}

/** RFC 7644 section 4: these lists are read whole. */
function refuseFilter(request: ProtocolRequest): void {
  if (request.query.has('filter')) throw forbidden('Discovery documents cannot be filtered')
}

function listOf(documents: readonly unknown[]) {
  return {
    schemas: [messageUrn.list],
    totalResults: documents.length,
    startIndex: 1,
    itemsPerPage: documents.length,
    Resources: documents,
  }
}

function serviceProviderConfig(base: string) {
  return {
    schemas: [schemaUrn.serviceProviderConfig],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: bulkLimits.operations, maxPayloadSize: bulkLimits.bytes },
    filter: { supported: true, maxResults: pageLimits.most },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: pageLimits.usual,
      maxPageSize: pageLimits.most,
      cursorTimeout: pageLimits.cursorSeconds,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'OAuth Bearer Token',
        description: 'SCIM token of the organization in the Authorization header',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  }
}

function resourceTypeDocument({ name, endpoint, description, schema, extensions }: ResourceType, base: string) {
  return {
    schemas: [schemaUrn.resourceType],
    id: name,
    name,
    endpoint,
    description,
    schema: schema.id,
    ...(extensions.length === 0 ? {} : { schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })) }),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  }
}

function schemaDocument({ id, name, description, attributes }: Schema, base: string) {
  return {
    schemas: [schemaUrn.schema],
    id,
    name,
    description,
    attributes: attributes.map(characteristicsOf),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  }
}

/** Every characteristic said, none null; a complex attribute has neither case nor uniqueness (errata of RFC 7643). */
function characteristicsOf(of: Attribute): Readonly<Record<string, unknown>> {
  const { name, type, multiValued, description, required, caseExact, mutability, returned, uniqueness } = of
  return {
    name,
    type,
    multiValued,
    description,
    required,
    ...(of.canonicalValues === undefined ? {} : { canonicalValues: of.canonicalValues }),
    ...(type === 'complex' ? {} : { caseExact }),
    mutability,
    returned,
    ...(type === 'complex' ? {} : { uniqueness }),
    ...(of.referenceTypes === undefined ? {} : { referenceTypes: of.referenceTypes }),
    ...(of.subAttributes === undefined ? {} : { subAttributes: of.subAttributes.map(characteristicsOf) }),
  }
}
