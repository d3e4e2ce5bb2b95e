import type { Group, Json } from '#core'
import { copyOf, isObject, newObject, put, type ScimObject } from './resource.js'
import { refuse } from './scim-failure.js'
import { fromScimId, toScimId } from './scim-id.js'
import { entityTag, lookupText, plain } from './user-resource.js'

/** A group in SCIM's words; `members`: ids of the house, where they are shown. */
export function groupResource(group: Group, base: string, members: readonly string[] | undefined): ScimObject {
  const id = toScimId(group.id)
  const resource = newObject({ id, displayName: group.name })
  for (const [name, value] of Object.entries(group.profile ?? {})) put(resource, name, copyOf(value as Json))
  if (members !== undefined)
    put(
      resource,
      'members',
      members.map((member) => memberEntry(member, base)),
    )
  resource['meta'] = newObject({
    resourceType: 'Group',
    created: group.createdAt.toISOString(),
    lastModified: group.changedAt.toISOString(),
    location: `${base}/Groups/${id}`,
    version: entityTag(group.revision),
  })
  return resource
}

export function memberEntry(member: string, base: string): ScimObject {
  const value = toScimId(member)
  return newObject({ value, $ref: `${base}/Users/${value}`, type: 'User' })
}

/** As a user shows the group. */
export function groupEntry({ id, name }: Group, base: string): ScimObject {
  const value = toScimId(id)
  return newObject({ value, $ref: `${base}/Groups/${value}`, display: name, type: 'direct' })
}

/** What becomes of a group in the directory. */
export function groupFields(resource: ScimObject) {
  const externalId = resource['externalId']
  const profile = newObject()
  if (typeof externalId === 'string') profile['externalId'] = externalId
  const name = String(resource['displayName'] ?? '')
  if (name !== name.trim()) throw refuse('invalidValue', "'displayName' cannot begin or end with a space")
  return {
    name,
    profile: plain(profile),
    lookup: typeof externalId === 'string' ? [lookupText.externalId(externalId)] : [],
  }
}

/** Ids of the house for the members that a resource names. Throws `invalidValue` for what is no user's id. */
export function membersOf(resource: ScimObject): readonly string[] {
  const entries = resource['members']
  if (!Array.isArray(entries)) return []
  return entries.map((entry) => {
    const value = isObject(entry) ? entry['value'] : undefined
    const type = isObject(entry) ? entry['type'] : undefined
    if (typeof type === 'string' && type.toLowerCase() === 'group')
      throw refuse('invalidValue', 'A group cannot be a member of a group here')
    const id = typeof value === 'string' ? fromScimId('member', value) : undefined
    if (id !== undefined) return id
    const isGroup = typeof value === 'string' && fromScimId('group', value) !== undefined
    if (isGroup) throw refuse('invalidValue', 'A group cannot be a member of a group here')
    throw refuse('invalidValue', `No user has the id '${String(value ?? '').slice(0, 64)}'`)
  })
}
