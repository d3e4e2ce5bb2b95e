import type { Role } from '../auth/permission.js'
import type { Member } from '../directory/directory.js'
import type { Invitation } from './account-rows.js'

export interface NewInvitation {
  readonly email: string
  /** Login name; chosen by whoever accepts where it is absent. */
  readonly name?: string
  /** None: what grants give. */
  readonly role?: Role
}
export interface Acceptance {
  /** Refused where the invitation says another one. */
  readonly name?: string
  readonly displayName?: string
  readonly password: string
}
/** An address and since when, and by whom, it is known to be the member's. */
export interface EmailState {
  readonly email: string | undefined
  readonly verifiedAt: Date | undefined
  readonly by: 'member' | 'invitation' | 'administrator' | undefined
}
/** How many accounts have a password that was hashed so; `current`: as new ones are, or stronger. */
export interface HashShare {
  readonly parameters: string
  readonly current: boolean
  readonly accounts: number
}
export interface HashCount {
  readonly hashes: readonly HashShare[]
  readonly withoutPassword: number
  /** Name of the last member looked at, where there are more. */
  readonly next: string | undefined
}

/** Passwords, e-mail addresses and invitations of one organization. What anybody may ask for tells nobody who is a member: answers and work are the same.
 *  Codes are single use, and refused with `invalid` and the code RESET_INVALID whatever is wrong with them. Everything that needs mail throws
 *  `unavailable` where none goes out. */
export interface Accounts {
  /** Anybody: a code goes to the member's verified address, if there is one. Throws `throttled` after 10 an hour from one address. */
  forgotPassword(email: string): Promise<void>
  /** Anybody with the code. Ends all sessions, and the member's tokens unless told otherwise; signs nobody in. Throws `unprocessable` for a password that is
   *  not taken, and the code stays good; `throttled` after 20 wrong codes an hour from one address. */
  resetPassword(code: string, password: string, options?: { readonly keepTokens?: boolean }): Promise<void>

  /** Needs members.read. */
  emailState(member: string): Promise<EmailState>
  /** Needs members.manage; or the member itself, by a session. A code goes to the address that the member has. */
  verifyEmail(member: string): Promise<void>
  /** The member, by a session, with the password of now: a code goes to the new address, and nothing changes until it comes back. */
  changeEmail(email: string, password: string): Promise<void>
  /** Anybody with the code of either. The address that was given up is told, with a code that brings it back for 72 hours. */
  confirmEmail(code: string): Promise<void>
  /** Anybody with that code: the address comes back, and all sessions end. */
  revertEmail(code: string): Promise<void>

  /** Needs members.manage, as the next two; owners are invited by owners. Throws `conflict` for an address that belongs to a member or is invited already. */
  invite(invitation: NewInvitation): Promise<Invitation>
  /** Those that stand, by address. */
  listInvitations(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Invitation>
  /** Throws `not-found`. */
  revokeInvitation(id: string): Promise<void>
  /** Anybody with the code. Throws as `resetPassword`, and `conflict` for a name that is taken; the code then stays good. */
  acceptInvitation(code: string, acceptance: Acceptance): Promise<Member>

  /** Needs members.manage. At most so many members, by name, from behind `after`. */
  countHashes(query: { readonly after?: string; readonly limit: number }): Promise<HashCount>
}
