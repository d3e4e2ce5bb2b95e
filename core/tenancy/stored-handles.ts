import { inject, injectable } from 'tsyringe'
import type { Accounts } from '../accounts/accounts.js'
import { StoredAccounts } from '../accounts/stored-accounts.js'
import type { AccountDesk } from '../auth/account-desk.js'
import type { Credentials } from '../auth/authenticator.js'
import { MemberAccount } from '../auth/member-account.js'
import { MemberTokenDesk } from '../auth/member-token-desk.js'
import type { TokenDesk } from '../auth/token-desk.js'
import { WriteCodes } from '../auth/write-codes.js'
import type { Directory } from '../directory/directory.js'
import { TenantDirectory } from '../directory/tenant-directory.js'
import type { AuditTrail } from '../oversight/audit-trail.js'
import type { Privacy } from '../oversight/privacy.js'
import { StoredAuditTrails } from '../oversight/stored-audit-trail.js'
import { StoredPrivacy } from '../oversight/stored-privacy.js'
import { CallerSignatures } from '../signing/caller-signatures.js'
import type { Signatures } from '../signing/signatures.js'
import type { Administration } from './administration.js'
import type { Caller } from './caller-log.js'
import type { CallerHandles, CallerScope } from './caller-scope.js'
import type { Contents } from './contents.js'
import type { OrganizationRegister } from './instance-context.js'
import { StoredAdministration } from './stored-administration.js'
import { StoredContents } from './stored-contents.js'
import { StoredOrganizationRegister } from './stored-organization-register.js'

/** The handles that contexts give out, all of them over rows. */
@injectable()
export class StoredHandles implements CallerHandles {
  constructor(
    @inject(TenantDirectory) private readonly directories: TenantDirectory,
    @inject(StoredAdministration) private readonly administrations: StoredAdministration,
    @inject(MemberTokenDesk) private readonly desks: MemberTokenDesk,
    @inject(MemberAccount) private readonly desksOf: MemberAccount,
    @inject(WriteCodes) private readonly codes: WriteCodes,
    @inject(StoredOrganizationRegister) private readonly register: StoredOrganizationRegister,
    @inject(StoredContents) private readonly stored: StoredContents,
    @inject(CallerSignatures) private readonly signing: CallerSignatures,
    @inject(StoredAuditTrails) private readonly trails: StoredAuditTrails,
    @inject(StoredAccounts) private readonly accountsOf: StoredAccounts,
    @inject(StoredPrivacy) private readonly persons: StoredPrivacy,
  ) {}

  directory(scope: CallerScope): Directory {
    return this.directories.for(scope)
  }
  administration(scope: CallerScope): Administration {
    return this.administrations.for(scope)
  }
  accounts(scope: CallerScope): Accounts {
    return this.accountsOf.for(scope)
  }
  tokens(scope: CallerScope): TokenDesk {
    return this.desks.for(scope)
  }
  audit(scope: CallerScope): AuditTrail {
    return this.trails.for(scope)
  }
  account(scope: CallerScope, credentials: Credentials): AccountDesk {
    return this.desksOf.for(scope, credentials)
  }
  confirmWrite(scope: CallerScope, credentials: Credentials, code: string | undefined): Promise<void> {
    return this.codes.confirm(scope, credentials, code)
  }
  privacy(scope: CallerScope): Privacy {
    return this.persons.for(scope)
  }
  contents(scope: CallerScope): Contents {
    return this.stored.for(scope)
  }
  signatures(scope: CallerScope, creates: boolean): Signatures {
    return this.signing.for(scope, creates)
  }
  organizations(operator: Caller): OrganizationRegister {
    return this.register.for(operator)
  }
}
