import { methodNotAllowed, notFound, RegistryError } from '../errors/registry-error.js'
import { type ParsedPath, parsePath, rewritePath } from '../plugin/path-grammar.js'
import type { InstalledPlugin } from '../plugin/plugin-registry.js'
import type { MountScope } from '../plugin/route-record.js'
import { type AnyRoute, allowedMethods, type RouteMatch } from '../plugin/route-table.js'
import type { Logger } from '../runtime/logger.js'
import type { OpenContext } from '../tenancy/context-factory.js'
import { empty, type Headers, type Reply } from './reply.js'
import { RoutedRequest } from './routed-request.js'
import type { Visit } from './visit.js'

/** Below a mount: the path and what the table says of it, or why there is no such path. The failure waits until the caller may hear it. */
export type Located =
  | { readonly path: ParsedPath; readonly match: RouteMatch }
  | { readonly failure: RegistryError; readonly match?: undefined }

export type RouteFound = Extract<RouteMatch, { readonly kind: 'route' }>

export function locate(installed: InstalledPlugin, scope: MountScope, rest: string, mountUrl: URL, visit: Visit): Located {
  const rules = installed.table.mount(scope)?.paths ?? {}
  const { method } = visit.house
  try {
    const raw = rewritePath(rest, rules, mountUrl.pathname.replace(/\/$/, ''))
    const path = parsePath(raw, rules, method)
    const match = installed.table.match(scope, method, path.segments, path.trailingSlash)
    const bare = path.canonical === '/' && !visit.target.path.endsWith('/')
    if (match.kind === 'route') visit.house.matched?.(installed.plugin.name, match.route.path)
    const params = match.kind === 'route' ? match.params : {}
    visit.request = new RoutedRequest(visit.house, visit.target.query, bare ? '' : path.canonical, params)
    return { path, match }
  } catch (thrown) {
    if (thrown instanceof RegistryError) return { failure: thrown }
    throw thrown
  }
}

export interface RouteRules {
  /** Routes that it refuses count as absent. */
  readonly accept?: (route: AnyRoute) => boolean
  /** Those that `Allow` names; default: those accepted. */
  readonly allow?: (route: AnyRoute) => boolean
  /** What an answer to OPTIONS says besides. */
  readonly announce?: (path: string) => Headers
}

/** The route, or the answer to OPTIONS. Throws what was found wrong with the path, `not-found`, or `method` with what the address allows. */
export function routeOrReply(
  located: Located,
  method: string,
  { accept = () => true, allow: allowedRoute = accept, announce = () => ({}) }: RouteRules = {},
): { readonly route: RouteFound; readonly path: ParsedPath } | { readonly reply: Reply } {
  if (located.match === undefined) throw located.failure
  const { match, path } = located
  if (match.kind === 'none') throw notFound('Address', path.canonical)
  if (match.kind === 'route' && accept(match.route)) return { route: match, path }
  const allow = allowedMethods(match.shelf, allowedRoute)
  if (method !== 'OPTIONS') throw methodNotAllowed(allow)
  return {
    reply: empty(204, {
      allow: allow.join(', '),
      ...(allow.includes('PROPFIND') ? { dav: '1' } : {}),
      ...announce(path.canonical),
    }),
  }
}

/** Calls the handler and closes its context, whatever came of it; what its answer reads from stays readable. */
export async function runRoute<Context>(
  visit: Visit,
  route: AnyRoute,
  opened: OpenContext<Context>,
  log: Logger,
  context: Context = opened.context,
): Promise<Reply> {
  const handle = route.handle as (request: Visit['request'], context: Context) => Promise<Reply>
  visit.handled = true
  try {
    return await handle(visit.request, context)
  } finally {
    try {
      await opened.close()
    } catch (cause) {
      log.error('context.close-failed', { requestId: visit.house.id, cause })
    }
  }
}
