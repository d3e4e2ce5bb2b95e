import { throttled } from '../errors/registry-error.js'
import { timeOrderedId } from '../runtime/identifiers.js'
import type { Entry } from '../storage/metadata-store.js'
import { seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import { OrganizationChange } from '../tenancy/organization-change.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { DirectoryParts, LeaverCount } from './directory-parts.js'
import { isWaiting, type LeaverHold, leaverHoldValue, readLeaverHold } from './leaver-hold-rows.js'
import { readLeaver } from './leaver-rows.js'
import type { MemberReader } from './member-reader.js'
import { readOwners } from './member-rows.js'

const hour = 3_600_000
/** Fewer within an hour are nothing unusual, however small the organization. */
const fewest = 20
const share = 0.2
/** How old a count of active users may be. */
const countedFor = hour / 2
/** In each of so many processes this part of what is left to the limit leaves uncounted, so that a large organization is not read for each leaver. */
const processesAtMost = 16
/** Seconds. */
const askAgain = 900

/** Unusually many who leave within an hour by one identity provider, more than a fifth of the active users, are told to the owners; where the organization
 *  says so, it then waits until one of them confirms it. Leavers of one moment do not count each other. */
export class LeaverBrake {
  constructor(
    private readonly parts: DirectoryParts,
    private readonly reader: MemberReader,
  ) {}

  /** Before one more active member leaves. Throws `throttled` where it has to wait. */
  async pass(member: string): Promise<void> {
    const { store, org, scope, clock } = this.parts
    const { principal } = scope
    if (principal.kind !== 'scim') return
    const { connection } = principal
    const holds = TenantSnapshot.of(scope.tenant).signIn.holdLeavers
    const entry = await store.get(tenantKeys.leaverHold(org, connection))
    const last = entry && readLeaverHold(entry)
    if (last !== undefined && isWaiting(last) && holds) throw waits(last)
    const now = clock.now()
    // It was confirmed, or the owners know of it: nothing is counted for an hour, and nothing of that hour later.
    const quiet = last === undefined ? 0 : (last.confirmedAt ?? last.at).getTime() + hour
    if (now.getTime() < quiet && (last?.confirmedAt !== undefined || !holds)) return
    if (this.isFarOff(connection)) return
    const leavers = await this.leavers(connection, Math.max(now.getTime() - hour, quiet), member)
    if (leavers < fewest) return
    const users = await this.users(connection, leavers)
    if (leavers <= users * share) return
    const hold = { connection, at: now, leavers, users, held: holds }
    await this.stop(hold, entry)
    if (holds) throw waits(hold)
  }

  /** With this one. */
  private async leavers(connection: string, since: number, member: string): Promise<number> {
    const found = new Set([member])
    const after = [timeOrderedId(new Date(since)).slice(0, 12)]
    for await (const entry of this.parts.store.range(tenantKeys.leavers(this.parts.org), { after })) {
      const { by, member: left } = readLeaver(entry)
      if (by.kind === 'scim' && by.id === connection) found.add(left)
    }
    return found.size
  }

  /** Counts this one where no other process can have come to the limit either. */
  private isFarOff(connection: string): boolean {
    const known = this.known(connection)
    if (known === undefined || known.free === 0) return false
    known.free -= 1
    return true
  }

  /** Active now, or until this hour; and notes how far it is to the limit. */
  private async users(connection: string, leavers: number): Promise<number> {
    const { org, clock, leaverCounts } = this.parts
    let known = this.known(connection)
    if (known === undefined) {
      let users = leavers - 1
      for await (const { kind, status } of this.reader.list()) if (kind === 'member' && status === 'active') users += 1
      known = { at: clock.monotonic(), users, free: 0 }
      leaverCounts.set(`${org} ${connection}`, known)
    }
    known.free = Math.max(0, Math.floor((known.users * share - leavers) / processesAtMost))
    return known.users
  }

  private known(connection: string): LeaverCount | undefined {
    const { org, clock, leaverCounts } = this.parts
    const known = leaverCounts.get(`${org} ${connection}`)
    return known !== undefined && clock.monotonic() - known.at < countedFor ? known : undefined
  }

  private async stop(hold: LeaverHold, before: Entry | undefined): Promise<void> {
    const { store, org, scope, post } = this.parts
    const { connection, at, leavers, users, held } = hold
    const target = { kind: 'connection', id: connection }
    const change = new OrganizationChange(store, org, callerEntry(scope, at, 'scim.many-leavers', target, held ? ['held'] : []))
      .effects({ leavers, users })
      .put(tenantKeys.leaverHold(org, connection), leaverHoldValue(hold), seen(before))
    const owners = await store.get(tenantKeys.owners(org))
    for (const member of owners === undefined ? [] : readOwners(owners).slice(0, change.room)) {
      const letter = { kind: 'many-leavers', member, connection, leavers, users, held } as const
      for (const { key, value } of post.letters(org, letter, at)) change.put(key, value, 'absent')
    }
    await change.commit()
  }
}

function waits({ connection, leavers, users }: LeaverHold) {
  const what = `${connection} takes the access of ${leavers} of ${users} active users within an hour`
  return throttled(`${what}: the rest waits until an owner of the organization confirms it`, askAgain)
}
