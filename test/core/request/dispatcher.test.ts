import { expect } from 'chai'
import type { ProtocolPlugin } from '../../../core/plugin/protocol-plugin.js'
import { repositoryRoute } from '../../../core/plugin/route.js'
import { text } from '../../../core/request/reply.js'
import { as, dispatchingHouse, house401, raw } from './dispatched-plugins.js'
import { bytesOf, FakeHouse, textOf } from './fake-house.js'

describe('dispatcher', () => {
  let house: FakeHouse
  beforeEach(() => {
    house = dispatchingHouse()
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
})
