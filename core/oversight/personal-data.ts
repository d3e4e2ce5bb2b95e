import { ChainReader } from '../audit/chain-reader.js'
import { readTokenListing } from '../auth/token-rows.js'
import type { Directory, Member } from '../directory/directory.js'
import type { Json, JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Tenant } from '../tenancy/tenancy.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'

/** Everything that is held about a person, a line a thing. No hash of a secret, no secret: a password is told by the time it was set. */
export async function* personalData(
  store: MetadataStore,
  tenant: Tenant,
  directory: Directory,
  member: Member,
): AsyncIterable<JsonObject> {
  const org = tenant.organization.id
  const { id, kind, name } = member
  yield { kind: 'export', organization: tenant.organization.name, member: id }
  yield { kind: 'profile', ...profile(member) }
  const groups = TenantSnapshot.of(tenant).groupsOf(id)
  for (const group of groups) yield { kind: 'group', id: group, name: (await directory.findGroup(group))?.name ?? group }
  for (const { subject, repository, level, path } of tenant.grantsOf({ kind, id, name, groups: [], by: 'session' }))
    if (subject.id === id) yield { kind: 'grant', repository, level, ...(path === undefined ? {} : { path }) }
  for await (const entry of store.range(tenantKeys.memberRows(org, id), {})) {
    const [what = '', detail] = entry.key.path
    const value = entry.value as Readonly<Record<string, Json>>
    if (what === 'token') {
      const { hash: _, v: _v, ...token } = readTokenListing(entry)
      yield { kind: 'token', ...(token as unknown as JsonObject) }
    } else if (what === 'password') yield { kind: 'password', ...only(value, ['changedAt']) }
    else if (what === 'session' || what === 'reset') yield { kind: what, ...only(value, ['createdAt', 'until', 'purpose']) }
    else if (what === 'mfa') yield { kind: 'second-factor', of: detail ?? '', ...only(value, ['createdAt', 'confirmedAt']) }
    else if (what !== 'member' && what !== 'epoch') yield { kind: what, ...only(value, ['at', 'email', 'createdAt', 'until']) }
  }
  for await (const { record, origin } of new ChainReader(store, org).after(0)) {
    const joinedOrLeft = record.changes?.some((change) => change === `+${id}` || change === `-${id}`) === true
    if (record.actor.id !== id && record.target?.id !== id && !joinedOrLeft) continue
    const own = record.actor.id === id && origin !== undefined
    const { source: _, changes = [], ...rest } = record
    // Who else came in or went out is no business of this person's.
    const shown = changes.filter((change) => !/^[+-][ms]_/.test(change) || change.slice(1) === id)
    const told = { ...rest, ...(shown.length === 0 ? {} : { changes: shown }) }
    yield { kind: 'audit', ...(told as unknown as JsonObject), ...(own ? { ip: origin.ip, agent: origin.agent ?? null } : {}) }
  }
  yield { kind: 'end' }
}

function profile({
  id,
  name,
  kind: type,
  email,
  displayName,
  role,
  status,
  createdAt,
  changedAt,
  profile: kept,
}: Member): JsonObject {
  return {
    ...{ id, name, type, status },
    ...(email === undefined ? {} : { email }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(role === undefined ? {} : { role }),
    createdAt: createdAt.toISOString(),
    changedAt: changedAt.toISOString(),
    ...(kept === undefined ? {} : { provisioned: kept }),
  }
}

/** What is named, and nothing that may be a secret. */
function only(value: Readonly<Record<string, Json>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name] as Json]])))
}
