import { createHash, createHmac, randomBytes } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { Clock } from '../runtime/clock.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { OrganizationChange } from '../tenancy/organization-change.js'
import type { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Principal } from './principal.js'
import { readListedSession, readSession, type SessionRow } from './session-rows.js'
import { lackOfFactor } from './sign-in-rules.js'

/** Milliseconds: without a request, in all, and until a second factor was shown. */
const idle = 12 * 60 * 60 * 1_000
export const absolute = 7 * 24 * 60 * 60 * 1_000
const pendingLife = 10 * 60 * 1_000
/** How far behind the row's last request may be. */
const seenEvery = 5 * 60 * 1_000
/** The oldest gives way to one more. */
const perMember = 50

export interface StoredSession {
  readonly id: string
  readonly member: string
  /** Milliseconds. */
  readonly createdAt: number
}
export interface NewSession {
  readonly member: string
  readonly methods: readonly string[]
  readonly pending?: SessionRow['pending']
  /** When credentials were last shown in full, if that is not now. */
  readonly authenticatedAt?: Date
  /** Of the member's sessions; where it changes in the same commit, the new one. */
  readonly epoch: string
  /** The session whose place it takes: it dies in the same commit. */
  readonly instead?: StoredSession | undefined
  /** Does the age of that one count on? */
  readonly continues: boolean
}

/** Browser sessions as rows, found by the hash of their secret: whatever ends one acts on the next request of every process. */
@injectable()
export class Sessions {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Whose session it is, as things stand; undefined for one that is not known here, has ended, or whose member may not come in. */
  async principal(snapshot: TenantSnapshot, secret: string): Promise<Principal | undefined> {
    const found = await this.standing(snapshot, hashOf(secret))
    if (found === undefined) return undefined
    const { row, session } = found
    const principal = await this.memberOf(snapshot, row, { ...session, csrf: csrfOf(secret) })
    if (principal !== undefined) await this.seen(snapshot.organization.id, session.id, row)
    return principal
  }

  /** The same as it stands now, by the hash alone. */
  async refreshed(
    snapshot: TenantSnapshot,
    principal: Principal & { readonly kind: 'member' | 'service' },
  ): Promise<Principal | undefined> {
    const found = principal.session === undefined ? undefined : await this.standing(snapshot, principal.session.id)
    if (found === undefined || found.row.member !== principal.id) return undefined
    return this.memberOf(snapshot, found.row, { ...found.session, csrf: principal.session?.csrf ?? '' })
  }

  /** Rows of a new session, into a commit that begins it; answers the secret for its cookie, which is kept nowhere. Old ones of the member go with it. */
  async begin(
    change: OrganizationChange,
    org: string,
    { member, methods, pending, authenticatedAt, epoch, instead, continues }: NewSession,
  ): Promise<string> {
    const now = this.clock.now().getTime()
    const secret = randomBytes(32).toString('base64url')
    const createdAt = (continues ? instead?.createdAt : undefined) ?? now
    const until = Math.min(createdAt + absolute, now + (pending === undefined ? idle : pendingLife))
    const hash = hashOf(secret)
    const row: SessionRow = {
      v: 1,
      member,
      epoch,
      createdAt,
      authenticatedAt: authenticatedAt?.getTime() ?? now,
      lastSeen: now,
      until,
      methods: [...methods],
      ...(pending === undefined ? {} : { pending }),
    }
    change.put(tenantKeys.secret(org, hash, 'session'), row, 'absent')
    change.put(tenantKeys.memberSession(org, member, hash), { v: 1, createdAt, until: createdAt + absolute }, 'absent')
    if (instead !== undefined) this.end(change, org, instead.member, instead.id)
    for (const old of await this.spent(org, member, now)) if (old !== instead?.id) this.end(change, org, member, old)
    return secret
  }

  end(change: OrganizationChange, org: string, member: string, id: string): void {
    change.delete(tenantKeys.secret(org, id, 'session')).delete(tenantKeys.memberSession(org, member, id))
  }

  /** By the hash of its secret, whether or not it is still good. */
  async find(org: string, id: string): Promise<StoredSession | undefined> {
    const entry = await this.store.get(tenantKeys.secret(org, id, 'session'))
    if (entry === undefined) return undefined
    const { member, createdAt } = readSession(entry)
    return { id, member, createdAt }
  }

  private async standing(snapshot: TenantSnapshot, id: string) {
    if (!snapshot.exists) return undefined
    const entry = await this.store.get(tenantKeys.secret(snapshot.organization.id, id, 'session'))
    if (entry === undefined) return undefined
    const row = readSession(entry)
    if (this.clock.now().getTime() >= row.until) return undefined
    return { row, session: { id, authenticatedAt: new Date(row.authenticatedAt), methods: row.methods } }
  }

  private async memberOf(
    snapshot: TenantSnapshot,
    row: SessionRow,
    facts: { readonly id: string; readonly authenticatedAt: Date; readonly methods: readonly string[]; readonly csrf: string },
  ): Promise<Principal | undefined> {
    const member = await snapshot.member(row.member)
    if (member?.status !== 'active' || member.kind !== 'member' || snapshot.organization.status !== 'active') return undefined
    const { id, name, role } = member
    if ((await snapshot.memberEpoch(id, 'sessions')) !== row.epoch) return undefined
    const pending = row.pending ?? (await this.lacking(snapshot, id, member.createdAt))
    const session = { ...facts, ...(pending === undefined ? {} : { pending }) }
    return {
      kind: 'member',
      id,
      name,
      ...(role === undefined ? {} : { role }),
      groups: snapshot.groupsOf(id),
      by: 'session',
      session,
    }
  }

  /** A rule that was made since holds for sessions that were there before it. */
  private async lacking(snapshot: TenantSnapshot, member: string, since: Date): Promise<'enrolment' | undefined> {
    const { signIn } = snapshot
    if (signIn.mfa !== 'required' || (await snapshot.hasSecondFactor(member))) return undefined
    const lack = lackOfFactor(signIn, await snapshot.signInException(member), since, this.clock.now())
    return lack === 'fine' ? undefined : 'enrolment'
  }

  /** Written now and then, in nobody's way: a session that is used goes on. */
  private async seen(org: string, id: string, row: SessionRow): Promise<void> {
    const now = this.clock.now().getTime()
    if (row.pending !== undefined || now - row.lastSeen < seenEvery) return
    const key = tenantKeys.secret(org, id, 'session')
    const entry = await this.store.get(key)
    if (entry === undefined) return
    const value = { ...row, lastSeen: now, until: Math.min(row.createdAt + absolute, now + idle) }
    await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: { revision: entry.revision } }])
  }

  /** Ids that are listed and ran out, and the oldest beyond the number that a member has at once: a few at a time. */
  private async spent(org: string, member: string, now: number): Promise<readonly string[]> {
    const listed: { readonly id: string; readonly createdAt: number; readonly until: number }[] = []
    for await (const entry of this.store.range(tenantKeys.memberRows(org, member), { prefix: ['session'] })) {
      listed.push({ id: entry.key.path.at(-1) ?? '', ...readListedSession(entry) })
    }
    const over = listed.filter(({ until }) => until <= now)
    const alive = listed.filter(({ until }) => until > now).sort((a, b) => a.createdAt - b.createdAt)
    return [...over, ...alive.slice(0, Math.max(0, alive.length - perMember + 1))].slice(0, 20).map(({ id }) => id)
  }
}

/** What is stored of a secret: at 256 random bits a plain hash is enough. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
/** Known to whoever knows the secret, and of no use to find it. */
function csrfOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url')
}
