import type { AccessPolicy } from '../auth/access-policy.js'
import type { Authenticator } from '../auth/authenticator.js'
import type { Permission } from '../auth/permission.js'
import { anonymous, type Principal } from '../auth/principal.js'
import {
  asRegistryError,
  forbidden,
  hidden,
  methodNotAllowed,
  RegistryError,
  unauthenticated,
  unavailable,
} from '../errors/registry-error.js'
import type { InstalledPlugin, PluginRegistry } from '../plugin/plugin-registry.js'
import { type AnyRoute, allowedMethods } from '../plugin/route-table.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { ContextFactory } from '../tenancy/context-factory.js'
import type { ReadOnly } from '../tenancy/read-only.js'
import type { Repository } from '../tenancy/repository.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { DownloadCounter } from '../usage/download-counter.js'
import { canonicalRedirect } from './canonical-redirect.js'
import { json, type Reply } from './reply.js'
import type { RequestRates } from './request-rates.js'
import { locate, type RouteFound, routeOrReply, runRoute } from './routing.js'
import { watchSignIn } from './sign-in-gate.js'
import type { Visit } from './visit.js'

export interface DispatchParts {
  readonly authenticator: Authenticator
  readonly policy: AccessPolicy
  readonly contexts: ContextFactory
  readonly plugins: PluginRegistry
  readonly readOnly: ReadOnly
  readonly log: Logger
  readonly downloads: DownloadCounter
  readonly rates: RequestRates
  readonly clock: Clock
}

export interface RepositoryPlace {
  readonly tenant: Tenant
  readonly repository: Repository | undefined
  /** Undecoded, below the mount. */
  readonly rest: string
  readonly mountUrl: URL
}

/** In words that clients of any format bear. */
const absent = { error: 'Not found' }
const smallRequest = 64 * 1024
const writing = new Set<string>(['artifacts.write', 'artifacts.delete'])

/** Requests below a repository's address, existing or not. Nothing about it is said before the caller may read it: neither a path that its format
 *  refuses, nor a missing route, nor its format. */
export async function serveRepository(parts: DispatchParts, visit: Visit, place: RepositoryPlace): Promise<Reply> {
  const { tenant, rest, mountUrl } = place
  visit.scope = 'repository'
  if (visit.house.method === 'POST' && parts.plugins.isAbsent('POST', rest))
    return json(404, absent, { 'cache-control': 'no-store' })
  const repository = tenant.organization.status === 'suspended' ? undefined : place.repository
  const installed = repository === undefined ? undefined : parts.plugins.find(repository.format)
  const mount = installed?.table.mount('repository')
  const located = installed === undefined ? undefined : locate(installed, 'repository', rest, mountUrl, visit)
  const enabled = repository !== undefined && !tenant.organization.disabledFormats.includes(repository.format)

  if (repository && installed && enabled && located?.match?.kind === 'route' && located.match.route.permission === 'none') {
    return await serveSignIn(parts, visit, { ...place, repository }, installed, located.match)
  }

  const principal = await parts.authenticator.authenticate(tenant, visit.credentials, 'repository')
  visit.principal = principal
  if (repository === undefined || !parts.policy.sees(tenant, principal, repository)) {
    if (principal.kind === 'anonymous') throw unauthenticated()
    visit.mount = mount
    throw hidden()
  }
  visit.mount = mount
  if (!enabled) {
    throw forbidden(`The format ${repository.format} is switched off in this organization`, {
      detail: { code: 'format-disabled', format: repository.format },
    })
  }
  if (installed === undefined || located === undefined || mount === undefined) {
    throw unavailable(`The format ${repository.format} is not installed`, 300, {
      detail: { code: 'format-missing', reason: 'The format of this repository is not installed' },
    })
  }
  const announce = (path: string) => mount.announce?.(path, repository) ?? {}
  const allowed = allowedBy(repository)
  const found = routeOrReply(located, visit.house.method, { accept: takenBy(repository), allow: allowed, announce })
  if ('reply' in found) return found.reply
  const { route, path } = found
  if (path.redirect) return canonicalRedirect(path, mountUrl, visit.request.query)
  const { permission } = route.route
  const grantPath = route.rest ?? path.segments.join('/')
  const enough = permission === 'none' ? [] : [permission, ...lesserOf(route.route, visit, principal)]
  const held = enough.find((one) => parts.policy.permits(tenant, principal, one, { repository, path: grantPath }))
  if (permission !== 'none' && held === undefined) {
    if (principal.kind === 'anonymous') throw unauthenticated()
    throw forbidden(`This needs the permission ${permission}`, { detail: { permission } })
  }
  if (!allowed(route.route)) throw methodNotAllowed(allowedMethods(route.shelf, allowed))
  if (permission !== 'none' && writing.has(permission)) await parts.readOnly.hold(tenant.organization)
  if (route.route.rate) parts.rates.spend(route.route.rate, tenant.organization.id, principal, visit.house.address)
  const opened = parts.contexts.repository({
    // Each of them by name: a tenth of the kernel's time for a small file goes into properties that stand behind a spread.
    requestId: visit.house.id,
    source: visit.source,
    credentials: visit.credentials,
    contentLength: visit.house.contentLength,
    tenant,
    repository,
    plugin: installed.plugin,
    principal,
    ceiling: held ?? 'none',
    mountUrl,
    path: grantPath,
  })
  const reply = await runRoute(visit, route.route, opened, parts.log)
  const { download } = reply
  if (download === undefined) return reply
  const downloaded = () => parts.downloads.note(tenant.organization.id, repository.id, download.package, download.version)
  return { ...reply, downloaded }
}

/** What is enough for a small request of somebody. */
function lesserOf({ lesser }: AnyRoute, { house }: Visit, { kind }: Principal): readonly Permission[] {
  const { contentLength } = house
  const small = contentLength !== undefined && contentLength <= smallRequest
  return lesser !== undefined && small && kind !== 'anonymous' ? [lesser] : []
}

/** Proxies and groups take no writes, whoever asks. */
function takenBy(repository: Repository): (route: AnyRoute) => boolean {
  return (route) => repository.kind === 'hosted' || !writing.has(route.permission)
}
/** And a repository may be without some of its format's routes, which is said to those who could use them. */
function allowedBy(repository: Repository): (route: AnyRoute) => boolean {
  const taken = takenBy(repository)
  return (route) => taken(route) && (route.offered?.(repository) ?? true)
}

/** Of a failure before anybody has signed in, only this may be heard: the throttle and the load are the organization's and the house's own. A
 *  missing second factor is said to somebody whose password was right. */
function audible(failure: RegistryError): boolean {
  return failure.kind === 'throttled' || failure.kind === 'unavailable'
}
function wantsSecondFactor({ kind, detail }: RegistryError): boolean {
  return kind === 'unauthenticated' && ['otp-required', 'otp-invalid', 'token-required'].includes(String(detail['code']))
}

/** Permission 'none': the credentials are in the body, those in the headers are not looked at. Where strangers may not read the repository, they hear the
 *  house's own 401 whatever the handler makes of their request. */
async function serveSignIn(
  parts: DispatchParts,
  visit: Visit,
  place: RepositoryPlace & { readonly repository: Repository },
  installed: InstalledPlugin,
  match: RouteFound,
): Promise<Reply> {
  const { tenant, repository, mountUrl } = place
  const mount = installed.table.mount('repository')
  const open = parts.policy.sees(tenant, anonymous, repository)
  if (open) visit.mount = mount
  visit.principal = anonymous
  const opened = parts.contexts.repository({
    ...visit.facts,
    tenant,
    repository,
    plugin: installed.plugin,
    principal: anonymous,
    ceiling: 'none',
    mountUrl,
  })
  if (open) return await runRoute(visit, match.route, opened, parts.log)
  const gate = watchSignIn(opened.context)
  try {
    const reply = await runRoute(visit, match.route, opened, parts.log, gate.context)
    if (gate.passed()) return reply
  } catch (thrown) {
    const failure = asRegistryError(thrown)
    if (gate.passed() || wantsSecondFactor(failure)) {
      visit.mount = mount
      throw failure
    }
    if (audible(failure))
      throw new RegistryError(
        failure.kind,
        failure.message,
        failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter },
      )
    if (failure.kind === 'internal') parts.log.error('request.failed', { requestId: visit.house.id, cause: failure.cause })
  }
  throw unauthenticated()
}
