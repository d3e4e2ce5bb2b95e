import type { Permission } from '../auth/permission.js'
import type { MountScope } from './protocol-plugin.js'

/** A route as it is listed: `cloudrepo routes`, the matrix, OpenAPI. */
export interface RouteRecord {
  readonly plugin: string
  readonly mount: MountScope
  readonly method: string
  readonly path: string
  readonly permission: Permission | 'none'
}
