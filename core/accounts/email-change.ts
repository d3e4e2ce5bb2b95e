import { inject, injectable } from 'tsyringe'
import { newMemberEpoch } from '../auth/member-epoch.js'
import type { Member } from '../directory/directory.js'
import { MemberDirectory } from '../directory/member-directory.js'
import { checkedEmail, loginKey } from '../directory/member-rows.js'
import { TenantDirectory } from '../directory/tenant-directory.js'
import { invalid, notFound, RegistryError } from '../errors/registry-error.js'
import { MailPost } from '../mail/mail-post.js'
import { Clock } from '../runtime/clock.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { ReadOnly } from '../tenancy/read-only.js'
import { memberPrincipal, refusedCode, sessionMember, withEveryRight } from './account-scope.js'
import type { EmailState } from './accounts.js'
import { HourlyAttempts } from './hourly-attempts.js'
import { type FoundSecret, MailedSecrets, verifiedAddress } from './mailed-secrets.js'
import { guessesAnHour, PasswordReset } from './password-reset.js'

/** E-mail addresses: proved by a code that was mailed there, changed at the new one, brought back from the old one. */
@injectable()
export class EmailChange {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(MailedSecrets) private readonly secrets: MailedSecrets,
    @inject(HourlyAttempts) private readonly attempts: HourlyAttempts,
    @inject(PasswordReset) private readonly passwords: PasswordReset,
    @inject(TenantDirectory) private readonly directories: TenantDirectory,
    @inject(MailPost) private readonly post: MailPost,
    @inject(ReadOnly) private readonly readOnly: ReadOnly,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async state(scope: CallerScope, id: string): Promise<EmailState> {
    if (!isOwn(scope, id) && !scope.permits('members.manage')) scope.require('members.read')
    const account = await this.secrets.account(scope.tenant.organization.id, id)
    if (account === undefined) throw notFound('member', id)
    const { verified } = account
    const stands = verifiedAddress(account) !== undefined && verified !== undefined
    return {
      email: account.member.email,
      verifiedAt: stands ? new Date(verified.verifiedAt) : undefined,
      by: stands ? verified.by : undefined,
    }
  }

  async verify(scope: CallerScope, id: string): Promise<void> {
    if (!isOwn(scope, id)) scope.require('members.manage')
    this.post.hold()
    const org = scope.tenant.organization.id
    const account = await this.secrets.account(org, id)
    if (account === undefined) throw notFound('member', id)
    if (account.member.email === undefined) throw invalid('There is no e-mail address that could be verified')
    const at = this.clock.now()
    const change = new OrganizationChange(this.store, org, callerEntry(scope, at, 'email.verify', { kind: 'member', id }))
    for (const { key, value } of this.post.letters(org, { kind: 'verify-email', member: id }, at))
      change.put(key, value, 'absent')
    await untilSettled(() => change.commit())
  }

  /** Whether the address belongs to somebody is not told here: whoever reads its mail knows. */
  async request(scope: CallerScope, wanted: string, password: string): Promise<void> {
    const member = sessionMember(scope)
    const { id } = member
    const { organization } = scope.tenant
    this.post.hold()
    await this.readOnly.hold(organization)
    const email = checkedEmail(wanted)
    // Before the password is tried: where it is set anew meanwhile, the code is of the epoch before, and dead.
    const account = await this.secrets.account(organization.id, id)
    await this.passwords.prove(scope, member, password)
    if (account === undefined) throw notFound('member', id)
    const at = this.clock.now()
    const change = new OrganizationChange(
      this.store,
      organization.id,
      callerEntry(scope, at, 'email.change-requested', { kind: 'member', id }, ['email']),
    )
    const subject = { kind: 'change-email', member: id, email, epoch: account.epoch } as const
    for (const { key, value } of this.post.letters(organization.id, subject, at)) change.put(key, value, 'absent')
    await untilSettled(() => change.commit())
  }

  async confirm(scope: CallerScope, code: string): Promise<void> {
    await this.spend(scope, code, ['verify-email', 'change-email'], async (secret, member, members) => {
      const { row } = secret
      if (row.purpose !== 'verify-email' && row.purpose !== 'change-email') throw refusedCode()
      const org = scope.tenant.organization.id
      const account = await this.secrets.account(org, member.id)
      if (account?.epoch !== row.epoch) throw refusedCode()
      // The code proves the address that it was sent to, and no other one.
      if (row.purpose === 'verify-email' && (member.email === undefined || loginKey(member.email) !== loginKey(row.email)))
        throw refusedCode()
      const old = row.purpose === 'change-email' ? verifiedAddress(account) : undefined
      const at = this.clock.now()
      const write = (change: OrganizationChange) => {
        this.spent(change, org, member.id, secret)
        if (old === undefined || loginKey(old) === loginKey(row.email)) return
        const subject = { kind: 'email-changed', member: member.id, email: old } as const
        for (const { key, value } of this.post.letters(org, subject, at)) change.put(key, value, 'absent')
      }
      const patch = { email: row.email, emailVerified: true }
      await members.update(member.id, patch, member.revision, { write, verifiedBy: 'member' })
    })
  }

  async revert(scope: CallerScope, code: string): Promise<void> {
    await this.spend(scope, code, ['revert-email'], async (secret, member, members) => {
      const { row } = secret
      if (row.purpose !== 'revert-email') throw refusedCode()
      const org = scope.tenant.organization.id
      const write = (change: OrganizationChange) => {
        this.spent(change, org, member.id, secret)
        const { key, value } = newMemberEpoch(org, member.id, 'sessions')
        change.put(key, value)
      }
      const patch = { email: row.email, emailVerified: true }
      await members.update(member.id, patch, member.revision, { write, verifiedBy: 'member' })
    })
  }

  /** A wrong code is counted and refused; what a right one leads to is done as its member. */
  private async spend(
    scope: CallerScope,
    code: string,
    purposes: readonly string[],
    work: (secret: FoundSecret, member: Member, members: MemberDirectory) => Promise<void>,
  ): Promise<void> {
    const { exists, organization } = scope.tenant
    const address = scope.source?.ip ?? ''
    await this.readOnly.holdInstance()
    await this.attempts.hold('code', address, guessesAnHour)
    await again(async () => {
      const secret = exists ? await this.secrets.find(organization.id, code, this.clock.now()) : undefined
      const { row } = secret ?? {}
      const account =
        row !== undefined && 'member' in row && purposes.includes(row.purpose) && organization.status === 'active'
          ? await this.secrets.account(organization.id, row.member)
          : undefined
      if (secret === undefined || account?.member.status !== 'active') {
        await this.attempts.spend('code', address, guessesAnHour)
        throw refusedCode()
      }
      await this.readOnly.hold(organization)
      const { member } = account
      const as = withEveryRight(scope, memberPrincipal(member.id, member.name))
      await work(secret, member, new MemberDirectory(this.directories.parts(as)))
    })
  }

  private spent(change: OrganizationChange, org: string, member: string, { entry, hash }: FoundSecret): void {
    change.delete(entry.key, { revision: entry.revision }, refusedCode())
    change.delete(tenantKeys.memberReset(org, member, hash))
  }
}

/** The member may change between the look at it and the commit: looked at anew, a few times. */
async function again(attempt: () => Promise<void>, left = 4): Promise<void> {
  try {
    await attempt()
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale' || left === 0) throw thrown
    await again(attempt, left - 1)
  }
}

/** Also a session of somebody who may see to nobody else. */
function isOwn({ principal }: CallerScope, id: string): boolean {
  return principal.kind === 'member' && principal.by === 'session' && principal.id === id
}
