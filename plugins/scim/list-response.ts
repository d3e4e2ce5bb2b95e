import type { OrganizationContext } from '#core'
import { principalId } from '#core'
import { listHash, openCursor, sealCursor } from './cursor.js'
import { cursorKey } from './cursor-key.js'
import { badFilter } from './filter-tokens.js'
import { houseClock } from './house-clock.js'
import type { ListParameters } from './list-parameters.js'
import { View } from './projection.js'
import type { ScimObject } from './resource.js'
import { pageLimits } from './scim-limits.js'
import { messageUrn } from './scim-urns.js'
import { type Hit, searched } from './search.js'
import type { Shelf, Shelved } from './shelf.js'
import { comparePlaces, isDescending } from './sort-order.js'

/** A page of what answers the parameters: RFC 7644 section 3.4.2 by index, RFC 9865 by cursor. `endpoint` is what a cursor belongs to. */
export async function listResponse(
  shelves: readonly Shelf[],
  parameters: ListParameters,
  endpoint: string,
  context: OrganizationContext,
) {
  const { cursor } = parameters
  if (parameters.filter?.trim() === '') throw badFilter('The filter is empty')
  return cursor === undefined ? indexPage(shelves, parameters) : cursorPage(shelves, { ...parameters, cursor }, endpoint, context)
}

async function indexPage(shelves: readonly Shelf[], parameters: ListParameters) {
  const { startIndex, count = pageLimits.usual, projection } = parameters
  const hits = await searched(shelves, parameters)
  const { resources } = await shown(hits.slice(startIndex - 1, startIndex - 1 + count), projection)
  return {
    schemas: [messageUrn.list],
    totalResults: hits.length,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}

async function cursorPage(
  shelves: readonly Shelf[],
  parameters: ListParameters & { readonly cursor: string },
  endpoint: string,
  context: OrganizationContext,
) {
  const { filter, sortBy, sortOrder, projection, cursor } = parameters
  const key = await cursorKey(context)
  const now = houseClock.now().getTime()
  const reader = [context.organization.id, principalId(context.principal), endpoint]
  const { attributes, excluded } = projection
  const list = listHash([...reader, filter, sortBy, sortOrder, attributes?.join(), excluded?.join()])
  const state = cursor === '' ? undefined : openCursor(key, cursor, list, parameters.count, now)
  const count = state?.count ?? parameters.count ?? pageLimits.usual
  const descending = isDescending(sortOrder)
  const hits = await searched(shelves, parameters)
  // Behind the last one that was seen, whether that is still there or not.
  const start = state === undefined ? 0 : hits.findIndex((hit) => comparePlaces(hit, state.after, descending) > 0)
  const page = start < 0 ? [] : hits.slice(start, start + count)
  const { resources, taken } = await shown(page, projection)
  const last = page[taken - 1]
  const isLast = last === undefined || start + taken >= hits.length
  const after = last === undefined ? undefined : { id: last.id, ...(last.key === undefined ? {} : { key: last.key }) }
  return {
    schemas: [messageUrn.list],
    totalResults: hits.length,
    itemsPerPage: resources.length,
    ...(isLast || after === undefined ? {} : { nextCursor: sealCursor(key, { list, count, after, issued: now }) }),
    Resources: resources,
  }
}

/** What is shown of a page, and how much of it was taken: fewer where groups are so large that the answer would be. One who went meanwhile is left out. */
async function shown(hits: readonly Hit[], projection: ListParameters['projection']) {
  const shelves = new Map([...new Set(hits.map(({ shelf }) => shelf))].map((shelf) => [shelf, new View(shelf.type, projection)]))
  const rows = new Map<string, Shelved>()
  for (const shelf of shelves.keys()) {
    for await (const row of shelf.read(hits.filter((hit) => hit.shelf === shelf).map(({ id }) => id))) rows.set(row.id, row)
  }
  const resources: ScimObject[] = []
  let [members, taken] = [0, 0]
  for (const { shelf, id } of hits) {
    const [row, view] = [rows.get(id), shelves.get(shelf)]
    if (row !== undefined && view !== undefined) {
      const reading = readingOf(shelf, view)
      members += reading.related && 'memberCount' in row ? Number(row.memberCount) : 0
      if (members > pageLimits.members && resources.length > 0) break
      resources.push(view.of(await shelf.resource(row, reading)))
    }
    taken += 1
  }
  return { resources, taken }
}

export function readingOf(shelf: Shelf, view: View) {
  return {
    related: view.shows(shelf.related),
    displays: view.names('members', 'display') || view.names('manager', 'displayName'),
  }
}
