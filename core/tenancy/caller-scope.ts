import type { Accounts } from '../accounts/accounts.js'
import type { AccountDesk } from '../auth/account-desk.js'
import type { Credentials } from '../auth/authenticator.js'
import type { Permission } from '../auth/permission.js'
import type { TokenDesk } from '../auth/token-desk.js'
import type { Directory } from '../directory/directory.js'
import type { AuditTrail } from '../oversight/audit-trail.js'
import type { Privacy } from '../oversight/privacy.js'
import type { Signatures } from '../signing/signatures.js'
import type { Administration } from './administration.js'
import type { Caller } from './caller-log.js'
import type { Contents } from './contents.js'
import type { OrganizationRegister } from './instance-context.js'
import type { Repository } from './repository.js'
import type { Tenant } from './tenancy.js'

/** One caller in one organization, as the handles of a context see it. */
export interface CallerScope extends Caller {
  readonly tenant: Tenant
  /** Throws `forbidden` where the context's ceiling or the caller's rights do not reach. */
  require(permission: Permission, repository?: Repository): void
  permits(permission: Permission, repository?: Repository): boolean
}

/** Makes the handles that a context gives out. */
export interface CallerHandles {
  directory(scope: CallerScope): Directory
  administration(scope: CallerScope): Administration
  accounts(scope: CallerScope): Accounts
  tokens(scope: CallerScope): TokenDesk
  audit(scope: CallerScope): AuditTrail
  account(scope: CallerScope, credentials: Credentials): AccountDesk
  confirmWrite(scope: CallerScope, credentials: Credentials, code: string | undefined): Promise<void>
  privacy(scope: CallerScope): Privacy
  contents(scope: CallerScope): Contents
  signatures(scope: CallerScope, creates: boolean): Signatures
  organizations(operator: Caller): OrganizationRegister
}
export const CallerHandles = Symbol('CallerHandles')
