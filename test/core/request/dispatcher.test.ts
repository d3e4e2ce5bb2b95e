import { expect } from 'chai'
import { conflict, hidden, invalid, RegistryError, unavailable } from '../../../core/errors/registry-error.js'
import type { ProtocolPlugin, RenderError } from '../../../core/plugin/protocol-plugin.js'
import { instanceRoute, organizationRoute, originRoute, type Route, repositoryRoute } from '../../../core/plugin/route.js'
import { empty, json, text } from '../../../core/request/reply.js'
import type { RepositoryContext } from '../../../core/tenancy/repository-context.js'
import { bytesOf, FakeHouse, textOf } from './fake-house.js'

const house401 = '{"error": "Authentication required", "code": "unauthenticated"}'
const worded: RenderError = (failure, status) => json(status, { worded: failure.message })

const files: Route<RepositoryContext>[] = [
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
const raw: ProtocolPlugin = {
  name: 'raw',
  version: '1.0.0',
  contract: 1,
  mounts: [{ scope: 'repository', routes: files, paths: { names: 'free', emptySegments: 'collapse' } }],
}
const npm: ProtocolPlugin = {
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
const pypi: ProtocolPlugin = {
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
const api: ProtocolPlugin = {
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

const as = (who: string) => ({ authorization: `Bearer ${who}` })

describe('dispatcher', () => {
  let house: FakeHouse
  beforeEach(() => {
    house = new FakeHouse(raw, npm, pypi, api)
      .add('files', 'raw')
      .add('open', 'raw', { public: true })
      .add('js', 'npm')
      .add('jsopen', 'npm', { public: true })
      .add('py', 'pypi')
      .add('mirror', 'raw', { kind: 'proxy' })
      .add('gone', 'rpm')
  })

  it('asks for tenant, caller, permission and context in that order, calls the handler and closes the context', async () => {
    const reply = await house.call('GET', '/acme/files/a//b.txt', as('reader'))
    expect([reply.status, textOf(reply)]).to.deep.equal([200, 'a/b.txt'])
    expect(house.asked).to.deep.equal([
      'tenant acme',
      'authenticate repository',
      'sees files',
      'permits artifacts.read a/b.txt',
      'open repository',
      'close',
    ])
    expect(house.cut[0]).to.include({ ceiling: 'artifacts.read', requestId: 'req-1', path: 'a/b.txt' })
    expect(String(house.cut[0]?.['mountUrl'])).to.equal('https://repo.example.com/acme/files/')
  })
  it('serves the root of a mount with and without its slash', async () => {
    for (const target of ['/acme/files', '/acme/files/']) {
      expect(textOf(await house.call('GET', target, as('reader')))).to.equal('root')
    }
  })
  it('puts the house’s headers on every answer', async () => {
    const known = await house.call('GET', '/acme/files/a', as('reader'))
    expect(known.headers).to.deep.equal({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-request-id': 'req-1',
      'cache-control': 'private, no-cache',
      vary: 'Authorization, Cookie, Accept',
    })
    const stranger = await house.call('GET', '/acme/open/a')
    expect(stranger.headers['cache-control']).to.equal('no-cache')
  })
  it('keeps the handler’s cache rule and adds to what it varies by', async () => {
    const plugin: ProtocolPlugin = {
      ...raw,
      name: 'own',
      mounts: [
        {
          scope: 'repository',
          routes: [
            repositoryRoute({
              method: 'GET',
              path: '/',
              permission: 'artifacts.read',
              handle: async () => text(200, '', { 'cache-control': 'private, max-age=9', vary: 'accept-encoding, ACCEPT' }),
            }),
          ],
        },
      ],
    }
    const own = new FakeHouse(plugin).add('own', 'own')
    const { headers } = await own.call('GET', '/acme/own', as('reader'))
    expect(headers).to.include({ 'cache-control': 'private, max-age=9', vary: 'accept-encoding, ACCEPT, Authorization, Cookie' })
  })

  describe('to a stranger', () => {
    it('gives the same bytes for a private, a missing and a foreign repository of any format and for anything in it', async () => {
      const targets = [
        ['GET', '/acme/files/a'],
        ['GET', '/acme/js/@acme%2fui'],
        ['GET', '/acme/js/nothing/of/this/kind'],
        ['DELETE', '/acme/js/@acme%2fui'],
        ['PROPFIND', '/acme/files/a'],
        ['OPTIONS', '/acme/files/a'],
        ['GET', '/acme/py/simple//x/'],
        ['GET', '/acme/py/a;b/'],
        ['GET', '/acme/files/a%2fb'],
        ['GET', '/acme/missing/@acme%2fui'],
        ['GET', '/acme/missing/a;b'],
        ['PUT', '/acme/missing/a'],
        ['GET', '/acme/gone/x'],
        ['PUT', '/acme/mirror/x'],
        ['PUT', '/acme/js/-/user/wrong'],
        ['PUT', '/acme/js/-/user/malformed'],
        ['PUT', '/acme/js/-/user/broken'],
        ['PUT', '/acme/js/-/user/careless'],
        ['PUT', '/acme/missing/-/user/wrong'],
      ] as const
      const first = await house.call('GET', '/acme/nothing')
      expect(first.headers).to.deep.equal({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'www-authenticate': 'Basic realm="acme", charset="UTF-8"',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-request-id': 'req-1',
      })
      expect([first.status, textOf(first)]).to.deep.equal([401, house401])
      for (const [method, target] of targets) {
        expect(bytesOf(await house.call(method, target)), `${method} ${target}`).to.equal(bytesOf(first))
        if (!target.includes('/-/user/')) expect(house.bodyRead, target).to.equal(false)
      }
    })
    it('gives the same bytes in an organization that does not exist, but for the realm of the address', async () => {
      const reply = await house.call('GET', '/nobody/files/a')
      expect(bytesOf(reply).replace('nobody', 'acme')).to.equal(bytesOf(await house.call('GET', '/acme/files/a')))
      const strange = await house.call('GET', '/no%22body/a')
      expect(strange.headers['www-authenticate']).to.equal('Basic realm="no%22body", charset="UTF-8"')
    })
    it('asks for the scheme that the client sent', async () => {
      for (const authorization of ['Bearer nonsense', 'bearer nonsense', 'BEARER nonsense']) {
        const { status, headers } = await house.call('GET', '/acme/files/a', { authorization })
        expect([status, headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="acme"'])
      }
    })
    it('refuses a bad credential on public content too, and writing there without one', async () => {
      expect((await house.call('GET', '/acme/open/a')).status).to.equal(200)
      const bad = await house.call('GET', '/acme/open/a', as('nonsense'))
      expect([bad.status, textOf(bad)]).to.deep.equal([401, house401])
      const put = await house.call('PUT', '/acme/open/a')
      expect([put.status, textOf(put), house.bodyRead]).to.deep.equal([401, house401, false])
    })
    it('refuses a credential of this organization in any other', async () => {
      const here = await house.call('GET', '/acme/files/a', as('nonsense'))
      const there = await house.call('GET', '/beta/files/a', as('writer'))
      expect(bytesOf(there).replace('beta', 'acme')).to.equal(bytesOf(here))
    })
    it('passes a throttle on, with its time', async () => {
      const reply = await house.call('GET', '/acme/js/@a%2fb', as('guessing'))
      expect([reply.status, reply.headers['retry-after']]).to.deep.equal([429, '7'])
      expect(bytesOf(await house.call('GET', '/acme/missing/@a%2fb', as('guessing')))).to.equal(bytesOf(reply))
    })
  })

  describe('to a member', () => {
    it('says of what it may not read what it says of what is missing', async () => {
      const missing = await house.call('GET', '/acme/missing/a', as('guest'))
      expect([missing.status, textOf(missing)]).to.deep.equal([404, 'Not found\n'])
      for (const target of [
        '/acme/files/a',
        '/acme/files/a%2fb',
        '/acme/js/@acme%2fui',
        '/acme/js/no/such/route',
        '/acme/gone/x',
      ]) {
        expect(bytesOf(await house.call('GET', target, as('guest'))), target).to.equal(bytesOf(missing))
      }
      expect(bytesOf(await house.call('PUT', '/acme/files/a', as('guest')))).to.equal(bytesOf(missing))
      expect(house.bodyRead).to.equal(false)
    })
    it('lets a protocol that must answer otherwise word it', async () => {
      const reply = await house.call('GET', '/acme/py/simple/x/', as('guest'))
      expect([reply.status, textOf(reply)]).to.deep.equal([403, '{"message":"Not found"}'])
    })
    it('refuses writing to a reader with 403, in whatever scheme, body unread', async () => {
      for (const authorization of ['Bearer reader', 'bearer reader', 'BASIC reader']) {
        const reply = await house.call('PUT', '/acme/files/a', { authorization })
        expect([reply.status, JSON.parse(textOf(reply)), house.bodyRead]).to.deep.equal([
          403,
          {
            type: 'about:blank',
            title: 'Forbidden',
            status: 403,
            detail: 'This needs the permission artifacts.write',
            code: 'forbidden',
            requestId: 'req-1',
          },
          false,
        ])
      }
      expect((await house.call('PUT', '/acme/files/a', as('writer'))).status).to.equal(201)
    })
    it('holds a grant with a prefix against the rest of the path', async () => {
      expect((await house.call('PUT', '/acme/files/mine/a', as('prefix'))).status).to.equal(201)
      expect((await house.call('PUT', '/acme/files//mine//a', as('prefix'))).status).to.equal(201)
      expect((await house.call('PUT', '/acme/files/mine%2fa', as('prefix'))).status).to.equal(400)
      expect((await house.call('PUT', '/acme/files/other/mine/a', as('prefix'))).status).to.equal(403)
    })
    it('says what is wrong with a path, and that there is no such route or method', async () => {
      expect((await house.call('GET', '/acme/files/a%2fb', as('reader'))).status).to.equal(400)
      const none = await house.call('GET', '/acme/files/-/x', as('reader'))
      expect([none.status, textOf(none)]).to.deep.equal([404, 'Address not found: /-/x\n'])
      const method = await house.call('DELETE', '/acme/js/@a/b', as('reader'))
      expect([method.status, method.headers['allow'], textOf(method)]).to.deep.equal([
        405,
        'GET, HEAD, OPTIONS',
        '{"worded":"Method not allowed"}',
      ])
    })
    it('answers OPTIONS from the table', async () => {
      const reply = await house.call('OPTIONS', '/acme/files/a', as('reader'))
      expect([reply.status, reply.headers['allow'], reply.headers['dav'], reply.body]).to.deep.equal([
        204,
        'GET, HEAD, PUT, OPTIONS',
        undefined,
        undefined,
      ])
    })
    it('serves HEAD by the route of GET', async () => {
      expect((await house.call('HEAD', '/acme/files/a', as('reader'))).status).to.equal(200)
    })
    it('takes no writes to a proxy, whoever asks', async () => {
      const reply = await house.call('PUT', '/acme/mirror/a', as('writer'))
      expect([reply.status, reply.headers['allow'], house.bodyRead]).to.deep.equal([405, 'GET, HEAD, OPTIONS', false])
      expect((await house.call('GET', '/acme/mirror/a', as('reader'))).status).to.equal(200)
    })
    it('gives the reason where a format is switched off or not installed', async () => {
      const gone = await house.call('GET', '/acme/gone/x', as('reader'))
      expect([gone.status, gone.headers['retry-after']]).to.deep.equal([503, '300'])
      expect(JSON.parse(textOf(gone)).detail).to.equal('The format of this repository is not installed')
      house.organization.disabledFormats.push('raw')
      const off = await house.call('GET', '/acme/files/x', as('reader'))
      expect([off.status, JSON.parse(textOf(off)).detail]).to.deep.equal([
        403,
        'The format raw is switched off in this organization',
      ])
      expect((await house.call('GET', '/acme/files/x')).status).to.equal(401)
      expect((await house.call('GET', '/acme/files/x', as('guest'))).status).to.equal(404)
    })
    it('serves nothing of an organization that is suspended', async () => {
      house.organization.status = 'suspended'
      expect(textOf(await house.call('GET', '/acme/open/a'))).to.equal(house401)
      expect((await house.call('GET', '/acme/open/a', as('reader'))).status).to.equal(404)
    })
    it('sends readers to the canonical address, built from parsed segments, with the query', async () => {
      const reply = await house.call('GET', '/acme/py/simple//caf%C3%A9/?a=1&b=%0d%0aX:y', as('reader'))
      expect([reply.status, reply.headers['location']]).to.deep.equal([
        301,
        'https://repo.example.com/acme/py/simple/caf%C3%A9/?a=1&b=%0D%0AX%3Ay',
      ])
      expect((await house.call('GET', '/acme/py//evil.example/%2e%2e', as('reader'))).status).to.equal(400)
    })
  })

  describe('where the credentials are in the body', () => {
    it('lets whoever signs in hear the answer, whatever the header says', async () => {
      const reply = await house.call('PUT', '/acme/js/-/user/right', as('nonsense'))
      expect([reply.status, textOf(reply)]).to.deep.equal([201, '{"ok":{"name":"olga"}}'])
      expect(house.asked).to.not.include('authenticate repository')
      expect(house.cut[0]).to.include({ ceiling: 'none' })
    })
    it('words failures in the protocol’s way once somebody has signed in, or is asked for a second factor', async () => {
      const later = await house.call('PUT', '/acme/js/-/user/right', { 'x-after': 'conflict' })
      expect([later.status, textOf(later)]).to.deep.equal([409, '{"worded":"later"}'])
      const second = await house.call('PUT', '/acme/js/-/user/otp')
      expect([second.status, textOf(second)]).to.deep.equal([401, '{"worded":"One-time code required"}'])
    })
    it('says no more of a failed sign-in to a public repository, but may say what else is wrong', async () => {
      expect(textOf(await house.call('PUT', '/acme/jsopen/-/user/wrong'))).to.equal(house401)
      expect((await house.call('PUT', '/acme/jsopen/-/user/malformed')).status).to.equal(400)
    })
    it('logs a bug that a stranger does not hear of', async () => {
      await house.call('PUT', '/acme/js/-/user/broken')
      expect(house.logged).to.deep.equal(['request.failed Error: bug'])
    })
  })

  describe('failures of a handler', () => {
    it('are worded by the mount, and a bug shows nothing of itself', async () => {
      const reply = await house.call('GET', '/acme/js/fails/bug', as('reader'))
      expect([reply.status, textOf(reply)]).to.deep.equal([500, '{"worded":"Internal error"}'])
      expect(house.logged).to.deep.equal(['request.failed TypeError: secret detail'])
      expect(house.asked.at(-1)).to.equal('close')
      const gone = await house.call('GET', '/acme/js/fails/hidden', as('reader'))
      expect([gone.status, textOf(gone)]).to.deep.equal([404, '{"worded":"Not found"}'])
    })
    it('carry what the house has to add', async () => {
      const { status, headers } = await house.call('GET', '/acme/js/fails/busy', as('reader'))
      expect([status, headers['retry-after'], headers['cache-control']]).to.deep.equal([503, '9', 'no-store'])
    })
    it('are problems where the mount fails at wording them', async () => {
      const mute: ProtocolPlugin = {
        ...npm,
        name: 'mute',
        mounts: [
          {
            ...(npm.mounts[0] as (typeof npm.mounts)[0]),
            renderError: () => {
              throw new Error('speechless')
            },
          } as ProtocolPlugin['mounts'][0],
        ],
      }
      const own = new FakeHouse(mute).add('m', 'mute')
      for (const [how, status, detail] of [
        ['bug', 500, 'Internal error'],
        ['busy', 503, 'Service unavailable'],
        ['upstream', 502, 'Bad answer from upstream'],
      ] as const) {
        const reply = await own.call('GET', `/acme/m/fails/${how}`, as('reader'))
        expect([reply.status, reply.headers['content-type']]).to.deep.equal([status, 'application/problem+json'])
        expect(JSON.parse(textOf(reply))).to.include({ status, detail, requestId: 'req-1' })
      }
      expect(own.logged).to.include('request.render-failed Error: speechless')
    })
  })

  describe('paths that no mount takes', () => {
    it('are refused before anybody is asked anything, alike wherever they point', async () => {
      for (const rest of [
        '/%2e%2e/%2e%2e/etc/passwd',
        '/a/..%2f..%2fbeta/x',
        '/a%00b',
        '/%ff',
        '/a\\b',
        '/%ed%a0%80',
        '/a%E2%80%AEb',
      ]) {
        const here = await house.call('GET', `/acme/files${rest}`)
        expect(here.status, rest).to.equal(400)
        expect(bytesOf(await house.call('GET', `/acme/missing${rest}`))).to.equal(bytesOf(here))
        expect(bytesOf(await house.call('GET', `/nobody/-/api${rest}`))).to.equal(bytesOf(here))
      }
      expect(house.asked).to.deep.equal([])
    })
    it('are 414 where they are too long, and 400 in absolute form', async () => {
      const long = await house.call('GET', `/acme/files/${'a'.repeat(5000)}`)
      expect([long.status, JSON.parse(textOf(long)).code]).to.deep.equal([414, 'uri-too-long'])
      expect((await house.call('GET', 'http://evil/acme/files/a')).status).to.equal(400)
      expect((await house.call('GET', '/acme//-/api/v1/members')).status).to.equal(400)
    })
    it('lead nowhere in the same words for every organization', async () => {
      const nowhere = await house.call('GET', '/acme')
      expect([nowhere.status, textOf(nowhere)]).to.deep.equal([404, 'Not found\n'])
      for (const target of ['/', '/nobody/', '/acme/-/', '/-/', '/_/x', '/-/npm/other', '/-/unknown/x']) {
        expect(bytesOf(await house.call('GET', target)), target).to.equal(bytesOf(nowhere))
      }
    })
  })

  describe('writes that a browser sends from another site', () => {
    it('are refused before anything is looked up', async () => {
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://repo.example.com' },
        { 'sec-fetch-site': 'cross-site' },
      ]) {
        const reply = await house.call('PUT', '/acme/files/a', { ...as('writer'), ...headers })
        expect([reply.status, JSON.parse(textOf(reply)).code, house.bodyRead]).to.deep.equal([403, 'cross-site', false])
      }
      expect(house.asked).to.deep.equal([])
    })
    it('pass from the house’s own pages, and reads pass from anywhere', async () => {
      const own = { ...as('writer'), origin: 'https://repo.example.com', 'sec-fetch-site': 'same-origin' }
      expect((await house.call('PUT', '/acme/files/a', own)).status).to.equal(201)
      expect((await house.call('GET', '/acme/files/a', { ...as('reader'), origin: 'https://evil.example' })).status).to.equal(200)
    })
  })

  describe('an organization mount', () => {
    it('is equally blind: 401 for every guarded or unknown route, existing organization or not', async () => {
      const first = await house.call('GET', '/acme/-/api/v1/members')
      expect([first.status, first.headers['www-authenticate'], first.headers['content-type']]).to.deep.equal([
        401,
        'Bearer realm="acme"',
        'application/problem+json',
      ])
      expect(JSON.parse(textOf(first))).to.deep.equal({
        type: 'about:blank',
        title: 'Authentication required',
        status: 401,
        detail: 'Authentication required',
        code: 'unauthenticated',
        error: 'Authentication required',
      })
      for (const [method, target] of [
        ['GET', '/acme/-/api/v1/members/x.css'],
        ['GET', '/acme/-/api/v1/members?x=/-/health'],
        ['POST', '/acme/-/api/v1/tokens/'],
        ['DELETE', '/acme/-/api/v1/members'],
        ['GET', '/acme/-/unknown/x'],
        ['GET', '/nobody/-/api/v1/members'],
      ] as const) {
        const reply = await house.call(method, target)
        expect(bytesOf(reply).replace('nobody', 'acme'), target).to.equal(bytesOf(first))
      }
    })
    it('checks the permission and words refusals as problems, a 404 too', async () => {
      expect((await house.call('GET', '/acme/-/api/v1/self', as('reader'))).status).to.equal(200)
      const refused = await house.call('GET', '/acme/-/api/v1/members', as('reader'))
      expect([refused.status, JSON.parse(textOf(refused)).code]).to.deep.equal([403, 'forbidden'])
      const none = await house.call('GET', '/acme/-/api/v1/nothing', as('reader'))
      expect([none.status, none.headers['content-type']]).to.deep.equal([404, 'application/problem+json'])
      expect((await house.call('GET', '/acme/-/unknown/x', as('reader'))).status).to.equal(404)
      expect(String(house.cut[0]?.['mountUrl'])).to.equal('https://repo.example.com/acme/-/api/')
    })
    it('serves what needs no permission alike in every organization, and ignores credentials there', async () => {
      const here = await house.call('GET', '/acme/-/api/v1/about', as('nonsense'))
      expect(here.status).to.equal(200)
      expect(bytesOf(await house.call('GET', '/nobody/-/api/v1/about'))).to.equal(bytesOf(here))
    })
    it('survives organization names that look like addresses', async () => {
      for (const name of ['http:', 'javascript:x', '-x', '@', "a'b"]) {
        expect((await house.call('GET', `/${name}/-/api/v1/members`)).status, name).to.equal(401)
        expect((await house.call('GET', `/${name}/x`)).status, name).to.equal(401)
      }
    })
  })

  it('opens the instance mount to operators alone', async () => {
    expect((await house.call('GET', '/-/api/v1/routes', as('operator'))).status).to.equal(200)
    const refused = await house.call('GET', '/-/api/v1/routes', as('writer'))
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="cloudrepo"'])
    expect((await house.call('GET', '/-/api/v1/nothing')).status).to.equal(401)
    expect((await house.call('GET', '/-/api/v1/nothing', as('operator'))).status).to.equal(404)
    expect((await house.call('GET', '/-/api/v1/openapi.json')).status).to.equal(200)
  })

  it('matches origin mounts on the whole path', async () => {
    const reply = await house.call('POST', '/-/npm/v1/oidc/token/exchange/package/ui')
    expect([reply.status, textOf(reply)]).to.deep.equal([200, '{"name":"ui"}'])
    expect(house.asked).to.deep.equal(['open origin', 'close'])
    expect((await house.call('GET', '/-/npm/v1/oidc/token/exchange/package/ui')).headers['allow']).to.equal('POST, OPTIONS')
  })

  it('serves a root mount’s repository at the root of its own host name, control area and all', async () => {
    house.hosts.set('npm.acme.example', 'js')
    const root = { hostname: 'npm.acme.example' }
    const host = { host: 'npm.acme.example:8443' }
    const reply = await house.call('GET', '/@acme%2fui', { ...as('reader'), ...host }, root)
    expect([reply.status, textOf(reply)]).to.deep.equal([200, '{"scope":"acme","name":"ui"}'])
    expect(String(house.cut[0]?.['mountUrl'])).to.equal('https://npm.acme.example:8443/')
    expect((await house.call('GET', '/acme/files/a', { ...as('reader'), ...host }, root)).status).to.equal(404)
    expect((await house.call('PUT', '/-/user/right', host, root)).status).to.equal(201)
    const stranger = await house.call('GET', '/-/api/v1/routes', host, root)
    expect([stranger.status, stranger.headers['www-authenticate']]).to.deep.equal([401, 'Basic realm="acme", charset="UTF-8"'])
    expect(
      (await house.call('PUT', '/-/user/right', { ...host, origin: 'https://npm.acme.example:8443' }, root)).status,
    ).to.equal(201)
  })
})
