import type { Mount, ProtocolPlugin } from '#core'
import { advisoryRoutes } from './advisories.js'
import { artifactRoutes } from './artifacts.js'
import { auditRoutes } from './audit.js'
import { choreRoutes } from './chores.js'
import { cleanupRoutes } from './cleanup.js'
import { deletedRepositoryRoutes } from './deleted-repositories.js'
import { downloadRoutes } from './downloads.js'
import { emailRoutes } from './emails.js'
import { grantRoutes } from './grants.js'
import { groupRoutes } from './groups.js'
import { invitationRoutes } from './invitations.js'
import { leaverHoldRoutes } from './leaver-holds.js'
import { memberSignInRoutes } from './member-sign-in.js'
import { memberRoutes } from './members.js'
import { mfaRoutes } from './mfa.js'
import { openApiRoute } from './openapi.js'
import { instanceRoutes } from './organizations.js'
import { packageAddresses } from './package-address.js'
import { packageRoutes } from './packages.js'
import { passwordRoutes } from './password.js'
import { privacyRoutes } from './privacy.js'
import { reindexRoutes } from './reindex.js'
import { reportRoutes } from './reports.js'
import { repositoryRoutes } from './repositories.js'
import { scimTokenRoutes } from './scim-tokens.js'
import { searchRoutes } from './search.js'
import { sessionRoutes } from './session.js'
import { signingRoutes } from './signing.js'
import { tokenRoutes } from './tokens.js'
import { instanceUsageRoutes, usageRoutes } from './usage.js'

const version = '1.0.0'
const organization = {
  scope: 'organization',
  routes: [
    ...repositoryRoutes,
    ...memberRoutes,
    ...emailRoutes,
    ...passwordRoutes,
    ...invitationRoutes,
    ...groupRoutes,
    ...grantRoutes,
    ...tokenRoutes,
    ...sessionRoutes,
    ...mfaRoutes,
    ...scimTokenRoutes,
    ...leaverHoldRoutes,
    ...memberSignInRoutes,
    ...packageRoutes,
    ...artifactRoutes,
    ...searchRoutes,
    ...downloadRoutes,
    ...usageRoutes,
    ...cleanupRoutes,
    ...reindexRoutes,
    ...signingRoutes,
    ...deletedRepositoryRoutes,
    ...auditRoutes,
    ...reportRoutes,
    ...privacyRoutes,
  ],
  paths: packageAddresses,
} as const
const instance: Extract<Mount, { readonly scope: 'instance' }> = {
  scope: 'instance',
  routes: [
    ...instanceRoutes,
    ...instanceUsageRoutes,
    ...choreRoutes,
    ...advisoryRoutes,
    openApiRoute(version, () => [organization, instance]),
  ],
}

/** The management interface, a plugin like any other: `/{org}/-/api/v1/…` inside an organization, `/-/api/v1/…` for the instance. */
const api: ProtocolPlugin = { name: 'api', version, contract: 1, mounts: [organization, instance] }
export default api
