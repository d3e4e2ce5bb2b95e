import {
  type InstanceContext,
  instanceRoute,
  type Method,
  type OrganizationContext,
  organizationRoute,
  type PathParams,
  type Permission,
  type Reply,
  type Route,
  z,
} from '#core'
import { type Answers, commonAnswers } from './answers.js'
import { bodyOf, queryOf } from './body.js'
import { packageNameIn } from './package-address.js'

/** What a handler is given: parsed by the schemas that the route is described by. */
export interface ManagementRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** In answers and in the log. */
  readonly id: string
}

/** A route of the management interface: one schema of its query and one of its body check, type and document it. `answers` are those that are its own;
 *  `commonAnswers` adds what every route of its kind may say. */
export interface ManagementRoute<Context, Path extends string, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method
  readonly path: Path
  readonly permission: Permission | 'none'
  readonly rate?: Route<Context>['rate']
  readonly session?: Route<Context>['session']
  readonly summary: string
  /** A strict object; without one, every parameter is refused. */
  readonly query?: Query
  /** A strict object; without one, a body is not read. */
  readonly body?: Body
  readonly answers: Answers
  readonly handle: (
    request: ManagementRequest<PathParams<Path>, z.output<Query>, z.output<Body>>,
    context: Context,
  ) => Promise<Reply>
}

const noParameters = z.strictObject({})
type NoParameters = typeof noParameters

/** A route below `/{org}/-/api`. */
export function inOrganization<P extends string, Q extends z.ZodType = NoParameters, B extends z.ZodType = z.ZodUndefined>(
  route: ManagementRoute<OrganizationContext, P, Q, B>,
): Route<OrganizationContext> {
  return organizationRoute(described('organization', route))
}

/** A route below `/-/api`. */
export function inInstance<P extends string, Q extends z.ZodType = NoParameters, B extends z.ZodType = z.ZodUndefined>(
  route: ManagementRoute<InstanceContext, P, Q, B>,
): Route<InstanceContext> {
  return instanceRoute(described('instance', route))
}

function described<Context, P extends string, Q extends z.ZodType, B extends z.ZodType>(
  scope: 'organization' | 'instance',
  route: ManagementRoute<Context, P, Q, B>,
): Route<Context, P> {
  const { method, path, permission, rate, session, summary, query, body, answers, handle } = route
  const common = commonAnswers({ scope, path, permission, hasBody: body !== undefined })
  return {
    method,
    path,
    permission,
    ...(rate === undefined ? {} : { rate }),
    ...(session === undefined ? {} : { session }),
    describe: {
      summary,
      answers: { ...common, ...answers },
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body }),
    },
    async handle(request, context) {
      const asked = queryOf(request, query ?? noParameters) as z.output<Q>
      const sent = (body === undefined ? undefined : await bodyOf(request, body)) as z.output<B>
      return handle({ params: withSlashes(request.params), query: asked, body: sent, id: request.id }, context)
    },
  }
}

function withSlashes<Params extends Readonly<Record<string, string>>>(params: Params): Params {
  return 'package' in params ? { ...params, package: packageNameIn(params['package'] ?? '') } : params
}
