import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, openPypiHouse, upload } from './pypi-house.js'

const spellings = ['Friendly-Bard', 'FRIENDLY.BARD', 'friendly__bard', 'friendly.-_-bard', 'friendly-bard']

describe('the spellings of one project', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
  })
  after(() => house.close())

  it('are one project: one page, one list entry under the spelling of the newest file, one set of documents', async () => {
    for (const [minor, name] of spellings.entries())
      expect((await upload(house, buildWheel({ name, version: `1.${minor}` }), name, `1.${minor}`)).status, name).to.equal(200)
    const list = await house.call('GET', '/acme/py/simple/', { headers: { accept: json } })
    expect((list.json() as { projects: unknown }).projects).to.deep.equal([{ name: 'friendly-bard' }])
    const page = await house.call('GET', '/acme/py/simple/friendly-bard/', { headers: { accept: json } })
    expect((page.json() as { versions: unknown }).versions).to.deep.equal(['1.0', '1.1', '1.2', '1.3', '1.4'])
    for (const path of await house.storedFiles()) expect(path).to.match(/^acme\/py\/friendly-bard\//)
    for (const document of await house.storedDocuments()) expect(document).to.match(/^acme\/py\/pypi\/friendly-bard: /)
    for (const name of spellings.slice(0, 4)) {
      const answer = await house.call('GET', `/acme/py/simple/${name}/`)
      expect([answer.status, answer.headers['location']]).to.deep.equal([301, `${house.url}/acme/py/simple/friendly-bard/`])
    }
  })

  it('lead to the files by links that are right from every address that serves a page', async () => {
    for (const page of [
      '/acme/py/simple/friendly-bard/',
      '/acme/py/+simple/friendly-bard/',
      '/acme/py/%2Bsimple/friendly-bard/',
    ]) {
      const html = (await house.call('GET', page)).text()
      const links = [...html.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => new URL(href ?? '', house.url + page))
      expect(links).to.have.length(5)
      for (const { pathname } of links) expect((await house.call('GET', pathname)).status, `${page} ${pathname}`).to.equal(200)
      const { files } = (await house.call('GET', page, { headers: { accept: json } })).json() as {
        files: readonly { url: string }[]
      }
      expect(files.map(({ url }) => new URL(url, house.url + page).pathname)).to.deep.equal(links.map(({ pathname }) => pathname))
    }
  })

  it('are refused as uploads of one file, and so are spellings of a version and orders of tags', async () => {
    const tag = 'py2.py3-none-any'
    expect((await upload(house, buildWheel({ name: 'lute', version: '2.0', tag }), 'lute', '2.0')).status).to.equal(200)
    const before = await house.storedFiles()
    const other = buildWheel({ name: 'lute', version: '2.0', files: { 'more.py': '' } })
    for (const filename of [
      'LUTE-2.0-py2.py3-none-any.whl',
      'lute-2-py2.py3-none-any.whl',
      'lute-2.0.0-py2.py3-none-any.whl',
      'lute-v2.0-py2.py3-none-any.whl',
      'lute-0!2.0-py2.py3-none-any.whl',
      'lute-2.0-py3.py2-none-any.whl',
    ]) {
      const answer = await upload(house, { ...other, filename }, 'lute', '2')
      expect([answer.status, answer.reason], filename).to.satisfy(
        ([status, reason]: [number, string]) => status === 400 && reason.startsWith("File already exists ('lute-2.0-py2.py3"),
      )
    }
    expect((await upload(house, await buildSdist({ name: 'lute', version: '2.0' }), 'lute', '2.0')).status).to.equal(200)
    for (const file of [
      await buildSdist({ name: 'lute', version: '2.0.0' }),
      await buildSdist({ name: 'lute', version: '2.0', extension: '.zip' }),
    ]) {
      const answer = await upload(house, file, 'lute', '2.0')
      expect([answer.status, answer.reason]).to.deep.equal([400, 'Only one sdist may be uploaded per release.'])
    }
    expect(await house.storedFiles()).to.deep.equal([...before, 'acme/py/lute/lute-2.0.tar.gz'].sort())
  })

  it('that are no names are no projects: not on upload and not in an address', async () => {
    const before = await house.storedDocuments()
    const none = ['-bard', 'bard-', '_', '.', 'naïve', 'a b', 'bard/', '..', 'bard\n', 'b\u0130rd', 'x'.repeat(215)]
    for (const name of none) {
      const answer = await upload(house, buildWheel({ name: 'bard', version: '1.0' }), name, '1.0')
      expect(answer.status, name).to.equal(400)
      expect(answer.reason, name).to.match(/ is an invalid value for Name\. Error: /)
      const page = await house.call('GET', `/acme/py/simple/${encodeURIComponent(name)}/`)
      expect(page.status, name).to.be.oneOf([301, 400, 404])
    }
    expect(await house.storedDocuments()).to.deep.equal(before)
  })
})

describe('addresses behind a proxy that serves the house below a prefix', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start({ CLOUDREPO_PUBLIC_URL: 'https://repo.example.com/base' })
  })
  after(() => server.stop())

  it('that are redirected keep prefix and query, and never lead to another host', async () => {
    const { token } = await server.target('pypi')
    const headers = { authorization: `Bearer ${token}`, host: 'repo.example.com' }
    const base = 'https://repo.example.com/base/main/pypi'
    for (const [from, to] of [
      ['/main/pypi/simple', '/simple/'],
      ['/main/pypi/simple/Foo.Bar/?a=1&b=%26', '/simple/foo-bar/?a=1&b=%26'],
      ['/main/pypi/simple/foo-bar?a=%20', '/simple/foo-bar/?a=+'],
      ['/main/pypi/simple//foo-bar/?a=1', '/simple/foo-bar/?a=1'],
      ['/main/pypi//simple/Foo/', '/simple/Foo/'],
      ['/main/pypi/legacy/+simple/foo/?x', '/simple/foo/?x='],
    ] as const) {
      const answer = await call(server.url, { method: 'GET', target: from, headers })
      expect([answer.status, answer.headers['location']], from).to.deep.equal([301, base + to])
    }
    for (const target of [
      '//evil.example/..',
      '//evil.example/main/pypi/simple',
      '/main/pypi//evil.example/%2e%2e',
      '/\\evil.example',
    ]) {
      const answer = await call(server.url, { method: 'GET', target, headers })
      expect(answer.headers['location'] ?? base, target).to.match(/^https:\/\/repo\.example\.com\/base\//)
    }
  })
})
