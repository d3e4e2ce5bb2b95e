import type { MountScope, Permission, ProtocolPlugin } from '#core'

/** One route of a plugin with an address that leads to it. */
export interface RouteAddress {
  readonly scope: MountScope
  readonly method: string
  readonly pattern: string
  readonly permission: Permission | 'none'
  /** Below the mount, placeholders filled in. */
  readonly path: string
}

/** Every route that the plugin declares, in the order it declares them. */
export function routeAddresses(plugin: ProtocolPlugin): readonly RouteAddress[] {
  return plugin.mounts.flatMap((mount) =>
    mount.routes.map(({ method, path, permission }) => ({
      scope: mount.scope,
      method,
      pattern: path,
      permission,
      path: path.replace(/\{[^}]+\+\}/g, 'tool/1.0.0').replace(/\{[^}]+\}/g, 'tool'),
    })),
  )
}

/** Where a mount begins in the address: `organization` and `repository` as the test wants them. */
export function mountPath(plugin: string, scope: MountScope, organization: string, repository: string): string {
  switch (scope) {
    case 'repository':
      return `/${organization}/${repository}`
    case 'organization':
      return `/${organization}/-/${plugin}`
    case 'instance':
      return `/-/${plugin}`
    case 'origin':
      return ''
  }
}

export function sendsBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}
