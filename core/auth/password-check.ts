import { inject, injectable } from 'tsyringe'
import { passwordContext } from '../accounts/new-password.js'
import { AuditNotes } from '../audit/audit-notes.js'
import type { Member } from '../directory/directory.js'
import { loginKey, type PasswordRow } from '../directory/member-rows.js'
import { RegistryError, unauthenticated, unavailable } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import { sourceOf } from './client-address.js'
import { counterHash } from './failure-counters.js'
import { type Account, GuessThrottle, type Place, type Standing } from './guess-throttle.js'
import { KdfLimiter } from './kdf-limiter.js'
import { PasswordHash } from './password-hash.js'
import { normalizedPassword } from './password-policy.js'
import type { Principal } from './principal.js'
import { passwordOpensArtifacts } from './sign-in-rules.js'
import { VerifiedCredentials } from './verified-credentials.js'

interface Candidate {
  readonly org: string
  readonly member: Member
  readonly row: PasswordRow
}

interface Attempt {
  readonly candidate: Candidate | undefined
  readonly entry: string
  readonly password: string
  readonly account: Account
  readonly place: Place
  readonly by: 'build' | 'person'
  readonly opens: boolean
}
export interface VerifiedMember extends Standing {
  readonly member: Member
  readonly account: Account
  /** An artifact address, to a build. */
  readonly opens: boolean
}
/** Remembered: it was looked at from a place that was let in. */
const trusted: Standing = { known: true, attacked: false }

const longestPassword = 1_024
const waitingLimit = 256

/** Login and password to member. The row is looked at each time; only the costly answer "this password fits this hash" is remembered. */
@injectable()
export class PasswordCheck {
  private readonly credentials: VerifiedCredentials
  private readonly strangers = new KdfLimiter()
  private readonly flights = new Map<string, Promise<Standing | undefined>>()
  private readonly turns = new KeyedQueue()

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(PasswordHash) private readonly hashes: PasswordHash,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
    @inject(AuditNotes) private readonly notes: AuditNotes,
    @inject(Clock) clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {
    this.credentials = new VerifiedCredentials(clock)
  }

  /** Basic on an artifact address. Throws `unauthenticated`, with the code `token-required` where the password is right and yet opens nothing here;
   *  `throttled` before a guess is tried; `unavailable` when too many wait. */
  async principal(snapshot: TenantSnapshot, login: string, password: string, place: Place): Promise<Principal> {
    const { member, opens } = await this.verified(snapshot, login, password, place, 'build')
    if (!opens) throw tokenRequired()
    const { id, name, role } = member
    return { kind: 'member', id, name, ...(role === undefined ? {} : { role }), groups: snapshot.groupsOf(id), by: 'password' }
  }

  /** Whose password it is, whatever else has to be shown. `person`: somebody who can be asked for more. Throws as above. */
  async verified(
    snapshot: TenantSnapshot,
    login: string,
    password: string,
    place: Place,
    by: 'build' | 'person',
  ): Promise<VerifiedMember> {
    if (Buffer.byteLength(password) > longestPassword) throw unauthenticated()
    const key = loginKey(login)
    const candidate = await this.candidate(snapshot, key)
    const account = accountOf(snapshot, candidate?.member.id ?? key)
    // Who is unknown stands under a name of its own, so that no answer comes sooner for it than for somebody known.
    const who = candidate === undefined ? `unknown ${account.login}` : candidate.member.id
    const entry = this.credentials.keyOf(who, candidate?.row.phc ?? this.hashes.dummy, password)
    const opens =
      candidate !== undefined &&
      by === 'build' &&
      passwordOpensArtifacts(snapshot.signIn, await snapshot.hasSecondFactor(candidate.member.id))
    const attempt = { candidate, entry, password, account, place, by, opens }
    // Of a person it is asked whence they come, each time.
    const standing = by === 'build' && this.credentials.isGood(entry) ? trusted : await this.once(attempt)
    if (candidate === undefined || standing === undefined) throw unauthenticated()
    return { member: candidate.member, account, opens, ...standing }
  }

  /** Of a password that was right: is it one that nobody could set today? */
  async isGuessable({ organization }: Tenant, member: Member, password: string): Promise<boolean> {
    try {
      return await this.hashes.isGuessable(password, passwordContext(organization, member).words)
    } catch (cause) {
      // A list that cannot be read keeps nobody out.
      this.log.error('password.blocklist', { cause })
      return false
    }
  }

  /** Undefined for whoever cannot come in by password, whatever the reason. */
  private async candidate(snapshot: TenantSnapshot, key: string): Promise<Candidate | undefined> {
    const member = await snapshot.memberByLogin(key)
    const row = member === undefined ? undefined : await snapshot.password(member.id)
    if (member === undefined || row === undefined) return undefined
    const usable = member.kind === 'member' && member.status === 'active' && snapshot.organization.status === 'active'
    return usable ? { org: snapshot.organization.id, member, row } : undefined
  }

  /** A build opens ten connections with the same password: one derivation answers them all. Undefined for a wrong one. */
  private async once(attempt: Attempt): Promise<Standing | undefined> {
    const key = `${attempt.entry} ${sourceOf(attempt.place.address)}`
    let flight = this.flights.get(key)
    if (flight === undefined) {
      if (this.flights.size >= waitingLimit) throw unavailable('Too many passwords wait to be checked', 1)
      flight = this.verify(attempt).finally(() => this.flights.delete(key))
      this.flights.set(key, flight)
    }
    return flight
  }

  /** Guesses of one source at one account take turns: each meets the failures of those before it. */
  private verify({ candidate, entry, password, account, place, by, opens }: Attempt): Promise<Standing | undefined> {
    return this.turns.run([`${account.login}\0${sourceOf(place.address)}`], async () => {
      const standing = await this.throttle.check(place, account)
      if (standing.attacked && !standing.known && by === 'build') throw attacked()
      const matched = !this.credentials.isBad(entry) && (await this.inTurn(standing, () => this.matches(candidate, password)))
      if (!matched) {
        this.credentials.remember(entry, false)
        await this.throttle.failed(place, account)
        await this.note(candidate, place, account)
        return undefined
      }
      this.credentials.remember(entry, true)
      // A place is known by what opened something from there: of a person that is decided by whoever asks for more than the password.
      if (opens) await this.throttle.succeeded(place, account)
      if (candidate !== undefined) await this.strengthen(candidate, password)
      return standing
    })
  }

  /** A login that is nobody's stands in the log by its hash: it may be a password that was typed in the wrong field. */
  private async note(candidate: Candidate | undefined, { address }: Place, { org, login }: Account): Promise<void> {
    if (org === '.') return
    const target =
      candidate === undefined
        ? { kind: 'login', id: counterHash('login', login).slice(0, 16) }
        : { kind: 'member', id: candidate.member.id }
    const actor = { kind: 'anonymous', id: 'anonymous' }
    await this.notes.refused(org, { actor, action: 'session.refused', target, source: { ip: address }, methods: ['password'] })
  }

  /** Strangers wait for each other; who comes from a known place does not wait for them. */
  private inTurn(standing: Standing, check: () => Promise<boolean>): Promise<boolean> {
    return standing.known ? check() : this.strangers.run(check)
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

/** What failures are counted at: a member under whatever login it is tried, or a login that is nobody's. */
export function accountOf({ exists, organization }: Tenant, who: string): Account {
  return { org: exists ? organization.id : '.', login: `${organization.id} ${who}` }
}

const tokenInstead = 'use an API token instead of the password'
/** Said to whoever knew the password; build tools show these words. */
export function tokenRequired(why = 'Here') {
  return unauthenticated(`${why} ${tokenInstead}`, { detail: { code: 'token-required' } })
}
/** Said to everybody while an account is guessed at. */
export function attacked() {
  return unauthenticated(`This account is being guessed at: ${tokenInstead}`, { detail: { code: 'attacked' } })
}
