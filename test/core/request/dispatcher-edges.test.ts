import { expect } from 'chai'
import type { ProtocolPlugin } from '../../../core/plugin/protocol-plugin.js'
import { as, dispatchingHouse, npm } from './dispatched-plugins.js'
import { bytesOf, FakeHouse, textOf } from './fake-house.js'

describe('dispatcher, at its edges', () => {
  let house: FakeHouse
  beforeEach(() => {
    house = dispatchingHouse()
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
