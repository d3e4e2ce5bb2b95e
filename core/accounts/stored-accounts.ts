import { inject, injectable } from 'tsyringe'
import type { Member } from '../directory/directory.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import type { Invitation } from './account-rows.js'
import type { Acceptance, Accounts, EmailState, HashCount, NewInvitation } from './accounts.js'
import { EmailChange } from './email-change.js'
import { HashLedger } from './hash-ledger.js'
import { Invitations } from './invitations.js'
import { PasswordReset } from './password-reset.js'

/** Opens the accounts of one organization for one caller. */
@injectable()
export class StoredAccounts {
  constructor(
    @inject(PasswordReset) readonly passwords: PasswordReset,
    @inject(EmailChange) readonly emails: EmailChange,
    @inject(Invitations) readonly invitations: Invitations,
    @inject(HashLedger) readonly ledger: HashLedger,
  ) {}

  for(scope: CallerScope): Accounts {
    return new CallerAccounts(this, scope)
  }
}

class CallerAccounts implements Accounts {
  constructor(
    private readonly parts: StoredAccounts,
    private readonly scope: CallerScope,
  ) {}

  forgotPassword(email: string): Promise<void> {
    return this.parts.passwords.request(this.scope, email)
  }
  resetPassword(code: string, password: string, options: { readonly keepTokens?: boolean } = {}): Promise<void> {
    return this.parts.passwords.reset(this.scope, code, password, options.keepTokens ?? false)
  }

  emailState(member: string): Promise<EmailState> {
    return this.parts.emails.state(this.scope, member)
  }
  verifyEmail(member: string): Promise<void> {
    return this.parts.emails.verify(this.scope, member)
  }
  changeEmail(email: string, password: string): Promise<void> {
    return this.parts.emails.request(this.scope, email, password)
  }
  confirmEmail(code: string): Promise<void> {
    return this.parts.emails.confirm(this.scope, code)
  }
  revertEmail(code: string): Promise<void> {
    return this.parts.emails.revert(this.scope, code)
  }

  invite(invitation: NewInvitation): Promise<Invitation> {
    return this.parts.invitations.invite(this.scope, invitation)
  }
  listInvitations(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Invitation> {
    return this.parts.invitations.list(this.scope, query)
  }
  revokeInvitation(id: string): Promise<void> {
    return this.parts.invitations.revoke(this.scope, id)
  }
  acceptInvitation(code: string, acceptance: Acceptance): Promise<Member> {
    return this.parts.invitations.accept(this.scope, code, acceptance)
  }

  countHashes(query: { readonly after?: string; readonly limit: number }): Promise<HashCount> {
    return this.parts.ledger.count(this.scope, query)
  }
}
