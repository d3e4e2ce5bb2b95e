import { newMemberEpoch } from '../auth/member-epoch.js'
import type { SecondFactors } from '../auth/mfa/second-factors.js'
import { readException } from '../auth/session-rows.js'
import { noException, type SignInException, type SignInRulesPatch, withRules } from '../auth/sign-in-rules.js'
import { readMember } from '../directory/member-rows.js'
import { conflict, notFound } from '../errors/registry-error.js'
import type { MailPost } from '../mail/mail-post.js'
import type { Clock } from '../runtime/clock.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { MemberSignIn } from './administration.js'
import { callerEntry } from './caller-log.js'
import type { CallerScope } from './caller-scope.js'
import type { Organization } from './organization.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { organizationValue, readOrganization } from './organization-rows.js'

const memberId = /^m_[a-z0-9]{20}$/

/** What an organization asks of those who sign in, and how that bends for one of them. */
export class SignInAdministration {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly factors: SecondFactors,
    private readonly post: MailPost,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
  ) {
    this.org = scope.tenant.organization.id
  }

  async setRules(patch: SignInRulesPatch): Promise<Organization> {
    this.scope.require('organization.manage')
    return untilSettled(async () => {
      const entry = await this.store.get(tenantKeys.organization(this.org))
      if (entry === undefined) throw notFound('organization', this.scope.tenant.organization.name)
      const { signIn, ...rest } = readOrganization(entry)
      const after: Organization = { ...rest, ...withRules(signIn, patch, this.clock.now()) }
      await this.change('organization.update', 'organization', this.org, Object.keys(patch))
        .put(entry.key, organizationValue(after), { revision: entry.revision })
        .commit()
      return after
    })
  }

  async of(member: string): Promise<MemberSignIn> {
    if (!this.scope.permits('members.manage')) this.scope.require('members.read')
    await this.member(member)
    const entry = await this.store.get(tenantKeys.signInException(this.org, member))
    return { ...exceptionOf(entry), secondFactor: (await this.factors.find(this.org, member)) !== undefined }
  }

  async setBreakGlass(member: string, breakGlass: boolean): Promise<void> {
    this.scope.require('organization.manage')
    await untilSettled(async () => {
      const change = this.change('member.break-glass', 'member', member, ['breakGlass'])
      await this.except(change, member, { breakGlass })
      await change.commit()
    })
  }

  async resetSecondFactor(member: string): Promise<void> {
    this.scope.require('organization.manage')
    await untilSettled(async () => {
      const change = this.change('mfa.reset', 'member', member)
      await this.except(change, member, { graceSince: this.clock.now() })
      if (!(await this.factors.remove(change, this.org, member)))
        throw conflict('This member has no second factor', { detail: { code: 'MFA_NOT_ENROLLED' } })
      const { key, value } = newMemberEpoch(this.org, member, 'sessions')
      for (const letter of this.post.letters(this.org, { kind: 'second-factor', member, what: 'reset' }, this.clock.now()))
        change.put(letter.key, letter.value, 'absent')
      await change.put(key, value).commit()
    })
  }

  private async except(change: OrganizationChange, member: string, bent: Partial<SignInException>): Promise<void> {
    const { key: memberKey, revision } = await this.member(member)
    const key = tenantKeys.signInException(this.org, member)
    const entry = await this.store.get(key)
    const { breakGlass, graceSince } = { ...exceptionOf(entry), ...bent }
    const value = { v: 1, breakGlass, ...(graceSince === undefined ? {} : { graceSince: graceSince.getTime() }) }
    change.check(memberKey, { revision }).put(key, value, seen(entry))
  }

  private async member(id: string): Promise<Entry> {
    const entry = memberId.test(id) ? await this.store.get(tenantKeys.member(this.org, id)) : undefined
    if (entry === undefined || readMember(entry).kind !== 'member') throw notFound('member', id.slice(0, 80))
    return entry
  }

  private change(action: string, kind: string, id: string, changes: readonly string[] = []): OrganizationChange {
    return new OrganizationChange(this.store, this.org, callerEntry(this.scope, this.clock.now(), action, { kind, id }, changes))
  }
}

function exceptionOf(entry: Entry | undefined): SignInException {
  return entry === undefined ? noException : readException(entry)
}
