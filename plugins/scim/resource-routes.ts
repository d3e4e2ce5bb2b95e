import { empty, type OrganizationContext, organizationRoute, type ProtocolRequest, type Reply, type Route } from '#core'
import { isNotModified } from './conditions.js'
import { listQuery, searchBody } from './list-parameters.js'
import { listResponse, readingOf } from './list-response.js'
import { readProjection, View } from './projection.js'
import type { ScimObject } from './resource.js'
import { create, found, patch, remove, replace, type ShelfName, shelfOf } from './resource-changes.js'
import { scimJson } from './scim-reply.js'
import { parameter, scimBody } from './scim-request.js'
import type { Shelf, Shelved } from './shelf.js'
import { entityTag } from './user-resource.js'

const permission = 'members.manage'
/** With more members, the answer to a PATCH is 204: nobody reads so long a list in it. */
const shownMembers = 500

/** List, search, create, read, replace, patch and delete, for users and groups alike (RFC 7644 section 3). */
export function resourceRoutes(name: ShelfName): readonly Route<OrganizationContext>[] {
  const open = (context: OrganizationContext) => shelfOf(name, context)
  return [
    organizationRoute({
      method: 'GET',
      path: `/v2/${name}`,
      permission,
      rate: 'scim',
      handle: async (request, context) =>
        scimJson(200, await listResponse([open(context)], listQuery(request.query), name, context)),
    }),
    organizationRoute({
      method: 'POST',
      path: `/v2/${name}/.search`,
      permission,
      rate: 'scim',
      handle: async (request, context) =>
        scimJson(200, await listResponse([open(context)], searchBody(await scimBody(request)), `${name}/.search`, context)),
    }),
    organizationRoute({
      method: 'POST',
      path: `/v2/${name}`,
      permission,
      rate: 'scim',
      async handle(request, context) {
        const shelf = open(context)
        const row = await create(shelf, await scimBody(request))
        return resourceReply(201, shelf, row, request)
      },
    }),
    organizationRoute({
      method: 'GET',
      path: `/v2/${name}/{id}`,
      permission,
      rate: 'scim',
      async handle(request, context) {
        const shelf = open(context)
        const row = await found(shelf, request.params.id)
        if (isNotModified(request, row.revision)) return empty(304, { etag: entityTag(row.revision) })
        return resourceReply(200, shelf, row, request)
      },
    }),
    organizationRoute({
      method: 'PUT',
      path: `/v2/${name}/{id}`,
      permission,
      rate: 'scim',
      async handle(request, context) {
        const shelf = open(context)
        const row = await replace(shelf, request.params.id, await scimBody(request), request)
        return resourceReply(200, shelf, row, request)
      },
    }),
    organizationRoute({
      method: 'PATCH',
      path: `/v2/${name}/{id}`,
      permission,
      rate: 'scim',
      async handle(request, context) {
        const shelf = open(context)
        const row = await patch(shelf, request.params.id, await scimBody(request), request)
        const isLong = 'memberCount' in row && Number(row.memberCount) > shownMembers
        if (isLong && !request.query.has('attributes')) return empty(204, { etag: entityTag(row.revision) })
        return resourceReply(200, shelf, row, request)
      },
    }),
    organizationRoute({
      method: 'DELETE',
      path: `/v2/${name}/{id}`,
      permission,
      rate: 'scim',
      async handle(request, context) {
        await remove(open(context), request.params.id, request)
        return empty(204)
      },
    }),
  ]
}

/** Over users and groups together. */
export const rootSearchRoute = organizationRoute({
  method: 'POST',
  path: '/v2/.search',
  permission,
  rate: 'scim',
  async handle(request, context) {
    const shelves = [shelfOf('Users', context), shelfOf('Groups', context)]
    return scimJson(200, await listResponse(shelves, searchBody(await scimBody(request)), '.search', context))
  },
})

async function resourceReply(status: number, shelf: Shelf, row: Shelved, request: ProtocolRequest): Promise<Reply> {
  const { query } = request
  const view = new View(shelf.type, readProjection(parameter(query, 'attributes'), parameter(query, 'excludedAttributes')))
  const resource = await shelf.resource(row, readingOf(shelf, view))
  const meta = resource['meta'] as ScimObject
  const headers = { location: String(meta['location']), etag: entityTag(row.revision) }
  return scimJson(status, view.of(resource), headers)
}
