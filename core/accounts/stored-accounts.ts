import { inject, injectable } from 'tsyringe'
import type { Member } from '../directory/directory.js'
import type { Invitation } from './account-rows.js'
import type { AccountCaller } from './account-scope.js'
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

  for(caller: AccountCaller): Accounts {
    return new CallerAccounts(this, caller)
  }
}

class CallerAccounts implements Accounts {
  constructor(
    private readonly parts: StoredAccounts,
    private readonly caller: AccountCaller,
  ) {}

  forgotPassword(email: string): Promise<void> {
    return this.parts.passwords.request(this.caller.scope, email)
  }
  resetPassword(code: string, password: string, options: { readonly keepTokens?: boolean } = {}): Promise<void> {
    return this.parts.passwords.reset(this.caller.scope, code, password, options.keepTokens ?? false)
  }
  changePassword(before: string, after: string, options: { readonly revokeTokens?: boolean } = {}): Promise<void> {
    return this.parts.passwords.change(this.caller, before, after, options.revokeTokens ?? false)
  }

  emailState(member: string): Promise<EmailState> {
    return this.parts.emails.state(this.caller.scope, member)
  }
  verifyEmail(member: string): Promise<void> {
    return this.parts.emails.verify(this.caller.scope, member)
  }
  changeEmail(email: string, password: string): Promise<void> {
    return this.parts.emails.request(this.caller, email, password)
  }
  confirmEmail(code: string): Promise<void> {
    return this.parts.emails.confirm(this.caller.scope, code)
  }
  revertEmail(code: string): Promise<void> {
    return this.parts.emails.revert(this.caller.scope, code)
  }

  invite(invitation: NewInvitation): Promise<Invitation> {
    return this.parts.invitations.invite(this.caller.scope, invitation)
  }
  listInvitations(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Invitation> {
    return this.parts.invitations.list(this.caller.scope, query)
  }
  revokeInvitation(id: string): Promise<void> {
    return this.parts.invitations.revoke(this.caller.scope, id)
  }
  acceptInvitation(code: string, acceptance: Acceptance): Promise<Member> {
    return this.parts.invitations.accept(this.caller.scope, code, acceptance)
  }

  countHashes(query: { readonly after?: string; readonly limit: number }): Promise<HashCount> {
    return this.parts.ledger.count(this.caller.scope, query)
  }
}
