import { type Permission, permissions } from '../auth/permission.js'
import { invalid, RegistryError } from '../errors/registry-error.js'
import { PathPattern } from './path-pattern.js'
import type { Mount, ProtocolPlugin } from './protocol-plugin.js'
import { type Method, methods, type Route } from './route.js'
import type { MountScope, RouteRecord } from './route-record.js'

/** A route of any mount; who runs it hands in the context of that mount. */
export type AnyRoute = Route<never>

/** All routes that share one shape of path. */
export type Shelf = ReadonlyMap<Method, AnyRoute>

export type RouteMatch =
  | {
      readonly kind: 'route'
      readonly route: AnyRoute
      readonly params: Readonly<Record<string, string>>
      /** What `{path+}` took. */
      readonly rest?: string
      readonly shelf: Shelf
    }
  /** The path is known, the method is not; OPTIONS is among these. */
  | { readonly kind: 'method'; readonly shelf: Shelf }
  | { readonly kind: 'none' }

interface Entry {
  readonly pattern: PathPattern
  readonly shelf: Map<Method, AnyRoute>
  /** Routes of one shape may call their placeholders differently. */
  readonly patterns: Map<Method, PathPattern>
}

const scopes: readonly MountScope[] = ['repository', 'organization', 'origin', 'instance']
const ofRepositories = new Set<string>(['artifacts.read', 'artifacts.write', 'artifacts.delete', 'repository.administer'])
/** Below `/-/`, and no origin mount's. */
const houseOwn = new Set(['health', 'ui', 'api'])

/** Methods in the words of an `Allow` header: HEAD follows GET, OPTIONS is always there. */
export function allowedMethods(shelf: Shelf, accept: (route: AnyRoute) => boolean = () => true): readonly string[] {
  const names = methods.filter((method) => {
    const route = shelf.get(method)
    return route !== undefined && accept(route)
  })
  return [...names.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS']
}

/** The routes of one plugin, checked and indexed. */
export class RouteTable {
  readonly #mounts = new Map<MountScope, { readonly mount: Mount; readonly entries: readonly Entry[] }>()
  readonly #records: RouteRecord[] = []

  /** Throws `invalid`, naming plugin and route: silence about a permission, ambiguity, a path or a permission that cannot work. */
  constructor(plugin: Pick<ProtocolPlugin, 'name' | 'mounts'>) {
    for (const mount of plugin.mounts) {
      if (!scopes.includes(mount.scope)) throw refused(plugin.name, `an unknown mount '${String(mount.scope)}'`)
      if (this.#mounts.has(mount.scope)) throw refused(plugin.name, `two ${mount.scope} mounts`)
      if (mount.scope === 'instance' && plugin.name !== 'api') throw refused(plugin.name, 'only api can have an instance mount')
      const entries = new Map<string, Entry>()
      for (const route of mount.routes as readonly AnyRoute[]) {
        place(plugin.name, mount.scope, route, entries)
        const { method, path, permission } = route
        this.#records.push({ plugin: plugin.name, mount: mount.scope, method, path, permission })
      }
      const ordered = [...entries.values()].sort((a, b) => a.pattern.compare(b.pattern))
      this.#mounts.set(mount.scope, { mount, entries: ordered })
    }
  }

  mount(scope: MountScope): Mount | undefined {
    return this.#mounts.get(scope)?.mount
  }

  /** The most specific path decides, before the method is looked at: a method that it lacks is not looked for in a vaguer one. */
  match(scope: MountScope, method: string, segments: readonly string[], trailingSlash: boolean): RouteMatch {
    const wanted = (method === 'HEAD' ? 'GET' : method) as Method
    for (const { pattern, shelf, patterns } of this.#mounts.get(scope)?.entries ?? []) {
      const match = pattern.match(segments, trailingSlash)
      if (match === undefined) continue
      const route = shelf.get(wanted)
      if (route === undefined) return { kind: 'method', shelf }
      const own = patterns.get(wanted)
      return { kind: 'route', route, shelf, ...(own === pattern ? match : (own?.match(segments, trailingSlash) ?? match)) }
    }
    return { kind: 'none' }
  }

  /** `METHOD shape` of every route of a mount: two plugins cannot share one at the root of the host. */
  signatures(scope: MountScope): readonly string[] {
    return (this.#mounts.get(scope)?.entries ?? []).flatMap(({ pattern, shelf }) =>
      [...shelf.keys()].map((method) => `${method} ${pattern.shape}`),
    )
  }

  list(): readonly RouteRecord[] {
    return this.#records
  }
}

function place(plugin: string, scope: MountScope, route: AnyRoute, entries: Map<string, Entry>): void {
  const where = `${scope} route ${String(route.method)} ${String(route.path)}`
  if (!methods.includes(route.method)) throw refused(plugin, `${where}: an unknown method`)
  const permission: unknown = route.permission
  if (permission === undefined) throw refused(plugin, `${where} does not say its permission`)
  if (permission !== 'none' && !permissions.includes(permission as Permission)) {
    throw refused(plugin, `${where}: an unknown permission '${String(permission)}'`)
  }
  if (route.lesser !== undefined && (scope !== 'repository' || route.lesser !== 'artifacts.read'))
    throw refused(plugin, `${where}: only artifacts.read can be enough instead, and in a repository`)
  const unfit = misplaced(scope, permission as Permission | 'none')
  if (unfit !== undefined) throw refused(plugin, `${where}: ${unfit}`)
  if (typeof route.handle !== 'function') throw refused(plugin, `${where} has no handler`)
  const pattern = compile(plugin, route.path)
  if (scope === 'origin') holdToOrigin(plugin, where, pattern)
  const entry = entries.get(pattern.shape) ?? { pattern, shelf: new Map(), patterns: new Map() }
  const rival = entry.shelf.get(route.method)
  if (rival !== undefined) throw refused(plugin, `${where} is ambiguous: ${rival.path} matches the same paths`)
  entry.shelf.set(route.method, route)
  entry.patterns.set(route.method, pattern)
  entries.set(pattern.shape, entry)
}

function compile(plugin: string, path: unknown): PathPattern {
  if (typeof path !== 'string') throw refused(plugin, 'a route without a path')
  try {
    return new PathPattern(path)
  } catch (thrown) {
    if (thrown instanceof RegistryError) throw refused(plugin, thrown.message)
    throw thrown
  }
}

/** Why a permission cannot be held in a mount; undefined where it can. */
function misplaced(scope: MountScope, permission: Permission | 'none'): string | undefined {
  if (permission === 'none') return undefined
  if (scope === 'origin') return 'nobody is known at an origin mount: its permission is none'
  if (scope === 'instance') return permission === 'instance.manage' ? undefined : `'${permission}' concerns an organization`
  if (permission === 'instance.manage') return `'${permission}' concerns the instance`
  if (scope === 'organization' && ofRepositories.has(permission)) return `'${permission}' concerns one repository`
  return undefined
}

/** An organization cannot be called so, hence nobody's repository lies in the way; and the house's own addresses stay its own. */
function holdToOrigin(plugin: string, where: string, pattern: PathPattern): void {
  const [first, second] = pattern.literals
  if (first === undefined || !/^(?:-$|_)/.test(first)) throw refused(plugin, `${where} has to begin with '/-/' or '/_'`)
  if (first === '-' && (second === undefined || houseOwn.has(second))) {
    throw refused(plugin, `${where} reaches into the house's own addresses`)
  }
}

export function refused(plugin: string, reason: string): RegistryError {
  return invalid(`Plugin '${plugin}' is refused: ${reason}`, { detail: { code: 'plugin-refused', plugin } })
}
