import { newMemberEpoch } from '../auth/member-epoch.js'
import { timeOrderedId } from '../runtime/identifiers.js'
import type { Entry, Key } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { actorOf } from '../tenancy/caller-log.js'
import type { OrganizationChange } from '../tenancy/organization-change.js'
import type { Member } from './directory.js'
import type { DirectoryParts } from './directory-parts.js'
import { type Leaver, type LeaverCounts, leaverValue } from './leaver-rows.js'

/** What somebody has a secret of, listed beside the member. */
const secrets = ['token', 'session', 'reset'] as const
type SecretKind = (typeof secrets)[number]

/** One member who leaves, whoever says so: the one way in which a principal is disabled. All that it had ends with the commit that the leaver's row is
 *  written in, because status and epochs are read at each use; the rows behind it go afterwards. */
export class Leaving {
  private record: Leaver | undefined

  constructor(
    private readonly parts: DirectoryParts,
    private readonly member: Pick<Member, 'id' | 'kind'>,
    private readonly how: Leaver['how'],
    /** Monotonic: when the call came. */
    private readonly begun: number,
  ) {}

  /** The record and the end of everything, for the member's own commit. */
  async into(change: OrganizationChange): Promise<void> {
    const { clock, org, scope } = this.parts
    const { id, kind } = this.member
    const at = clock.now()
    const counts = await this.counts(at.getTime())
    this.record = {
      id: timeOrderedId(at),
      member: id,
      kind,
      how: this.how,
      at,
      by: actorOf(scope.principal),
      request: scope.requestId,
      counts,
    }
    change.put(tenantKeys.leaver(org, this.record.id), leaverValue(this.record), 'absent').effects(counts)
    // A member who comes back finds nothing alive, whatever became of the rows.
    if (this.how === 'deactivated') {
      for (const of of ['sessions', 'tokens'] as const) {
        const { key, value } = newMemberEpoch(org, id, of)
        change.put(key, value)
      }
    }
  }

  /** After the commit: says how long it took, and takes away rows that mean nothing any more. */
  async finish(clear: () => Promise<void>): Promise<void> {
    const effectiveMs = this.passed()
    await clear()
    const { record } = this
    if (record === undefined) return
    const key = tenantKeys.leaver(this.parts.org, record.id)
    const value = leaverValue({ ...record, effectiveMs, clearedMs: this.passed() })
    await commitUnlessMoved(this.parts.store, [{ op: 'put', key, value, if: 'present' }])
  }

  private passed(): number {
    return Math.round((this.parts.clock.monotonic() - this.begun) * 10) / 10
  }

  private async counts(now: number): Promise<LeaverCounts> {
    const { id, kind } = this.member
    const live: Record<SecretKind, number> = { token: 0, session: 0, reset: 0 }
    for await (const entry of this.parts.store.range(tenantKeys.memberRows(this.parts.org, id), {})) {
      const of = secretKind(entry)
      if (of !== undefined && endOf(entry) > now) live[of] += 1
    }
    const { token: tokens, session: sessions, reset: resets } = live
    const grants = await this.parts.grantKeys(`${kind}:${id}`)
    const groups = await this.parts.groupsOf(id)
    return { tokens, sessions, resets, uploads: await this.uploads(now), groups: groups.size, grants: grants.length }
  }

  /** On their way, in one request or in several. Their pieces stand below them. */
  private async uploads(now: number): Promise<number> {
    let count = 0
    for (const shard of tenantKeys.intentShards(this.parts.org)) {
      for await (const { key, value } of this.parts.store.range(shard, {})) {
        const { by, expires } = value as { readonly by?: string; readonly expires?: number }
        if (key.path.length === 1 && by === this.member.id && (expires ?? 0) > now) count += 1
      }
    }
    return count
  }
}

/** Rows of a member's secrets, the secrets themselves too. */
export async function secretKeys(parts: Pick<DirectoryParts, 'store' | 'org'>, member: string): Promise<readonly Key[]> {
  const keys: Key[] = []
  for await (const entry of parts.store.range(tenantKeys.memberRows(parts.org, member), {})) {
    const kind = secretKind(entry)
    if (kind !== undefined) keys.push(tenantKeys.secret(parts.org, hashOf(entry), kind), entry.key)
  }
  return keys
}

function secretKind({ key }: Entry): SecretKind | undefined {
  return secrets.find((kind) => kind === key.path[0])
}
/** A token is listed by its id, what is younger by its hash. */
function hashOf({ key, value }: Entry): string {
  return (value as { readonly hash?: string }).hash ?? key.path.at(-1) ?? ''
}
function endOf({ value }: Entry): number {
  const { until, expiresAt } = value as { readonly until?: number; readonly expiresAt?: string | number }
  return until ?? (typeof expiresAt === 'string' ? Date.parse(expiresAt) : (expiresAt ?? Number.POSITIVE_INFINITY))
}
