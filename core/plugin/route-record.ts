import type { Permission } from '../auth/permission.js'

/** What a mount is a part of: one repository, one organization, the origin (all organizations' addresses), the instance. */
export type MountScope = 'repository' | 'organization' | 'origin' | 'instance'

/** A route as it is listed: `cloudrepo routes`, the matrix, OpenAPI. */
export interface RouteRecord {
  readonly plugin: string
  readonly mount: MountScope
  readonly method: string
  readonly path: string
  readonly permission: Permission | 'none'
}
