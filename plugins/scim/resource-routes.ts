import {
  conflict,
  type Directory,
  empty,
  notFound,
  type OrganizationContext,
  organizationRoute,
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type Route,
} from '#core'
import { holdIfMatch, isNotModified } from './conditions.js'
import { baseUrl } from './discovery.js'
import { GroupShelf } from './group-shelf.js'
import { listQuery, searchBody } from './list-parameters.js'
import { listResponse, readingOf } from './list-response.js'
import { applyPatch } from './patch-apply.js'
import { readPatch } from './patch-operations.js'
import { readProjection, View } from './projection.js'
import { type ScimObject, sameValue } from './resource.js'
import { readResource, replaced, requireAttributes } from './resource-input.js'
import { scimJson } from './scim-reply.js'
import { parameter, scimBody } from './scim-request.js'
import type { Shelf, Shelved } from './shelf.js'
import { entityTag } from './user-resource.js'
import { UserShelf } from './user-shelf.js'

const permission = 'members.manage'
const attempts = 5
/** With more members, the answer to a PATCH is 204: nobody reads so long a list in it. */
const shownMembers = 500

export type ShelfName = 'Users' | 'Groups'
export function shelfOf(name: ShelfName, directory: Directory, base: string): Shelf {
  return (name === 'Users' ? new UserShelf(directory, base) : new GroupShelf(directory, base)) as unknown as Shelf
}

/** List, search, create, read, replace, patch and delete, for users and groups alike (RFC 7644 section 3). */
export function resourceRoutes(name: ShelfName): readonly Route<OrganizationContext>[] {
  const open = (context: OrganizationContext) => shelfOf(name, context.directory, baseUrl(context))
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

type Conditions = Pick<ProtocolRequest, 'header'>

/** Throws `invalid`, or `conflict` where the name is taken. */
export async function create(shelf: Shelf, body: unknown): Promise<Shelved> {
  const { resource } = readResource(body, shelf.type)
  requireAttributes(resource, shelf.type)
  return inScimWords(shelf, resource, () => shelf.create(resource))
}

export async function replace(shelf: Shelf, id: string, body: unknown, conditions: Conditions): Promise<Shelved> {
  const input = readResource(body, shelf.type)
  return changed(shelf, id, conditions, (stored) => replaced(stored, input, shelf.type))
}

export async function patch(shelf: Shelf, id: string, body: unknown, conditions: Conditions): Promise<Shelved> {
  const operations = readPatch(body, shelf.type)
  return changed(shelf, id, conditions, (stored) => applyPatch(stored, operations, shelf.type))
}

export async function remove(shelf: Shelf, id: string, conditions: Conditions): Promise<void> {
  const row = await found(shelf, id, conditions)
  holdIfMatch(conditions, row.revision)
  await shelf.remove(row)
}

/** Reads, decides and writes under the revision that was read; again where somebody else was faster, with the whole of the change. */
async function changed(
  shelf: Shelf,
  id: string,
  conditions: Conditions,
  change: (stored: ScimObject) => ScimObject,
): Promise<Shelved> {
  for (let attempt = 1; ; attempt += 1) {
    const row = await found(shelf, id, conditions)
    holdIfMatch(conditions, row.revision)
    const stored = await shelf.resource(row, { related: shelf.related === 'members', displays: false })
    const next = change(stored)
    requireAttributes(next, shelf.type)
    if (sameValue(stored, { ...next, id: stored['id'] ?? '', meta: stored['meta'] ?? '' })) return row
    try {
      return await inScimWords(shelf, next, () => shelf.write(row, stored, next))
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
      // With If-Match the next attempt finds out by itself that the resource has changed.
      if (attempt === attempts) throw conflict('Too many changes of this resource at the same moment; try again')
    }
  }
}

async function found(shelf: Shelf, id: string, conditions?: Conditions): Promise<Shelved> {
  const own = shelf.houseId(id)
  const row = own === undefined ? undefined : await shelf.find(own)
  if (row !== undefined) return row
  if (conditions?.header('if-match')?.trim() === '*') holdIfMatch({ header: () => '"none"' }, '')
  throw notFound(shelf.type.name, id.slice(0, 80))
}

/** What the directory refuses, in the names that SCIM has for it. */
async function inScimWords<T>({ type }: Shelf, resource: ScimObject, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'conflict' || thrown.detail['field'] !== 'name') throw thrown
    const attribute = type.name === 'User' ? 'userName' : 'displayName'
    throw conflict(`${attribute} '${String(resource[attribute])}' is already in use`, { detail: thrown.detail })
  }
}

async function resourceReply(status: number, shelf: Shelf, row: Shelved, request: ProtocolRequest): Promise<Reply> {
  const { query } = request
  const view = new View(shelf.type, readProjection(parameter(query, 'attributes'), parameter(query, 'excludedAttributes')))
  const resource = await shelf.resource(row, readingOf(shelf, view))
  const meta = resource['meta'] as ScimObject
  const headers = { location: String(meta['location']), etag: entityTag(row.revision) }
  return scimJson(status, view.of(resource), headers)
}
