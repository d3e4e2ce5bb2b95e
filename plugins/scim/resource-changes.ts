import { conflict, notFound, type OrganizationContext, type ProtocolRequest, RegistryError } from '#core'
import { holdIfMatch } from './conditions.js'
import { baseUrl } from './discovery.js'
import { GroupShelf } from './group-shelf.js'
import { applyPatch } from './patch-apply.js'
import { readPatch } from './patch-operations.js'
import { type ScimObject, sameValue } from './resource.js'
import { readResource, replaced, requireAttributes } from './resource-input.js'
import { refuse } from './scim-failure.js'
import { toScimId } from './scim-id.js'
import type { Shelf, Shelved } from './shelf.js'
import { UserShelf } from './user-shelf.js'

const attempts = 5

export type ShelfName = 'Users' | 'Groups'
export function shelfOf(name: ShelfName, context: OrganizationContext): Shelf {
  const base = baseUrl(context)
  return (name === 'Users' ? new UserShelf(context.directory, base) : new GroupShelf(context.directory, base)) as unknown as Shelf
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
  await shelf.remove(row, conditions.header('if-match') === undefined ? undefined : row.revision)
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

export async function found(shelf: Shelf, id: string, conditions?: Conditions): Promise<Shelved> {
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
    if (!(thrown instanceof RegistryError)) throw thrown
    const { member, field } = thrown.detail
    if (thrown.kind === 'invalid' && typeof member === 'string')
      throw refuse('invalidValue', `No user has the id '${toScimId(member)}'`)
    if (thrown.kind !== 'conflict' || field !== 'name') throw thrown
    const attribute = type.name === 'User' ? 'userName' : 'displayName'
    throw conflict(`${attribute} '${String(resource[attribute])}' is already in use`, { detail: thrown.detail })
  }
}
