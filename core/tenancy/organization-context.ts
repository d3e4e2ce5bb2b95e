import type { Accounts } from '../accounts/accounts.js'
import type { Advisories } from '../advisories/advisory.js'
import type { AccountDesk } from '../auth/account-desk.js'
import type { Permission } from '../auth/permission.js'
import type { Principal } from '../auth/principal.js'
import type { TokenDesk } from '../auth/token-desk.js'
import type { Directory } from '../directory/directory.js'
import type { Lifecycle } from '../lifecycle/lifecycle.js'
import type { AuditTrail } from '../oversight/audit-trail.js'
import type { Privacy } from '../oversight/privacy.js'
import type { Logger } from '../runtime/logger.js'
import type { Signatures } from '../signing/signatures.js'
import type { ChangeSet } from '../storage/change-set.js'
import type { DocumentReader } from '../storage/document-reader.js'
import type { Administration } from './administration.js'
import type { Contents } from './contents.js'
import type { Organization } from './organization.js'
import type { OwnEntry } from './own-entry.js'

/** One organization, one caller, one ceiling. Closed when the reply has been sent; used afterwards it throws. */
export interface OrganizationContext {
  readonly organization: Organization
  readonly principal: Principal
  /** Public address of this mount, with a slash at its end, for protocols that need absolute links. */
  readonly mountUrl: URL
  /** This plugin's own documents in this organization, or in this repository; no other plugin's: head(pkg), find, get, list([pkg, …]). */
  readonly documents: DocumentReader
  /** Needs members.read or members.manage. */
  readonly directory: Directory
  /** The caller's own entry, whatever the caller may know of others. */
  readonly own: OwnEntry
  /** Needs tokens.issue. Issues only to the caller, and nothing above the caller. A token may always revoke itself (npm logout). */
  readonly tokens: TokenDesk
  /** For `api` alone: the caller's own sessions, password and second factor. */
  readonly ownAccount: AccountDesk
  /** What is known against packages, as the operator loaded it; empty by default. */
  readonly advisories: Advisories
  /** What the organization signs what it serves with. */
  readonly signatures: Signatures
  /** For `api` alone: repositories, grants, groups, formats, policies, tokens of others; each call needs its permission. */
  readonly administration: Administration
  /** For `api` alone: who did what. Needs audit.read. */
  readonly audit: AuditTrail
  /** For `api` alone: passwords that were forgotten, e-mail addresses, invitations. */
  readonly accounts: Accounts
  /** For `api` alone: what is held about persons, and its end. */
  readonly privacy: Privacy
  /** For `api` alone: promote, remove, undo. */
  readonly lifecycle: Lifecycle
  /** For `api` alone: what lies in the repositories, as far as the caller may read it. Needs repositories.read. */
  readonly contents: Contents
  /** The same context as that member (npm's login has its credentials in the body). Throws the house's own `unauthenticated`. */
  signIn(login: string, password: string, code?: string): Promise<this>
  /** Before a change that a thief of a token shall not make: the one-time code of whoever asks, where they or the organization want one. `code`: what the
   *  request carries. Throws `unauthenticated` with the code `otp-required` or `otp-invalid`, `throttled`, `forbidden`. */
  confirmWrite(code: string | undefined): Promise<void>
  readonly log: Logger
  change(): ChangeSet
  /** The same context with a higher ceiling if the caller may; else throws `forbidden`. */
  widen(permission: Permission): Promise<this>
}
