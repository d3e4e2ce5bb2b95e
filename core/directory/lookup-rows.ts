import { createHash } from 'node:crypto'
import { invalid } from '../errors/registry-error.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { OrganizationChange } from '../tenancy/organization-change.js'
import { loginKey } from './member-rows.js'

/** Each of them is a row to write when a member or group changes. */
const lookupsAtMost = 24

/** What rows carry of the texts that a provisioner finds something by: half a SHA-256 of each, in order, none twice. Throws `invalid` for too many. */
export function lookupHashes(kind: 'member' | 'group', texts: readonly string[]): readonly string[] {
  const hashes = [...new Set(texts.map((text) => lookupHash(kind, text)))].sort()
  if (hashes.length > lookupsAtMost) throw invalid(`At most ${lookupsAtMost} names to find a ${kind} by`)
  return hashes
}

/** What a member is found by: what was given for it, and its display name, which everybody has a row for. */
export function memberLookups(given: readonly string[], displayName: string | undefined): readonly string[] {
  const own = ownLookups(displayName)
  return [...new Set([...given, ...own])].sort()
}

/** Those that stay when the display name becomes another one. */
export function givenLookups(lookup: readonly string[] = [], displayName: string | undefined): readonly string[] {
  const own = ownLookups(displayName)
  return lookup.filter((hash) => !own.includes(hash))
}

function ownLookups(displayName: string | undefined): readonly string[] {
  return displayName === undefined ? [] : [lookupHash('member', displayNameLookup(displayName))]
}

/** The text that `findMembers` finds members of this display name by, without regard to case. */
export function displayNameLookup(displayName: string): string {
  return `displayName:${loginKey(displayName)}`
}

export function lookupHash(kind: 'member' | 'group', text: string): string {
  return createHash('sha256').update(`${kind}\0${text}`).digest('hex').slice(0, 32)
}

/** Takes the rows along that lead to `id`: those of `after` in, those of `before` alone out. */
export function moveLookups(
  change: OrganizationChange,
  org: string,
  id: string,
  before: readonly string[] = [],
  after: readonly string[] = [],
): void {
  for (const hash of before) if (!after.includes(hash)) change.delete(tenantKeys.lookup(org, hash, id))
  for (const hash of after) if (!before.includes(hash)) change.put(tenantKeys.lookup(org, hash, id), { v: 1 })
}
