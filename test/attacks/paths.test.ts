import { expect } from 'chai'
import api from '../../plugins/api/index.js'
import type { House } from '../support/house.js'
import { mountPath, routeAddresses, sendsBody } from '../support/route-addresses.js'
import { exchange } from '../support/wire.js'
import { bases, controlAreas, expectUnharmed, openWholeHouse, type Stored, stored } from './whole-house.js'

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const
const everywhere = [...bases, ...controlAreas]

let callers = 0
/** Guessing is throttled by address, and that has tests of its own. */
function nextAddress(): string {
  callers += 1
  return `10.2.${callers >> 8}.${callers & 255}`
}

describe('attacks on paths (security guide 4, P)', function () {
  this.timeout(60_000)
  let house: House
  let written: Stored
  before(async () => {
    house = await openWholeHouse({ behindProxy: true })
    written = await stored(house)
  })
  afterEach('nothing was written, and everything is answered as ever', () => expectUnharmed(house, written))
  after(() => house.close())

  /** By the owner, by every method, with a body where one belongs. */
  async function statuses(target: string): Promise<readonly number[]> {
    const answers: number[] = []
    for (const method of methods) {
      const { status } = await house.call(method, target, {
        as: 'olga',
        ...(method === 'PUT' || method === 'POST' ? { body: 'x' } : {}),
      })
      answers.push(status)
    }
    return answers
  }

  const hostile: Readonly<Record<string, readonly string[]>> = {
    'P1 dots up to the file system': ['/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/../../../etc/passwd', '/a/.%2E/b', '/./x', '/a/..'],
    'P2 encoded slashes in front': ['/%2F%2F%2F%2F%2F..%2F..%2F..%2Fetc%2Fpasswd'],
    'P3 encoded slashes into another organization': [
      '/a/..%2f..%2f..%2fbeta/files/x.bin',
      '/@a%2f..%2f..%2f..%2fbeta%2ffiles%2fx',
    ],
    'P4 backslashes': ['/..\\..\\x', '/%5c..%5c..%5cx', '/a%5Cb', '/a\\b'],
    'P5 a zero byte': ['/app.jar%00.html', '/%00', '/a/b%00'],
    'P6 what is no UTF-8': ['/%c0%ae%c0%ae/x', '/%ff', '/%ed%a0%80', '/%e0%80%ae', '/%f4%90%80%80', '/%zz', '/a%2'],
    'P14 a way out of an archive': ['/x-javadoc.jar/!/../../../x', '/x-javadoc.jar/!/%2e%2e/%2e%2e/x'],
    'P15 what cannot be seen': ['/a%E2%80%8Bb', '/a%E2%80%AEb', '/a%EF%BB%BFb', '/a%C2%ADb', '/a%E2%80%A8b', '/%C2%85', '/a%7Fb'],
  }
  for (const [id, suffixes] of Object.entries(hostile)) {
    it(`${id}: 400 below every mount, whoever asks by whatever method`, async () => {
      for (const base of everywhere)
        for (const suffix of suffixes) {
          expect(await statuses(base + suffix), base + suffix).to.deep.equal([400, 400, 400, 400, 400])
          const stranger = await exchange(house.url, { method: 'GET', target: base + suffix })
          expect([stranger.status, stranger.body.includes('\ufffd')], suffix).to.deep.equal([400, false])
        }
    })
    it(`${id}: 400 in the place of an organization and of a repository`, async () => {
      for (const suffix of suffixes)
        for (const front of ['', '/acme']) {
          const answer = await exchange(house.url, { method: 'GET', target: front + suffix })
          expect(answer.status, front + suffix).to.equal(400)
        }
    })
  }

  it('P7 doubled slashes never lead into a control area, and its names are no content', async () => {
    for (const target of [
      '/acme//-/api/v1/members',
      '//acme/-/api/v1/members',
      '/acme/-//api/v1/members',
      '//-/api/v1/organizations',
    ])
      expect(await statuses(target), target).to.deep.equal([400, 400, 400, 400, 400])
    for (const base of bases)
      for (const suffix of ['//-/x', '/-/x', '//-/api/v1/members', '/-/api/v1/tokens', '/-/../x']) {
        const found = await statuses(base + suffix)
        // npm has addresses of its own below '-', and none of these is one; pypi sends readers to the canonical address.
        for (const status of found) expect(status, `${base}${suffix} ${found}`).to.be.oneOf([301, 400, 404, 405])
      }
    for (const base of bases)
      for (const suffix of ['//.meta/x', '/a//b']) {
        const answer = await house.call('GET', base + suffix)
        expect(answer.status, base + suffix).to.be.oneOf([301, 400, 404])
      }
  })

  it('P7 no redirect leaves the mount it began in', async () => {
    for (const base of [...bases, '/acme', ''])
      for (const suffix of [
        '//evil.example/',
        '//evil.example',
        '/simple//evil.example',
        '/%09//evil.example/',
        '///evil.example/%2e%2e',
      ]) {
        const { status, headers } = await house.call('GET', base + suffix)
        expect(status, base + suffix).to.be.oneOf([301, 308, 400, 404])
        const location = headers['location']
        if (location !== undefined)
          expect(new URL(location, house.url).href.startsWith(`${house.url}${base}/`), `${suffix} to ${location}`).to.equal(true)
      }
  })

  it('P8 path parameters do not change which file is meant', async () => {
    const kept = '/acme/jars/org/demo/tool/1.0/tool-1.0.pom'
    const content = (await house.call('GET', kept)).text()
    for (const suffix of [';/../../../b/2/b-2.jar', ';/x', ';x=1', '%3b/x', '/..;/x', '/.;/x'])
      expect(await statuses(kept + suffix), suffix).to.deep.equal([400, 400, 400, 400, 400])
    for (const base of ['/acme/js/tool', '/acme/py/simple/tool', '/acme/-/api/v1/members'])
      for (const suffix of [';x', ';/../x', '/..;/x', '%3Bx']) {
        for (const status of await statuses(base + suffix)) expect(status, base + suffix).to.be.oneOf([400, 401])
      }
    // Raw takes a semicolon for text like any other: another file, and not there.
    expect((await house.call('GET', '/acme/files/kept.txt;x')).status).to.equal(404)
    expect((await house.call('GET', kept)).text()).to.equal(content)
  })

  it('P9 and P10 no spelling of a privileged address is open to whom its plain form is closed', async () => {
    const variants: readonly ((path: string) => string)[] = [
      (path) => `${path}/`,
      (path) => path.replace('/v1/', '//v1/'),
      (path) => path.replace('/-/', '/-//'),
      (path) => path.toUpperCase(),
      (path) => `${path};x`,
      (path) => path.replace('/v1/', '/%2e/v1/'),
      (path) => path.replace('/v1/', '/%76%31/'),
      (path) => `${path}/x.css`,
      (path) => `${path}/..;/health`,
      (path) => `${path}?x=/-/health`,
      (path) => `${path}%20`,
      (path) => `${path}.`,
      (path) => `${path}/%2e%2e/health`,
      (path) => `/-/health/..${path}`,
    ]
    for (const { scope, method, path, permission } of routeAddresses(api)) {
      if (permission === 'none') continue
      const plain = mountPath('api', scope, 'acme', '') + path
      const body = sendsBody(method) && method !== 'DELETE' ? { body: '{}' } : {}
      for (const as of ['nobody', 'gus', 'bert'] as const) {
        const from = () => ({ as, headers: { 'x-forwarded-for': nextAddress() }, ...body })
        if ((await house.call(method, plain, from())).status < 300) continue
        for (const variant of variants) {
          const { status } = await house.call(method, variant(plain), from())
          expect(status, `${method} ${variant(plain)} as ${as}`).to.be.oneOf(
            as === 'gus' ? [400, 401, 403, 404, 405] : [400, 401, 404],
          )
        }
      }
    }
  })

  it('P11 a target in absolute form is refused on every mount', async () => {
    for (const base of everywhere)
      for (const origin of ['http://evil.example', house.url, 'https://evil.example:80', 'HTTP://x'])
        for (const method of ['GET', 'PUT'] as const) {
          const answer = await exchange(house.url, {
            method,
            target: `${origin}${base}/x`,
            headers: { Authorization: `Bearer ${house.token('olga')}` },
          })
          expect(answer.status, `${method} ${origin}${base}`).to.equal(400)
        }
    for (const target of ['*', 'acme/files/kept.txt', '@evil.example/', '?x', '/acme/files/kept.txt#x']) {
      const answer = await exchange(house.url, {
        method: 'GET',
        target,
        headers: { Authorization: `Bearer ${house.token('olga')}` },
      })
      expect(answer.status, target).to.equal(400)
    }
  })

  it('P12 a target of 9 KB is 414, six hundred segments and a name of three hundred bytes are 400', async () => {
    for (const base of everywhere) {
      expect(await statuses(`${base}/${'x'.repeat(9_000)}`), base).to.deep.equal([414, 414, 414, 414, 414])
      expect(await statuses(`${base}/x?${'y'.repeat(5_000)}`), base).to.deep.equal([414, 414, 414, 414, 414])
      expect(await statuses(`${base}/${'s/'.repeat(600)}x`), base).to.deep.equal([400, 400, 400, 400, 400])
      expect(await statuses(`${base}/${'n'.repeat(300)}`), base).to.deep.equal([400, 400, 400, 400, 400])
      expect(await statuses(`${base}/x?${'a=1&'.repeat(100)}`), base).to.deep.equal([400, 400, 400, 400, 400])
    }
  })

  it('P15 a name that is not in normalization form C is refused where names are strict', async () => {
    for (const base of ['/acme/jars/org/demo', '/acme/js', '/acme/py/simple', '/acme/-/api/v1/members'])
      for (const status of await statuses(`${base}/cafe%CC%81`)) expect(status, base).to.be.oneOf([400, 401])
  })
})
