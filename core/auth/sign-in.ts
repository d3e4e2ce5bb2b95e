import { inject, injectable } from 'tsyringe'
import { SignInCodes } from '../accounts/sign-in-codes.js'
import { unauthenticated } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import type { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import { GuessThrottle, type Place } from './guess-throttle.js'
import { SecondFactors } from './mfa/second-factors.js'
import { attacked as attackedAccount, PasswordCheck, tokenRequired, type VerifiedMember } from './password-check.js'
import type { Principal, SessionFacts } from './principal.js'
import { lackOfFactor } from './sign-in-rules.js'

export interface SignInAttempt {
  readonly login: string
  readonly password: string
  readonly code?: string | undefined
  readonly place: Place
  /** Of the session or the request that a code is shown by. */
  readonly by: string
}
/** `pending`: the password was right, and this is still missing. */
export interface SignedInMember extends VerifiedMember {
  readonly methods: readonly string[]
  readonly pending?: SessionFacts['pending']
  /** In without the second factor that everybody else needs. */
  readonly breakGlass: boolean
}

/** A person who shows a password and, where they have one, a second factor (identity dossier 4, 9). */
@injectable()
export class SignIn {
  constructor(
    @inject(PasswordCheck) private readonly passwords: PasswordCheck,
    @inject(SecondFactors) private readonly factors: SecondFactors,
    @inject(SignInCodes) private readonly codes: SignInCodes,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Throws `unauthenticated`, with the code `otp-invalid` for a wrong one-time code and `attacked` where nothing could tell the member from somebody
   *  who guesses: no second factor, and no address for a code; `throttled`; `unavailable`. */
  async member(snapshot: TenantSnapshot, attempt: SignInAttempt): Promise<SignedInMember> {
    const { login, password, code, place, by } = attempt
    const verified = await this.passwords.verified(snapshot, login, password, place, 'person')
    const { member, known, attacked, account } = verified
    const org = snapshot.organization.id
    if ((await this.factors.find(org, member.id)) !== undefined) {
      if (code === undefined) return { ...verified, methods: ['pwd'], pending: 'code', breakGlass: false }
      const shown = await this.factors.show(org, member.id, code, { by, known }, true)
      await this.throttle.succeeded(place, account)
      return { ...verified, methods: ['pwd', shown], breakGlass: false }
    }
    const exception = await snapshot.signInException(member.id)
    const lack = lackOfFactor(snapshot.signIn, exception, member.createdAt, this.clock.now())
    // Past its grace a password opens nothing any more, and sounds like a wrong one.
    if (lack === 'refused') throw unauthenticated()
    const breakGlass = exception.breakGlass && snapshot.signIn.mfa === 'required'
    if (attacked && !known) {
      if (!(await this.codes.reach(org, member.id))) throw attackedAccount()
      return { ...verified, methods: ['pwd'], pending: 'mailed-code', breakGlass }
    }
    await this.throttle.succeeded(place, account)
    if (await this.passwords.isGuessable(snapshot, member, password))
      return { ...verified, methods: ['pwd'], pending: 'password', breakGlass }
    return { ...verified, methods: ['pwd'], ...(lack === 'enrolment' ? { pending: lack } : {}), breakGlass }
  }

  /** All at once, for clients that can ask for a code and come again with it (npm). Throws as above, and with the code `otp-required`. */
  async principal(snapshot: TenantSnapshot, attempt: SignInAttempt): Promise<Principal> {
    const { member, pending } = await this.member(snapshot, attempt)
    if (pending === 'code') throw unauthenticated('A one-time code is missing', { detail: { code: 'otp-required' } })
    if (pending === 'mailed-code') throw attackedAccount()
    if (pending === 'password') throw tokenRequired('This password is among the first that are guessed: set another one, or')
    if (pending === 'enrolment') throw tokenRequired('This organization wants a second factor: set one up, and')
    const { id, name, role } = member
    return { kind: 'member', id, name, ...(role === undefined ? {} : { role }), groups: snapshot.groupsOf(id), by: 'password' }
  }
}
