import type { Filter } from './filter.js'
import { parseFilter } from './filter.js'
import { matches } from './filter-match.js'
import { indexHint, looksAt } from './index-hint.js'
import type { ListParameters } from './list-parameters.js'
import { refuse } from './scim-failure.js'
import { pageLimits } from './scim-limits.js'
import type { Shelf, Shelved } from './shelf.js'
import { comparePlaces, isDescending, type Place, readSortBy, sortKey } from './sort-order.js'

/** A resource that answers, and its place in the list. */
export interface Hit extends Place {
  readonly shelf: Shelf
}

/** All that answers the filter, in order: without `sortBy` the oldest first, so that pages stay in place while others are added. What has an index is
 *  found by it; else at most `pageLimits.scanned` resources are looked through. Throws `invalidFilter`, `invalidValue`, `tooMany`. */
export async function searched(shelves: readonly Shelf[], parameters: ListParameters): Promise<readonly Hit[]> {
  const descending = isDescending(parameters.sortOrder)
  const lenient = shelves.length > 1
  const asked = shelves.map((shelf) => ({
    shelf,
    filter: parameters.filter === undefined ? undefined : parseFilter(parameters.filter, shelf.type, { lenient }),
    sortBy: parameters.sortBy === undefined ? undefined : { path: readSortBy(parameters.sortBy, shelf.type, lenient) },
  }))
  const hits: Hit[] = []
  for (const { shelf, filter, sortBy } of asked) {
    if (filter === undefined && sortBy === undefined) {
      for (const { id, createdAt } of await shelf.places()) hits.push({ shelf, id, key: createdAt.getTime() })
      continue
    }
    const related = [filter !== undefined && looksAt(filter, shelf.related), sortBy?.path?.attribute?.name === shelf.related]
    const reading = { related: related.includes(true), displays: false }
    for await (const row of await candidates(shelf, filter)) {
      const resource = await shelf.resource(row, reading)
      resource['schemas'] = schemasOf(shelf, resource)
      if (filter !== undefined && !matches(filter, resource)) continue
      const key = sortBy === undefined ? row.createdAt.getTime() : sortKey(resource, sortBy.path)
      hits.push({ shelf, id: row.id, ...(key === undefined ? {} : { key }) })
    }
  }
  return hits.sort((a, b) => comparePlaces(a, b, descending && parameters.sortBy !== undefined))
}

async function candidates(shelf: Shelf, filter: Filter | undefined): Promise<AsyncIterable<Shelved>> {
  const hint = filter === undefined ? undefined : indexHint(filter)
  const hinted = hint === undefined ? undefined : shelf.hinted(hint)
  if (hinted !== undefined) return hinted
  const places = await shelf.places()
  if (places.length > pageLimits.scanned)
    throw refuse(
      'tooMany',
      `More than ${pageLimits.scanned} resources to look through; ask by userName, externalId, displayName, id or e-mail`,
    )
  return shelf.read(places.map(({ id }) => id))
}

function schemasOf({ type }: Shelf, resource: Readonly<Record<string, unknown>>): string[] {
  return [type.schema.id, ...type.extensions.flatMap(({ id }) => (resource[id] === undefined ? [] : [id]))]
}
