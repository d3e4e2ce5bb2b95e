import type { ProtocolPlugin } from '#core'
import { grantRoutes } from './grants.js'
import { groupRoutes } from './groups.js'
import { memberRoutes } from './members.js'
import { instanceRoutes } from './organizations.js'
import { repositoryRoutes } from './repositories.js'
import { tokenRoutes } from './tokens.js'

/** The management interface, a plugin like any other: `/{org}/-/api/v1/…` inside an organization, `/-/api/v1/…` for the instance. */
const api: ProtocolPlugin = {
  name: 'api',
  version: '1.0.0',
  contract: 1,
  mounts: [
    { scope: 'organization', routes: [...repositoryRoutes, ...memberRoutes, ...groupRoutes, ...grantRoutes, ...tokenRoutes] },
    { scope: 'instance', routes: instanceRoutes },
  ],
}
export default api
