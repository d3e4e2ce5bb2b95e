import { inject, injectable } from 'tsyringe'
import { AuditNotes } from '../audit/audit-notes.js'
import { CodeThrottle } from '../auth/mfa/code-throttle.js'
import { type CodeUse, wrongCode } from '../auth/mfa/second-factors.js'
import { MailPost } from '../mail/mail-post.js'
import type { Asked } from '../mail/mail-rows.js'
import { Clock } from '../runtime/clock.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { OrganizationChange } from '../tenancy/organization-change.js'
import { hadItsShare, MailedSecrets, verifiedAddress } from './mailed-secrets.js'

/** Codes by mail, in the place of a second factor: for a member who has none and comes from where nobody knows them while others guess. */
@injectable()
export class SignInCodes {
  constructor(
    @inject(MailedSecrets) private readonly secrets: MailedSecrets,
    @inject(MailPost) private readonly post: MailPost,
    @inject(CodeThrottle) private readonly throttle: CodeThrottle,
    @inject(AuditNotes) private readonly notes: AuditNotes,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Would one arrive? Not where no mail goes out, where no address is known to be the member's, and behind three in an hour. */
  async reach(org: string, member: string): Promise<boolean> {
    const account = this.post.goesOut ? await this.secrets.account(org, member) : undefined
    if (account === undefined || verifiedAddress(account) === undefined) return false
    return !hadItsShare(await this.secrets.list(org, member), 'sign-in', this.clock.now())
  }

  /** Into the commit that begins the session that waits for it. */
  ask(change: OrganizationChange, org: string, member: string, session: string, asked: Asked): void {
    for (const { key, value } of this.post.letters(org, { kind: 'sign-in', member, session }, this.clock.now(), asked))
      change.put(key, value, 'absent')
  }

  /** Into the commit of the step that it opens: one of this member, for this session (`by`), once. Throws `unauthenticated` for any other, `throttled`
   *  behind too many of those. */
  async take(change: OrganizationChange, org: string, member: string, code: string, { by, known }: CodeUse): Promise<void> {
    await this.throttle.check(org, member, known)
    const found = await this.secrets.find(org, code.trim().toLowerCase(), this.clock.now())
    const account = await this.secrets.account(org, member)
    const row = found?.row.purpose === 'sign-in' ? found.row : undefined
    if (found === undefined || row?.member !== member || row.session !== by || row.epoch !== account?.epoch) {
      await this.throttle.failed(org, member, known)
      const who = { kind: 'member', id: member }
      await this.notes.refused(org, { actor: who, action: 'mfa.refused', target: who })
      throw wrongCode()
    }
    await this.throttle.succeeded(org, member, known)
    change.delete(found.entry.key, { revision: found.entry.revision }, wrongCode())
    change.delete(tenantKeys.memberReset(org, member, found.hash))
  }
}
