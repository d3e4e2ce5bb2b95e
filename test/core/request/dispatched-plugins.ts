import { conflict, hidden, invalid, RegistryError, unavailable } from '../../../core/errors/registry-error.js'
import type { ProtocolPlugin, RenderError } from '../../../core/plugin/protocol-plugin.js'
import { instanceRoute, organizationRoute, originRoute, type Route, repositoryRoute } from '../../../core/plugin/route.js'
import { empty, json, text } from '../../../core/request/reply.js'
import type { RepositoryContext } from '../../../core/tenancy/repository-context.js'
import { FakeHouse } from './fake-house.js'

export const house401 = '{"error": "Authentication required", "code": "unauthenticated"}'
export const worded: RenderError = (failure, status) => json(status, { worded: failure.message })

export const files: Route<RepositoryContext>[] = [
  repositoryRoute({
    method: 'GET',
    path: '/{path+}',
    permission: 'artifacts.read',
    handle: async (request) => text(200, request.params.path),
  }),
  repositoryRoute({
    method: 'PUT',
    path: '/{path+}',
    permission: 'artifacts.write',
    async handle(request) {
      for await (const _ of request.body);
      return empty(201)
    },
  }),
  repositoryRoute({ method: 'GET', path: '/', permission: 'artifacts.read', handle: async () => text(200, 'root') }),
]
export const raw: ProtocolPlugin = {
  name: 'raw',
  version: '1.0.0',
  contract: 1,
  mounts: [{ scope: 'repository', routes: files, paths: { names: 'free', emptySegments: 'collapse' } }],
}
export const npm: ProtocolPlugin = {
  name: 'npm',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'repository',
      renderError: worded,
      paths: { trailingSlash: 'ignore', rewrite: (path) => path.replace(/^\/(?:@|%40)([^/]*?)%2f/i, '/@$1/') },
      routes: [
        repositoryRoute({
          method: 'PUT',
          path: '/-/user/{user}',
          permission: 'none',
          async handle(request, context) {
            if (request.params.user === 'malformed') throw invalid('no body')
            if (request.params.user === 'broken') throw new Error('bug')
            if (request.params.user === 'careless') return json(201, { ok: true })
            const as = await context.signIn('olga', request.params.user)
            if (request.params.user === 'right' && request.header('x-after') === 'conflict') throw conflict('later')
            return json(201, { ok: as.principal })
          },
        }),
        repositoryRoute({
          method: 'GET',
          path: '/@{scope}/{name}',
          permission: 'artifacts.read',
          handle: async ({ params }) => json(200, params),
        }),
        repositoryRoute({
          method: 'GET',
          path: '/fails/{how}',
          permission: 'artifacts.read',
          async handle({ params }) {
            if (params.how === 'bug') throw new TypeError('secret detail')
            if (params.how === 'busy') throw unavailable('The disk /dev/sda is slow', 9)
            if (params.how === 'hidden') throw hidden()
            throw new RegistryError('upstream', 'upstream.example.com said: <html>')
          },
        }),
      ],
    },
    {
      scope: 'origin',
      routes: [
        originRoute({
          method: 'POST',
          path: '/-/npm/v1/oidc/token/exchange/package/{name}',
          permission: 'none',
          handle: async ({ params }) => json(200, params),
        }),
      ],
    },
  ],
}
export const pypi: ProtocolPlugin = {
  name: 'pypi',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'repository',
      paths: { emptySegments: 'redirect' },
      renderError: (failure, status) => json(failure.kind === 'hidden' ? 403 : status, { message: failure.message }),
      routes: [
        repositoryRoute({
          method: 'GET',
          path: '/simple/{project}/',
          permission: 'artifacts.read',
          handle: async () => text(200, 'links'),
        }),
      ],
    },
  ],
}
export const api: ProtocolPlugin = {
  name: 'api',
  version: '1.0.0',
  contract: 1,
  mounts: [
    {
      scope: 'organization',
      routes: [
        organizationRoute({ method: 'GET', path: '/v1/members', permission: 'members.read', handle: async () => json(200, []) }),
        organizationRoute({
          method: 'GET',
          path: '/v1/self',
          permission: 'organization.read',
          handle: async () => json(200, {}),
        }),
        organizationRoute({ method: 'POST', path: '/v1/tokens', permission: 'tokens.issue', handle: async () => empty(201) }),
        organizationRoute({ method: 'GET', path: '/v1/about', permission: 'none', handle: async () => json(200, 'api') }),
      ],
    },
    {
      scope: 'instance',
      routes: [
        instanceRoute({ method: 'GET', path: '/v1/routes', permission: 'instance.manage', handle: async () => json(200, []) }),
        instanceRoute({ method: 'GET', path: '/v1/openapi.json', permission: 'none', handle: async () => json(200, {}) }),
      ],
    },
  ],
}

export const as = (who: string) => ({ authorization: `Bearer ${who}` })

/** A house of all of them, with repositories of every kind of openness. */
export function dispatchingHouse(): FakeHouse {
  return new FakeHouse(raw, npm, pypi, api)
    .add('files', 'raw')
    .add('open', 'raw', { public: true })
    .add('js', 'npm')
    .add('jsopen', 'npm', { public: true })
    .add('py', 'pypi')
    .add('mirror', 'raw', { kind: 'proxy' })
    .add('gone', 'rpm')
}
