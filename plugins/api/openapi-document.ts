import type { RouteDescription } from '#core'
import { type Answer, sharedRefusals } from './answers.js'
import { ComponentSchemas, type JsonSchema } from './component-schemas.js'
import { type Linked, linkOperations } from './operation-links.js'
import { operationName, tagOf } from './operation-names.js'
import { pathParameters } from './path-parameters.js'
import { problemShape } from './shapes.js'

type Json = Readonly<Record<string, unknown>>

export interface DescribedRoute {
  readonly method: string
  readonly path: string
  readonly permission: string
  readonly session?: { readonly fresh?: boolean }
  readonly describe?: RouteDescription
}
export interface DescribedMount {
  readonly scope: 'organization' | 'instance'
  readonly routes: readonly DescribedRoute[]
}

const introduction = `Organizations and what is in them, as JSON. Lists come page by page: \`next\` is the \`cursor\` of the page that follows. A field or
parameter that is not known is refused. Refusals are RFC 9457 problem documents: \`code\` is for programs, \`detail\` for people. Beside the answers of an
operation the server may say, of any request at all, 405 (the address has no such method; Allow tells which), 421 (a host name that is not served here) and
431 (too many headers).`

/** OpenAPI 3.1 of these mounts. `server` is the path below which the house lies: '/' or '/prefix'. Throws on a route without a description, on two operations
 *  or two schemas of one name. */
export function openApiDocument(version: string, server: string, mounts: readonly DescribedMount[]): Json {
  const schemas = new ComponentSchemas()
  const paths: Record<string, Record<string, Linked & Json>> = {}
  const names = new Set<string>()
  for (const { scope, routes } of mounts) {
    const before = scope === 'organization' ? '/{org}/-/api' : '/-/api'
    for (const route of routes) {
      const operation = operationOf(scope, before, route, schemas)
      if (names.has(operation.operationId)) throw new Error(`two operations are called ${operation.operationId}`)
      names.add(operation.operationId)
      const address = before + route.path.replace(/\+\}$/, '}')
      paths[address] = { ...paths[address], [route.method.toLowerCase()]: operation }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'cloudrepo management interface',
      version,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    tags: [...new Set(mounts.flatMap(({ routes }) => routes.map(({ path }) => tagOf(path))))].sort().map((name) => ({ name })),
    security: [{ token: [] }],
    paths: linkOperations(paths, (response) => addressedBy(response, schemas)),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "A member's or service account's token, or the operator's" },
      },
      responses: Object.fromEntries(
        Object.entries(sharedRefusals).map(([name, one]) => [name, response(one, schemas, name === 'NotFound')]),
      ),
      schemas: schemas.all(),
    },
  }
}

function operationOf(
  scope: 'organization' | 'instance',
  before: string,
  route: DescribedRoute,
  schemas: ComponentSchemas,
): Linked & Json {
  const { method, path, permission, describe } = route
  if (describe === undefined) throw new Error(`${scope} route ${method} ${path} has no description`)
  const { summary, query, body, answers } = describe
  const queried = query === undefined ? [] : queryParameters(schemas.of(query, 'input'))
  return {
    operationId: operationName({ scope, method, path, paged: queried.some(({ name }) => name === 'cursor') }),
    summary,
    description: neededFor(route),
    tags: [tagOf(path)],
    ...(permission === 'none' ? { security: [] } : {}),
    parameters: [...placeholders(before + path), ...queried],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemas.of(body, 'input') } } } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, one]) => {
        const shared = sharedNames.get(one)
        return [
          status,
          shared === undefined
            ? response(one, schemas, scope === 'organization' && status === '404')
            : { $ref: `#/components/responses/${shared}` },
        ]
      }),
    ),
  }
}

function neededFor({ permission, session }: DescribedRoute): string {
  if (permission === 'none') return 'For everybody.'
  const fresh = session?.fresh ? ' In a session the password has to be ten minutes old at most.' : ''
  if (permission === 'account.manage')
    return `For a member in a session: its cookie, and X-CSRF-Token where something changes.${fresh}`
  return `Needs the permission ${permission}.${fresh}`
}

/** By what a thing that was made is found again: its name, or else its id. */
function addressedBy(response: Json, schemas: ComponentSchemas): string | undefined {
  const reference = /"\$ref":"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(response))?.[1]
  const fields = Object.keys((schemas.all()[reference ?? '']?.['properties'] ?? {}) as Json)
  return ['name', 'id'].find((field) => fields.includes(field))
}

const sharedNames = new Map<Answer, string>(Object.entries(sharedRefusals).map(([name, shared]) => [shared, name]))

/** `plain`: below a name that no organization can have lies no management interface, hence none of its words. */
function response({ description, body, type: own }: Answer, schemas: ComponentSchemas, plain: boolean): Json {
  if (body === undefined) return { description }
  const type = own ?? (body === problemShape ? 'application/problem+json' : 'application/json')
  const text = plain ? { 'text/plain': { schema: { type: 'string' } } } : {}
  return { description, content: { [type]: { schema: schemas.of(body, 'output') }, ...text } }
}

function placeholders(path: string): readonly Json[] {
  return [...path.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: pathParameters[name]?.description ?? name,
    schema: {
      type: 'string',
      ...(pathParameters[name]?.pattern === undefined ? { minLength: 1 } : { pattern: pathParameters[name].pattern }),
    },
  }))
}

function queryParameters(schema: JsonSchema): readonly { readonly name: string }[] {
  const required = new Set((schema['required'] ?? []) as readonly string[])
  return Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Json>>).map(([name, property]) => {
    const { description, ...rest } = property
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      ...(required.has(name) ? { required: true } : {}),
      schema: rest,
    }
  })
}
