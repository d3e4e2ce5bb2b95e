import { randomBytes } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { PasswordReset } from '../accounts/password-reset.js'
import { SignInCodes } from '../accounts/sign-in-codes.js'
import { conflict, forbidden, unauthenticated } from '../errors/registry-error.js'
import { MailPost } from '../mail/mail-post.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { Tenancy } from '../tenancy/tenancy.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { AccountDesk, SessionView, SignedIn, WithCookies } from './account-desk.js'
import type { Credentials } from './authenticator.js'
import { GuessThrottle, type Place } from './guess-throttle.js'
import { newMemberEpoch } from './member-epoch.js'
import { type Enrolment, SecondFactors } from './mfa/second-factors.js'
import { accountOf, attacked } from './password-check.js'
import { owedBy } from './pending-session.js'
import type { SessionFacts } from './principal.js'
import { deviceCookie, endedSessionCookie, sessionCookie } from './session-cookie.js'
import { absolute, hashOf, type NewSession, Sessions } from './sessions.js'
import { type SignedInMember, SignIn } from './sign-in.js'

/** What the log says where no access epoch has to move: sessions are read anew for each request. */
const unraised = (): readonly Mutation[] => []

interface Own {
  readonly principal: SessionView['principal']
  readonly session: SessionFacts
}

/** Opens the account of one caller. */
@injectable()
export class MemberAccount {
  constructor(
    @inject(MetadataStore) readonly store: MetadataStore,
    @inject(Tenancy) readonly tenancy: Tenancy,
    @inject(SignIn) readonly signIns: SignIn,
    @inject(Sessions) readonly sessions: Sessions,
    @inject(SecondFactors) readonly factors: SecondFactors,
    @inject(SignInCodes) readonly codes: SignInCodes,
    @inject(PasswordReset) readonly passwords: PasswordReset,
    @inject(GuessThrottle) readonly throttle: GuessThrottle,
    @inject(MailPost) readonly post: MailPost,
    @inject(Clock) readonly clock: Clock,
  ) {}

  for(scope: CallerScope, credentials: Credentials): AccountDesk {
    return new CallerAccount(this, scope, credentials)
  }
}

class CallerAccount implements AccountDesk {
  private readonly org: string

  constructor(
    private readonly parts: MemberAccount,
    private readonly scope: CallerScope,
    private readonly credentials: Credentials,
  ) {
    this.org = scope.tenant.organization.id
  }

  async signIn(login: string, password: string, code?: string): Promise<SignedIn> {
    this.requireCookies()
    const snapshot = TenantSnapshot.of(this.scope.tenant)
    const place = this.place()
    const by = `sign-in ${randomHex()}`
    const found = await this.parts.signIns.member(snapshot, { login, password, code, place, by })
    return this.begin(found, place, found.breakGlass ? 'session.break-glass' : 'session.begin')
  }

  async session(): Promise<SessionView> {
    return this.view(this.own())
  }

  async showCode(code: string): Promise<SignedIn> {
    const { principal, session } = this.own()
    if (session.pending !== 'code' && session.pending !== 'mailed-code')
      throw conflict('This session waits for no code', { detail: { code: 'MFA_NOT_PENDING' } })
    const place = this.place()
    const account = accountOf(this.scope.tenant, principal.id)
    const known = await this.parts.throttle.isKnown(place, account)
    const use = { by: session.id, known }
    if (session.pending === 'mailed-code') {
      const found = { member: principal, methods: [...session.methods, 'mail'] }
      const signed = await this.begin(found, place, 'session.begin', session, (change) =>
        this.parts.codes.take(change, this.org, principal.id, code, use),
      )
      await this.parts.throttle.succeeded(place, account)
      return signed
    }
    const shown = await this.parts.factors.show(this.org, principal.id, code, use, true)
    await this.parts.throttle.succeeded(place, account)
    const found = { member: principal, methods: [...session.methods, shown] }
    return this.begin(found, place, shown === 'recovery' ? 'session.recovery' : 'session.begin', session)
  }

  async stepUp(password: string, code?: string): Promise<SignedIn> {
    const { principal, session } = this.own()
    const place = this.place()
    const snapshot = TenantSnapshot.of(this.scope.tenant)
    const attempt = { login: principal.name, password, code, place, by: session.id }
    const found = await this.parts.signIns.member(snapshot, attempt)
    if (found.member.id !== principal.id) throw unauthenticated()
    if (found.pending === 'code') throw unauthenticated('A one-time code is missing', { detail: { code: 'otp-required' } })
    if (found.pending === 'mailed-code') throw attacked()
    return this.begin(found, place, 'session.step-up', session)
  }

  async changePassword(before: string, after: string, revokeTokens: boolean): Promise<SignedIn> {
    this.requireCookies()
    this.owingOnly('password')
    const secret = await this.parts.passwords.change(this.scope, before, after, revokeTokens)
    return this.signedIn(secret, this.place())
  }

  async signOut(): Promise<WithCookies> {
    const { principal, session } = this.own()
    const change = this.change('session.end', session.id, unraised)
    this.parts.sessions.end(change, this.org, principal.id, session.id)
    await change.commit()
    return { cookies: [endedSessionCookie(this.requireCookies())] }
  }

  async enrol(): Promise<Enrolment> {
    const { principal } = this.owingOnly('code', 'enrolment')
    const { signIn, organization } = TenantSnapshot.of(this.scope.tenant)
    if (signIn.mfa === 'off') throw forbidden('This organization has no second factors', { detail: { code: 'MFA_OFF' } })
    return this.parts.factors.enrol(this.org, principal.id, `cloudrepo ${organization.name}`, principal.name)
  }

  async confirm(code: string): Promise<SignedIn & { readonly recoveryCodes: readonly string[] }> {
    const { principal, session } = this.owingOnly('code', 'enrolment')
    const place = this.place()
    const known = await this.parts.throttle.isKnown(place, accountOf(this.scope.tenant, principal.id))
    let recoveryCodes: readonly string[] = []
    const epoch = newMemberEpoch(this.org, principal.id, 'sessions')
    const fresh: NewSession = {
      member: principal.id,
      methods: ['pwd', 'otp'],
      epoch: epoch.epoch,
      instead: await this.parts.sessions.find(this.org, session.id),
      continues: true,
    }
    const secret = await untilSettled(async () => {
      const change = this.change('mfa.enrol', principal.id)
      recoveryCodes = await this.parts.factors.confirm(change, this.org, principal.id, code, { by: session.id, known })
      const begun = await this.parts.sessions.begin(change.put(epoch.key, epoch.value), this.org, fresh)
      this.tell(change, principal.id, 'set-up')
      await change.commit()
      return begun
    })
    return { ...(await this.signedIn(secret, place)), recoveryCodes }
  }

  async renewRecoveryCodes(): Promise<readonly string[]> {
    const { principal } = this.own()
    return untilSettled(async () => {
      const change = this.change('mfa.recovery-codes', principal.id, unraised)
      const codes = await this.parts.factors.renewRecovery(change, this.org, principal.id)
      await change.commit()
      return codes
    })
  }

  async removeFactor(): Promise<void> {
    const { principal } = this.own()
    if (TenantSnapshot.of(this.scope.tenant).signIn.mfa === 'required')
      throw conflict('This organization wants a second factor', { detail: { code: 'MFA_REQUIRED' } })
    await untilSettled(async () => {
      const change = this.change('mfa.remove', principal.id)
      if (!(await this.parts.factors.remove(change, this.org, principal.id))) return
      this.tell(change, principal.id, 'removed')
      await change.commit()
    })
  }

  async askOnPublish(onPublish: boolean): Promise<void> {
    const { principal } = this.own()
    await untilSettled(async () => {
      const change = this.change('mfa.on-publish', principal.id)
      await this.parts.factors.askOnPublish(change, this.org, principal.id, onPublish)
      await change.commit()
    })
  }

  private async begin(
    found: Pick<SignedInMember, 'methods' | 'pending'> & { readonly member: { readonly id: string } },
    place: Place,
    action: string,
    step?: SessionFacts,
    beside?: (change: OrganizationChange) => Promise<void>,
  ): Promise<SignedIn> {
    const { session: cookie } = this.credentials
    const before = step?.id ?? (cookie === undefined ? undefined : hashOf(cookie))
    const continues = step !== undefined
    const { methods, pending, member } = found
    const snapshot = TenantSnapshot.of(this.scope.tenant)
    const fresh: NewSession = {
      member: member.id,
      methods,
      epoch: await snapshot.memberEpoch(member.id, 'sessions'),
      // Whether somebody has to set up a second factor is looked at anew each time.
      ...(pending === undefined || pending === 'enrolment' ? {} : { pending }),
      instead: before === undefined ? undefined : await this.parts.sessions.find(this.org, before),
      continues,
    }
    const change = this.change(action, member.id, unraised, { member: member.id, methods })
    await beside?.(change)
    const secret = await this.parts.sessions.begin(change, this.org, fresh)
    if (pending === 'mailed-code') {
      const { requestId: request, source } = this.scope
      const asked = { request, ...(source === undefined ? {} : { source }) }
      this.parts.codes.ask(change, this.org, member.id, hashOf(secret), asked)
    }
    if (methods.at(-1) === 'recovery') this.tell(change, member.id, 'recovery-code')
    await change.commit()
    return this.signedIn(secret, place)
  }

  /** Under the rows as they are after the commit. */
  private async signedIn(secret: string, place: Place): Promise<SignedIn> {
    const names = this.requireCookies()
    const snapshot = TenantSnapshot.of(await this.parts.tenancy.openById(this.org))
    const principal = await this.parts.sessions.principal(snapshot, secret)
    if (principal?.kind !== 'member' || principal.session === undefined) throw unauthenticated()
    const { session } = principal
    const cookies = [sessionCookie(names, secret, absolute / 1_000)]
    if (session.pending === undefined && place.device !== undefined) cookies.push(deviceCookie(names, place.device))
    return { ...(await this.view({ principal, session })), cookies }
  }

  private tell(change: OrganizationChange, member: string, what: 'set-up' | 'removed' | 'recovery-code'): void {
    const { post, clock } = this.parts
    for (const { key, value } of post.letters(this.org, { kind: 'second-factor', member, what }, clock.now()))
      change.put(key, value, 'absent')
  }

  private async view({ principal, session }: Own): Promise<SessionView> {
    const { signIn } = TenantSnapshot.of(this.scope.tenant)
    const enrolled = (await this.parts.factors.find(this.org, principal.id)) !== undefined
    const recoveryCodes = enrolled ? await this.parts.factors.recoveryCodesLeft(this.org, principal.id) : 0
    return { principal, session, secondFactor: { enrolled, required: signIn.mfa === 'required', recoveryCodes } }
  }

  private own(): Own {
    this.scope.require('account.manage')
    const { principal } = this.scope
    if (principal.kind !== 'member' || principal.session === undefined) throw unauthenticated()
    return { principal, session: principal.session }
  }

  /** Whoever owes something else first does not come to this. */
  private owingOnly(...these: readonly SessionFacts['pending'][]): Own {
    const own = this.own()
    const { pending } = own.session
    if (pending === undefined || these.includes(pending)) return own
    throw owedBy(pending)
  }

  /** A browser that has no mark of ours yet gets one. */
  private place(): Place {
    const { address, device = randomBytes(32).toString('base64url') } = this.credentials
    return { address, device }
  }

  private requireCookies() {
    const { cookies } = this.credentials
    if (cookies !== undefined) return cookies
    throw forbidden('Sessions begin over https, or on this machine itself', { detail: { code: 'https' } })
  }

  private change(
    action: string,
    target: string,
    epoch?: typeof unraised,
    begun?: { readonly member: string; readonly methods: readonly string[] },
  ): OrganizationChange {
    const { store, clock } = this.parts
    const kind = action === 'session.end' ? 'session' : 'member'
    const entry = callerEntry(this.scope, clock.now(), action, { kind, id: target })
    return new OrganizationChange(
      store,
      this.org,
      begun === undefined ? entry : { ...entry, actor: { kind: 'member', id: begun.member }, methods: begun.methods },
      epoch,
    )
  }
}
