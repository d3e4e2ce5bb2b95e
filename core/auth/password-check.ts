import { inject, injectable } from 'tsyringe'
import type { Member } from '../directory/directory.js'
import { loginKey, type PasswordRow } from '../directory/member-rows.js'
import { RegistryError, unauthenticated, unavailable } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import { sourceOf } from './client-address.js'
import { type Account, GuessThrottle } from './guess-throttle.js'
import { PasswordHash } from './password-hash.js'
import { normalizedPassword } from './password-policy.js'
import type { Principal } from './principal.js'
import { VerifiedCredentials } from './verified-credentials.js'

interface Candidate {
  readonly org: string
  readonly member: Member
  readonly row: PasswordRow
}

const longestPassword = 1_024
const waitingLimit = 256

/** Login and password to member. The row is looked at each time; only the costly answer "this password fits this hash" is remembered. */
@injectable()
export class PasswordCheck {
  private readonly verified: VerifiedCredentials
  private readonly flights = new Map<string, Promise<boolean>>()
  private readonly turns = new KeyedQueue()

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(PasswordHash) private readonly hashes: PasswordHash,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
    @inject(Clock) clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {
    this.verified = new VerifiedCredentials(clock)
  }

  /** Throws `unauthenticated`; `throttled` before a guess is tried; `unavailable` when too many wait. */
  async principal(snapshot: TenantSnapshot, login: string, password: string, address: string): Promise<Principal> {
    if (Buffer.byteLength(password) > longestPassword) throw unauthenticated()
    const key = loginKey(login)
    const account: Account = {
      org: snapshot.exists ? snapshot.organization.id : '.',
      login: `${snapshot.organization.id} ${key}`,
    }
    const candidate = await this.candidate(snapshot, key)
    // Who is unknown stands under a name of its own, so that no answer comes sooner for it than for somebody known.
    const who = candidate === undefined ? `unknown ${account.login}` : candidate.member.id
    const entry = this.verified.keyOf(who, candidate?.row.phc ?? this.hashes.dummy, password)
    if (
      !this.verified.isGood(entry) &&
      !(await this.once(entry, () => this.verify(candidate, entry, password, account, address)))
    ) {
      throw unauthenticated()
    }
    if (candidate === undefined) throw unauthenticated()
    const { id, name, role } = candidate.member
    return { kind: 'member', id, name, ...(role === undefined ? {} : { role }), groups: snapshot.groupsOf(id), by: 'password' }
  }

  /** Undefined for whoever cannot come in by password, whatever the reason. */
  private async candidate(snapshot: TenantSnapshot, key: string): Promise<Candidate | undefined> {
    const member = await snapshot.memberByLogin(key)
    const row = member === undefined ? undefined : await snapshot.password(member.id)
    if (member === undefined || row === undefined) return undefined
    const usable = member.kind === 'member' && member.status === 'active' && snapshot.organization.status === 'active'
    return usable ? { org: snapshot.organization.id, member, row } : undefined
  }

  /** A build opens ten connections with the same password: one derivation answers them all. */
  private async once(entry: string, check: () => Promise<boolean>): Promise<boolean> {
    let flight = this.flights.get(entry)
    if (flight === undefined) {
      if (this.flights.size >= waitingLimit) throw unavailable('Too many passwords wait to be checked', 1)
      flight = check().finally(() => this.flights.delete(entry))
      this.flights.set(entry, flight)
    }
    return flight
  }

  /** Guesses of one source at one account take turns: each meets the failures of those before it. */
  private verify(
    candidate: Candidate | undefined,
    entry: string,
    password: string,
    account: Account,
    address: string,
  ): Promise<boolean> {
    return this.turns.run([`${account.login}\0${sourceOf(address)}`], async () => {
      await this.throttle.check(address, account)
      const matched = !this.verified.isBad(entry) && (await this.matches(candidate, password))
      if (!matched) {
        this.verified.remember(entry, false)
        await this.throttle.failed(address, account)
        return false
      }
      this.verified.remember(entry, true)
      await this.throttle.succeeded(address, account)
      if (candidate !== undefined) await this.strengthen(candidate, password)
      return true
    })
  }

  private async matches(candidate: Candidate | undefined, password: string): Promise<boolean> {
    const normalized = normalizedPassword(password)
    if (candidate === undefined) {
      await this.hashes.verify(normalized ?? password, this.hashes.dummy)
      return false
    }
    const { row, member } = candidate
    if (!this.hashes.reads(row.phc)) this.log.error('password.unreadable', { member: member.id })
    const typed = row.norm === 'raw' ? password : (normalized ?? password)
    if (await this.hashes.verify(typed, row.phc)) return true
    return row.norm === 'raw' && normalized !== undefined && normalized !== typed && this.hashes.verify(normalized, row.phc)
  }

  /** A hash below today's numbers, or of an import, is made again while the password is at hand. The epoch stays: the password does too. */
  private async strengthen({ org, member, row }: Candidate, password: string): Promise<void> {
    const normalized = normalizedPassword(password)
    if (normalized === undefined || !(this.hashes.needsRehash(row.phc) || row.norm === 'raw')) return
    try {
      const { revision, ...rest } = row
      const value = { ...rest, phc: await this.hashes.hash(normalized, row.phc), norm: 'opaque' }
      const key = tenantKeys.password(org, member.id)
      await this.store.commit([{ op: 'put', key, value, if: { revision } }], randomHex())
    } catch (cause) {
      // A password change that raced wins; a full queue or store only means that the next login tries again.
      if (!(cause instanceof RegistryError) || cause.kind !== 'stale')
        this.log.warn('password.rehash', { member: member.id, cause })
    }
  }
}
