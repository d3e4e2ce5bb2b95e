import type { z } from 'zod'
import type { Permission } from '../auth/permission.js'
import type { ProtocolRequest } from '../request/protocol-request.js'
import type { Reply } from '../request/reply.js'
import type { Rate } from '../request/request-rates.js'
import type { InstanceContext } from '../tenancy/instance-context.js'
import type { OrganizationContext } from '../tenancy/organization-context.js'
import type { OriginContext } from '../tenancy/origin-context.js'
import type { Repository } from '../tenancy/repository.js'
import type { RepositoryContext } from '../tenancy/repository-context.js'

export const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY'] as const
export type Method = (typeof methods)[number]

/** Names the placeholders of a path: PathParams<'/{name}/-/{file}'> is { name, file }; a mistyped name is a compile error. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in PlaceholderOf<Path>]: string }
type PlaceholderOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? WithoutPlus<Name> | PlaceholderOf<Rest>
  : never
type WithoutPlus<Name extends string> = Name extends `${infer Plain}+` ? Plain : Name

/** Summary, query, body and answers (`type`: media type of the body, where it is no JSON), for OpenAPI and for whoever reads the list of routes. */
export interface RouteDescription {
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly answers: Readonly<Record<number, { readonly description: string; readonly body?: z.ZodType; readonly type?: string }>>
}

export interface Route<Context, Path extends string = string> {
  readonly method: Method
  /** '/{name}/-/{file}'; a placeholder may stand beside literal text in a segment ('/@{scope}/{name}'); a last '{path+}' takes the rest, a last
   *  '/' wants the slash. HEAD follows from GET, OPTIONS and 405 from the table. */
  readonly path: Path
  /** Must be said. 'none' is a decision a reviewer can see; leaving it out neither compiles nor starts. */
  readonly permission: Permission | 'none'
  /** Of a repository mount: enough for a member whose request is small (64 KiB, and says so), where the body decides what is asked for. The context then
   *  has this ceiling, so that the rest is refused. */
  readonly lesser?: Permission
  /** Of a repository mount: where it answers false, the route is absent, from `Allow` too. */
  readonly offered?: (repository: Repository) => boolean
  /** It costs much: a caller gets so many a minute, and then 429. Of repository and organization mounts. */
  readonly rate?: Rate
  /** Of the organization mount of `api`, for callers that come by a browser session. `pending`: also while its second factor is still to be shown or set
   *  up, and in an organization that is read-only: signing in and out is no change of what is kept. `fresh`: only within ten minutes of the password. */
  readonly session?: { readonly pending?: boolean; readonly fresh?: boolean }
  /** `api` has it on every route, OpenAPI is made from it. */
  readonly describe?: RouteDescription
  /** A property, not a method: a repository route in an organization mount is then a compile error. */
  readonly handle: (request: ProtocolRequest<PathParams<Path>>, context: Context) => Promise<Reply>
}

export function repositoryRoute<P extends string>(route: Route<RepositoryContext, P>): Route<RepositoryContext> {
  return route as unknown as Route<RepositoryContext>
}
export function organizationRoute<P extends string>(route: Route<OrganizationContext, P>): Route<OrganizationContext> {
  return route as unknown as Route<OrganizationContext>
}
export function originRoute<P extends string>(route: Route<OriginContext, P>): Route<OriginContext> {
  return route as unknown as Route<OriginContext>
}
export function instanceRoute<P extends string>(route: Route<InstanceContext, P>): Route<InstanceContext> {
  return route as unknown as Route<InstanceContext>
}
