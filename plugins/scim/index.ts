import type { ProtocolPlugin } from '#core'
import { bulkRoute } from './bulk.js'
import { discoveryRoutes } from './discovery.js'
import { houseClock } from './house-clock.js'
import { meRoutes } from './me.js'
import { resourceRoutes, rootSearchRoute } from './resource-routes.js'
import { renderScimError } from './scim-error.js'

/** SCIM 2.0 (RFC 7643, RFC 7644): an identity provider keeps the members and groups of an organization, below `/{org}/-/scim/v2`. */
const scim: ProtocolPlugin = {
  name: 'scim',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'organization',
      routes: [
        ...discoveryRoutes,
        ...resourceRoutes('Users'),
        ...resourceRoutes('Groups'),
        rootSearchRoute,
        bulkRoute,
        ...meRoutes,
      ],
      renderError: renderScimError,
      paths: { trailingSlash: 'ignore', emptySegments: 'collapse' },
    },
  ],
  async start({ clock }) {
    houseClock.now = () => clock.now()
  },
}
export default scim
