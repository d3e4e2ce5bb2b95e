import type { JsonObject } from '../runtime/json.js'
import type { Member, MemberPatch, NewMember } from './directory.js'
import { givenLookups, lookupHashes, memberLookups } from './lookup-rows.js'
import { checkedDisplayName, checkedEmail, checkedMemberName, checkedProfile } from './member-rows.js'

type Unrevised = Omit<Member, 'revision'>
type Wanted = Omit<NewMember, 'password' | 'passwordHash' | 'emailVerified' | 'lookup'> &
  Pick<Member, 'id' | 'kind' | 'status' | 'createdAt' | 'changedAt' | 'lookup'>

/** The fields that a member has, each checked; nothing else that came along. `lookup`: as hashes. Throws `invalid`. */
export function checkedMember(wanted: Wanted): Unrevised {
  const { id, kind, status, createdAt, changedAt, email, displayName, role, profile, lookup } = wanted
  return {
    id,
    name: checkedMemberName(wanted.name),
    kind,
    ...(email === undefined ? {} : { email: checkedEmail(email) }),
    ...(displayName === undefined ? {} : { displayName: checkedDisplayName(displayName) }),
    ...(role === undefined ? {} : { role }),
    status,
    createdAt,
    changedAt,
    ...(profile === undefined ? {} : { profile: checkedProfile(profile) }),
    ...(lookup === undefined || lookup.length === 0 ? {} : { lookup }),
  }
}

/** Null takes a field away, undefined leaves it. */
export function patched(member: Member, patch: MemberPatch, at: Date): Unrevised {
  const email = patch.email === undefined ? member.email : patch.email
  const displayName = patch.displayName === undefined ? member.displayName : patch.displayName
  const role = patch.role === undefined ? member.role : patch.role
  const profile = patch.profile ?? member.profile
  const given =
    patch.lookup === undefined ? givenLookups(member.lookup, member.displayName) : lookupHashes('member', patch.lookup)
  const lookup = memberLookups(given, displayName ?? undefined)
  return {
    id: member.id,
    name: patch.name ?? member.name,
    kind: member.kind,
    ...(email === undefined || email === null ? {} : { email }),
    ...(displayName === undefined || displayName === null ? {} : { displayName }),
    ...(role === undefined || role === null ? {} : { role }),
    status: patch.status ?? member.status,
    createdAt: member.createdAt,
    changedAt: at,
    ...(profile === undefined ? {} : { profile }),
    ...(lookup.length === 0 ? {} : { lookup }),
  }
}

export function changedFields(before: Unrevised, after: Unrevised): readonly string[] {
  const fields = ['name', 'email', 'displayName', 'role', 'status', 'profile', 'lookup'] as const
  const changed = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
  // Which of the provisioner's attributes: their names tell more than that there was something.
  const named = changed.flatMap((field) => (field === 'profile' ? profileNames(before.profile, after.profile) : [field]))
  // What it is found by follows from the rest.
  return named.length > 1 ? named.filter((field) => field !== 'lookup') : named
}

function profileNames(before: JsonObject = {}, after: JsonObject = {}): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return changed.length === 0 ? ['profile'] : changed.map((name) => `profile.${name}`)
}
