import type { Json, JsonObject, Member, MemberPatch } from '#core'
import { copyOf, isAssigned, isObject, newObject, put, type ScimObject, type ScimValue } from './resource.js'
import { refuse } from './scim-failure.js'
import { toScimId } from './scim-id.js'
import { schemaUrn } from './scim-urns.js'
import { textKey } from './text-key.js'

/** Each of them is found by a row of its own. */
const emailsAtMost = 20

/** What the house keeps as its own; all else lies in the member's profile. */
const houseNames = ['userName', 'displayName', 'active', 'groups', 'id', 'schemas', 'meta']

/** A member in SCIM's words, without groups. One that no identity provider has written to yet shows the house's own e-mail address. */
export function userResource(member: Member, base: string): ScimObject {
  const id = toScimId(member.id)
  const user = newObject({ id, userName: member.name, active: member.status === 'active' })
  if (member.displayName !== undefined) user['displayName'] = member.displayName
  const { profile } = member
  if (profile === undefined) {
    if (member.email !== undefined) user['emails'] = [newObject({ value: member.email, type: 'work', primary: true })]
  } else {
    for (const [name, value] of Object.entries(profile)) put(user, name, copyOf(value as Json))
  }
  user['meta'] = newObject({
    resourceType: 'User',
    created: member.createdAt.toISOString(),
    lastModified: member.changedAt.toISOString(),
    location: `${base}/Users/${id}`,
    version: entityTag(member.revision),
  })
  return user
}

/** What becomes of a user in the directory: e-mail addresses are contact data, and no attribute gives a role. Throws `invalidValue`. */
export function memberFields(user: ScimObject): Required<Pick<MemberPatch, 'name' | 'status' | 'profile' | 'lookup'>> & {
  readonly displayName: string | null
} {
  const name = String(user['userName'] ?? '')
  if (name.includes(':')) throw refuse('invalidValue', "'userName' cannot hold a colon, at which Basic credentials are cut")
  if (name !== name.trim()) throw refuse('invalidValue', "'userName' cannot begin or end with a space")
  const displayName = user['displayName']
  const profile = newObject()
  for (const [key, value] of Object.entries(user)) if (!houseNames.includes(key)) put(profile, key, value)
  return {
    name,
    status: user['active'] === false ? 'inactive' : 'active',
    displayName: typeof displayName === 'string' && displayName !== '' ? displayName : null,
    profile: plain(profile),
    lookup: lookupOf(user),
  }
}

/** Texts that the directory finds a member by. */
export const lookupText = {
  externalId: (value: string) => `externalId:${value}`,
  email: (value: string) => `email:${textKey(value)}`,
  /** The directory's own, for everybody who has one. */
  displayName: (value: string) => `displayName:${textKey(value)}`,
} as const

function lookupOf(user: ScimObject): readonly string[] {
  const externalId = user['externalId']
  const emails = user['emails']
  const addresses = Array.isArray(emails) ? emails.flatMap((entry) => (isObject(entry) ? textOf(entry['value']) : [])) : []
  if (addresses.length > emailsAtMost) throw refuse('invalidValue', `'emails' has at most ${emailsAtMost} entries`)
  return [...textOf(externalId).map(lookupText.externalId), ...addresses.map(lookupText.email)]
}

/** The revision of a row, weak: an answer may show less of the resource (RFC 7644 section 3.14). */
export function entityTag(revision: string): string {
  return `W/"${revision}"`
}

/** As rows hold it. */
export function plain(object: ScimObject): JsonObject {
  return JSON.parse(JSON.stringify(object)) as JsonObject
}

export function managerOf(user: ScimObject): ScimObject | undefined {
  const extension = user[schemaUrn.enterprise]
  const manager = isObject(extension) ? extension['manager'] : undefined
  return isObject(manager) ? manager : undefined
}

function textOf(value: ScimValue | undefined): readonly string[] {
  return typeof value === 'string' && isAssigned(value) ? [value] : []
}
