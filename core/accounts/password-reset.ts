import { inject, injectable } from 'tsyringe'
import { newMemberEpoch } from '../auth/member-epoch.js'
import { PasswordCheck } from '../auth/password-check.js'
import { PasswordHash } from '../auth/password-hash.js'
import { Sessions } from '../auth/sessions.js'
import { loginKey } from '../directory/member-rows.js'
import { conflict, forbidden, RegistryError, unauthenticated } from '../errors/registry-error.js'
import { MailPost } from '../mail/mail-post.js'
import { Clock } from '../runtime/clock.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { ReadOnly } from '../tenancy/read-only.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import { memberPrincipal, refusedCode, type SessionMember, sessionMember } from './account-scope.js'
import { HourlyAttempts } from './hourly-attempts.js'
import { type Account, type FoundSecret, MailedSecrets, secretKeys } from './mailed-secrets.js'
import { passwordContext, passwordValue } from './new-password.js'

const requestsAnHour = 10
export const guessesAnHour = 20

/** A password that is set by whoever holds a mailed code, or by the member who knows the one before. */
@injectable()
export class PasswordReset {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(MailedSecrets) private readonly secrets: MailedSecrets,
    @inject(HourlyAttempts) private readonly attempts: HourlyAttempts,
    @inject(PasswordHash) private readonly hashes: PasswordHash,
    @inject(PasswordCheck) private readonly passwords: PasswordCheck,
    @inject(Sessions) private readonly sessions: Sessions,
    @inject(MailPost) private readonly post: MailPost,
    @inject(ReadOnly) private readonly readOnly: ReadOnly,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** One commit for everybody; whether there is such a member is looked up when the letter is written. */
  async request({ tenant, source, requestId: request }: CallerScope, email: string): Promise<void> {
    this.post.hold()
    await this.readOnly.holdInstance()
    // An organization that is not there is asked by the same rows as any other.
    const org = tenant.exists ? tenant.organization.id : '.'
    const asked = { request, ...(source === undefined ? {} : { source }) }
    const letters = this.post.letters(org, { kind: 'reset', login: loginKey(email) }, this.clock.now(), asked)
    await this.attempts.spend('forgot', source?.ip ?? '', requestsAnHour, letters)
  }

  async reset(scope: CallerScope, code: string, password: string, keepTokens: boolean): Promise<void> {
    const address = scope.source?.ip ?? ''
    await this.readOnly.holdInstance()
    await this.attempts.hold('code', address, guessesAnHour)
    const org = scope.tenant.organization.id
    const { account } = await this.found(scope, code, address)
    await this.readOnly.hold(scope.tenant.organization)
    const { id, name } = account.member
    const phc = await this.hashes.hashNew(password, passwordContext(scope.tenant.organization, account.member))
    const as = { ...scope, principal: memberPrincipal(id, name) }
    await untilSettled(async () => {
      // Somebody else may have used it, or changed the password, while this one was hashed.
      const now = await this.found(scope, code, address)
      const change = this.changed(as, 'password.reset', id, now.account, phc, ended(org, id, !keepTokens))
      change.delete(now.secret.entry.key, { revision: now.secret.entry.revision }, refusedCode())
      change.delete(tenantKeys.memberReset(org, id, now.secret.hash))
      await this.voidOthers(change, org, id, now.secret.hash)
      this.tell(change, org, id, 'reset')
      await change.commit()
    })
  }

  /** Answers the secret of the session that takes the place of the one that asks. Throws as `Accounts` says. */
  async change(scope: CallerScope, before: string, after: string, revokeTokens: boolean): Promise<string> {
    const member = sessionMember(scope)
    const { id } = member
    const org = scope.tenant.organization.id
    await this.readOnly.hold(scope.tenant.organization)
    const account = await this.secrets.account(org, id)
    await this.prove(scope, member, before)
    if (account === undefined) throw forbidden('This needs a session: sign in as a member')
    const phc = await this.hashes.hashNew(after, passwordContext(scope.tenant.organization, account.member))
    return untilSettled(async () => {
      const now = await this.secrets.account(org, id)
      if (now?.member.status !== 'active') throw forbidden('This needs a session: sign in as a member')
      // Somebody else has set it, or ended all sessions, since the one of before was shown: that stands.
      if (now.epoch !== account.epoch) throw conflict('The password or the sessions were changed meanwhile: sign in again')
      const epochs = ended(org, id, revokeTokens)
      const change = this.changed(scope, 'password.change', id, now, phc, epochs)
      const secret = await this.goOn(change, org, member, epochs[0].epoch)
      await this.voidOthers(change, org, id, '')
      this.tell(change, org, id, 'self')
      await change.commit()
      return secret
    })
  }

  /** Throws `forbidden` where the password is another one, `throttled` before a guess is tried. */
  async prove({ tenant, source }: CallerScope, { id, name }: SessionMember, password: string): Promise<void> {
    try {
      const place = { address: source?.ip ?? '', inside: true }
      const { member } = await this.passwords.verified(TenantSnapshot.of(tenant), name, password, place, 'person')
      if (member.id === id) return
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'unauthenticated') throw thrown
    }
    throw forbidden('The password of now is another one', { detail: { code: 'WRONG_PASSWORD' } })
  }

  /** What a code leads to. A wrong one is counted. Throws `invalid`, the same for whatever is wrong. */
  private async found(
    { tenant }: CallerScope,
    code: string,
    address: string,
  ): Promise<{ readonly secret: FoundSecret; readonly account: Account }> {
    const { exists, organization } = tenant
    const secret = exists ? await this.secrets.find(organization.id, code, this.clock.now()) : undefined
    if (secret?.row.purpose === 'reset' && organization.status === 'active') {
      const account = await this.secrets.account(organization.id, secret.row.member)
      if (account?.member.status === 'active' && account.epoch === secret.row.epoch) return { secret, account }
    }
    await this.attempts.spend('code', address, guessesAnHour)
    throw refusedCode()
  }

  private changed(
    scope: CallerScope,
    action: string,
    id: string,
    { member, password }: Account,
    phc: string,
    epochs: readonly NewEpoch[],
  ): OrganizationChange {
    const org = scope.tenant.organization.id
    const at = this.clock.now()
    const change = new OrganizationChange(
      this.store,
      org,
      callerEntry(scope, at, action, { kind: 'member', id }, ['password', ...epochs.map(({ of }) => of)]),
    )
      .check(tenantKeys.member(org, id), { revision: member.revision })
      .put(
        tenantKeys.password(org, id),
        passwordValue(phc, (password?.version ?? 0) + 1, at),
        password === undefined ? 'absent' : { revision: password.revision },
      )
      .tell('member.changed', 'updated')
    for (const { key, value } of epochs) change.put(key, value)
    return change
  }

  /** Another session in the new epoch, as old as the one that asks, which ends with all others. The password alone makes it no fresher: who has a second
   *  factor did not show it. */
  private async goOn(change: OrganizationChange, org: string, { id, session }: SessionMember, epoch: string): Promise<string> {
    const instead = session && (await this.sessions.find(org, session.id))
    if (session === undefined || instead === undefined) throw unauthenticated()
    const { methods, authenticatedAt } = session
    return this.sessions.begin(change, org, { member: id, methods, authenticatedAt, epoch, instead, continues: true })
  }

  /** They are dead by the member's epoch; their rows go with it. */
  private async voidOthers(change: OrganizationChange, org: string, member: string, spent: string): Promise<void> {
    for (const { hash, purpose } of await this.secrets.list(org, member))
      if (purpose !== 'revert-email' && hash !== spent)
        for (const key of secretKeys(org, member, hash)) if (change.room > 2) change.delete(key)
  }

  private tell(change: OrganizationChange, org: string, member: string, by: 'self' | 'reset'): void {
    for (const { key, value } of this.post.letters(org, { kind: 'password-changed', member, by }, this.clock.now()))
      change.put(key, value, 'absent')
  }
}

type NewEpoch = ReturnType<typeof newMemberEpoch> & { readonly of: 'sessions' | 'tokens' }

function ended(org: string, member: string, tokens: boolean): readonly [NewEpoch, ...NewEpoch[]] {
  const end = (of: 'sessions' | 'tokens'): NewEpoch => ({ ...newMemberEpoch(org, member, of), of })
  return tokens ? [end('sessions'), end('tokens')] : [end('sessions')]
}
