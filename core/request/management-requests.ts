import { isWrite } from '../auth/permission.js'
import { anonymous } from '../auth/principal.js'
import { forbidden, hidden, notFound, unauthenticated } from '../errors/registry-error.js'
import { encodeSegment } from '../plugin/path-segment.js'
import type { InstalledPlugin } from '../plugin/plugin-registry.js'
import type { MountScope } from '../plugin/route-record.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { Reply } from './reply.js'
import type { DispatchParts } from './repository-requests.js'
import { RoutedRequest } from './routed-request.js'
import { type Located, locate, type RouteFound, routeOrReply, runRoute } from './routing.js'
import { holdSession } from './session-guard.js'
import type { Visit } from './visit.js'

/** Below `/{org}/-/{plugin}`: the same for every organization, existing or not, until a credential of that organization is shown. */
export async function serveOrganization(
  parts: DispatchParts,
  visit: Visit,
  tenant: Tenant,
  pluginName: string,
  rest: string,
): Promise<Reply> {
  visit.scope = 'organization'
  const mountUrl = new URL(`${visit.house.publicUrl.href}${encodeSegment(visit.realm)}/-/${encodeSegment(pluginName)}/`)
  const place = mounted(parts, visit, pluginName, 'organization', rest, mountUrl)
  const open = place && unguarded(place.located)
  if (place && open) {
    visit.principal = anonymous
    const opened = parts.contexts.organization({
      ...visit.facts,
      tenant,
      plugin: place.installed.plugin,
      principal: anonymous,
      ceiling: 'none',
      mountUrl,
    })
    return await runRoute(visit, open.route, opened, parts.log)
  }
  const principal = await parts.authenticator.authenticate(tenant, visit.credentials, 'organization', pluginName)
  visit.principal = principal
  if (principal.kind === 'anonymous') throw unauthenticated()
  // Whoever else is known here is known by this organization; the operator is known everywhere, and must not write where nobody is.
  if (!tenant.exists) throw notFound('organization', visit.realm)
  if (place === undefined) throw hidden()
  if (pluginName !== 'api' && tenant.organization.disabledFormats.includes(pluginName)) {
    throw forbidden(`${pluginName} is switched off in this organization`, {
      detail: { code: 'format-disabled', format: pluginName },
    })
  }
  const found = routeOrReply(place.located, visit.house.method)
  if ('reply' in found) return found.reply
  const { route } = found.route
  const { permission } = route
  if ('session' in principal && principal.session) holdSession(visit.house, principal.session, route.session, parts.clock.now())
  if (permission !== 'none' && !parts.policy.permits(tenant, principal, permission)) {
    throw forbidden(`This needs the permission ${permission}`, { detail: { permission } })
  }
  const writes = permission !== 'none' && isWrite(permission) && visit.house.method !== 'GET' && visit.house.method !== 'HEAD'
  if (writes && route.session?.pending !== true) await parts.readOnly.hold(tenant.organization)
  if (route.rate) {
    const { rate } = route
    parts.rates.spend(rate, tenant.organization.id, principal, visit.house.address)
    if (visit.request instanceof RoutedRequest)
      visit.request.charged = (count) => parts.rates.charge(rate, tenant.organization.id, principal, visit.house.address, count)
  }
  const { plugin } = place.installed
  const opened = parts.contexts.organization({ ...visit.facts, tenant, plugin, principal, ceiling: permission, mountUrl })
  return await runRoute(visit, route, opened, parts.log)
}

/** Below `/-/{plugin}`, for the operator: undefined where that plugin has no instance mount. */
export async function serveInstance(
  parts: DispatchParts,
  visit: Visit,
  pluginName: string,
  rest: string,
): Promise<Reply | undefined> {
  const mountUrl = new URL(`${visit.house.publicUrl.href}-/${encodeSegment(pluginName)}/`)
  const place = mounted(parts, visit, pluginName, 'instance', rest, mountUrl)
  if (place === undefined) return undefined
  visit.scope = 'instance'
  const { plugin } = place.installed
  const open = unguarded(place.located)
  if (open) {
    visit.principal = anonymous
    const opened = parts.contexts.instance({ ...visit.facts, plugin, principal: anonymous, ceiling: 'none', mountUrl })
    return await runRoute(visit, open.route, opened, parts.log)
  }
  const principal = await parts.authenticator.authenticateOperator(visit.credentials)
  visit.principal = principal
  if (principal.kind !== 'operator') throw unauthenticated()
  const found = routeOrReply(place.located, visit.house.method)
  if ('reply' in found) return found.reply
  const { route } = found.route
  const opened = parts.contexts.instance({ ...visit.facts, plugin, principal, ceiling: route.permission, mountUrl })
  return await runRoute(visit, route, opened, parts.log)
}

/** The few addresses at the root of the host, matched on the whole path. Nobody is known there. */
export async function serveOrigin(parts: DispatchParts, visit: Visit): Promise<Reply> {
  const mountUrl = visit.house.publicUrl
  for (const { plugin, table } of parts.plugins.list()) {
    if (table.mount('origin') === undefined) continue
    const place = mounted(parts, visit, plugin.name, 'origin', visit.target.path, mountUrl)
    if (place?.located.match === undefined || place.located.match.kind === 'none') continue
    visit.scope = 'origin'
    const found = routeOrReply(place.located, visit.house.method)
    if ('reply' in found) return found.reply
    visit.principal = anonymous
    const opened = parts.contexts.origin({ ...visit.facts, plugin, mountUrl })
    return await runRoute(visit, found.route.route, opened, parts.log)
  }
  visit.mount = undefined
  throw hidden()
}

function mounted(
  parts: DispatchParts,
  visit: Visit,
  pluginName: string,
  scope: MountScope,
  rest: string,
  mountUrl: URL,
): { readonly installed: InstalledPlugin; readonly located: Located } | undefined {
  const installed = parts.plugins.find(pluginName)
  const mount = installed?.table.mount(scope)
  if (installed === undefined || mount === undefined) return undefined
  visit.mount = mount
  return { installed, located: locate(installed, scope, rest, mountUrl, visit) }
}

function unguarded(located: Located): RouteFound | undefined {
  const { match } = located
  return match?.kind === 'route' && match.route.permission === 'none' ? match : undefined
}
