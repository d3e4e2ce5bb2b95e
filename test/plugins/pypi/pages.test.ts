import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { json, openPypiHouse, upload } from './pypi-house.js'

const wheel = buildWheel({ name: 'Friendly-Bard', version: '1.0', requiresPython: '>=3.9,<4' })

describe('the simple index of a repository', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
    for (const path of ['/acme/py/', '/acme/open/'])
      expect((await upload(house, wheel, 'Friendly-Bard', '1.0', {}, { path })).status).to.equal(200)
    const sdist = await buildSdist({ name: 'Friendly-Bard', version: '1.0.0', requiresPython: '>=3.9,<4' })
    expect((await upload(house, sdist, 'Friendly-Bard', '1.0.0')).status).to.equal(200)
    expect((await upload(house, buildWheel({ name: 'aria', version: '0.9rc1' }), 'aria', '0.9rc1')).status).to.equal(200)
  })
  after(() => house.close())

  const get = (target: string, headers: Record<string, string> = {}) => house.call('GET', target, { headers })

  it('lists the files of a project as JSON', async () => {
    const answer = await get('/acme/py/simple/friendly-bard/', { accept: json })
    expect(answer.status).to.equal(200)
    expect(answer.headers['content-type']).to.equal(json)
    expect(answer.headers['cache-control']).to.equal('private, no-cache')
    expect(answer.headers['vary']).to.match(/^Accept, Accept-Encoding, Authorization/)
    expect(answer.headers['etag']).to.match(/^W\/"/)
    expect(answer.headers).not.to.have.property('last-modified')
    expect(answer.headers).not.to.have.property('access-control-allow-origin')
    const document = answer.json() as { name: string; versions: readonly string[]; files: readonly Record<string, unknown>[] }
    expect(document.name).to.equal('friendly-bard')
    expect(document.versions).to.deep.equal(['1.0'])
    expect(document.files.map(({ filename }) => filename)).to.deep.equal([
      'friendly_bard-1.0-py3-none-any.whl',
      'friendly_bard-1.0.0.tar.gz',
    ])
    const { 'upload-time': time, ...first } = document.files[0] ?? {}
    expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(first).to.deep.equal({
      filename: wheel.filename,
      url: `../../files/${wheel.sha256}/${wheel.filename}`,
      hashes: { sha256: wheel.sha256 },
      'requires-python': '>=3.9,<4',
      size: wheel.content.length,
      yanked: false,
      'core-metadata': { sha256: wheel.metadataSha256 },
      provenance: null,
    })
  })

  it('answers HTML to whoever takes anything, and to the alias', async () => {
    for (const target of [
      '/acme/py/simple/friendly-bard/',
      '/acme/py/+simple/friendly-bard/',
      '/acme/py/%2Bsimple/friendly-bard/',
    ]) {
      const answer = await get(target, { accept: '*/*' })
      expect(answer.status, target).to.equal(200)
      expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8')
      expect(answer.text().match(/<a /g)).to.have.length(2)
      expect(answer.text()).to.contain(
        `<a href="../../files/${wheel.sha256}/${wheel.filename}#sha256=${wheel.sha256}" data-requires-python="&gt;=3.9,&lt;4"`,
      )
    }
  })

  it('lists projects under their own spelling', async () => {
    const answer = await get('/acme/py/simple/', { accept: json })
    expect(answer.json()).to.deep.equal({
      meta: { 'api-version': '1.4' },
      projects: [{ name: 'aria' }, { name: 'Friendly-Bard' }],
    })
    const page = (await get('/acme/py/simple/')).text()
    expect(page).to.contain('<a href="friendly-bard/">Friendly-Bard</a><br>')
    const again = await get('/acme/py/simple/', { accept: json, 'if-none-match': answer.headers['etag'] ?? '' })
    expect(again.status).to.equal(304)
  })

  it('answers 304 while nothing changed, 200 as soon as something did', async () => {
    const target = '/acme/py/simple/aria/'
    const first = await get(target, { accept: json })
    const condition = { accept: json, 'if-none-match': first.headers['etag'] ?? '' }
    const unchanged = await get(target, condition)
    expect(unchanged.status).to.equal(304)
    expect(unchanged.headers['etag']).to.equal(first.headers['etag'])
    expect(unchanged.headers['cache-control']).to.equal('private, no-cache')
    expect((await get(target, { accept: json, 'if-none-match': '*' })).status).to.equal(304)
    await upload(house, buildWheel({ name: 'aria', version: '0.9' }), 'aria', '0.9')
    const changed = await get(target, condition)
    expect(changed.status).to.equal(200)
    expect((changed.json() as { versions: unknown }).versions).to.deep.equal(['0.9rc1', '0.9'])
  })

  it('sends every other spelling to the canonical address', async () => {
    const redirects: readonly [string, string][] = [
      ['/acme/py/simple', 'simple/'],
      ['/acme/py/simple/Friendly.Bard/', 'simple/friendly-bard/'],
      ['/acme/py/simple/friendly-bard', 'simple/friendly-bard/'],
      ['/acme/py/simple/FRIENDLY__bard?format=text/html', 'simple/friendly-bard/?format=text%2Fhtml'],
      ['/acme/py/simple//friendly-bard/', 'simple/friendly-bard/'],
      ['/acme/py//simple/friendly-bard/', 'simple/friendly-bard/'],
      ['/acme/py/+simple', 'simple/'],
      ['/acme/py/legacy/+simple/friendly-bard/', 'simple/friendly-bard/'],
      ['/acme/py/legacy/+simple/', 'simple/'],
    ]
    for (const [from, to] of redirects) {
      const answer = await get(from)
      expect(answer.status, from).to.equal(301)
      expect(new URL(answer.headers['location'] ?? '', `${house.url}${from}`).href, from).to.equal(`${house.url}/acme/py/${to}`)
    }
  })

  it('answers 404 in plain text to what is no project', async () => {
    for (const name of ['unknown', '%00', 'a%20b', '-x', '__proto__', 'constructor']) {
      const answer = await get(`/acme/py/simple/${name}/`)
      expect([400, 404], name).to.include(answer.status)
      expect(answer.headers['cache-control'], name).to.equal('no-store')
    }
    const answer = await get('/acme/py/simple/unknown/')
    expect(answer.status).to.equal(404)
    expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8')
    expect(answer.text()).to.equal('Project not found: unknown\n')
  })

  it('answers 406 with the types that it has', async () => {
    for (const target of ['/acme/py/simple/', '/acme/py/simple/friendly-bard/']) {
      const answer = await get(target, { accept: 'application/json' })
      expect(answer.status).to.equal(406)
      expect(answer.text()).to.contain(`${json}\napplication/vnd.pypi.simple.v1+html\ntext/html\n`)
    }
  })

  it('answers 405 to an upload, and says where uploads go', async () => {
    for (const method of ['POST', 'PUT']) {
      const answer = await house.call(method, '/acme/py/simple/friendly-bard/', { body: 'x' })
      expect(answer.status).to.equal(405)
      expect(answer.headers['allow']).to.match(/^GET, HEAD/)
      expect(answer.reason).to.match(/uploaded by POST to the address of the repository itself, without 'simple\/'\.$/)
      expect(answer.text()).to.equal(`${answer.reason}\n`)
    }
  })

  it('answers HEAD as GET without a body', async () => {
    const [whole, head] = [await get('/acme/py/simple/aria/'), await house.call('HEAD', '/acme/py/simple/aria/')]
    expect(head.status).to.equal(200)
    expect(head.headers['etag']).to.equal(whole.headers['etag'])
    expect(head.headers['content-length']).to.equal(whole.headers['content-length'])
    expect(head.body.length).to.equal(0)
  })

  it('is closed to strangers with a challenge, and 403 to members without a right', async () => {
    for (const project of ['friendly-bard', 'unknown']) {
      const stranger = await house.call('GET', `/acme/py/simple/${project}/`, { as: 'nobody' })
      expect(stranger.status).to.equal(401)
      expect(stranger.headers['www-authenticate']).to.equal('Basic realm="acme", charset="UTF-8"')
      expect((await house.call('GET', `/acme/py/simple/${project}/`, { as: 'gus' })).status).to.equal(403)
      expect((await house.call('GET', `/acme/py/simple/${project}/`, { as: 'bert' })).status).to.equal(401)
    }
    expect((await house.call('GET', '/beta/py/simple/friendly-bard/', { as: 'bert' })).status).to.equal(404)
  })

  it('takes Basic with name and password, a token as password, and a token as user', async () => {
    const basic = (user: string, password: string) => ({
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    })
    const token = house.token('rita')
    for (const [user, password] of [
      ['rita', house.password('rita')],
      ['__token__', token],
      ['anything', `${token}\n`],
      [token, ''],
    ] as const) {
      const answer = await house.call('GET', '/acme/py/simple/aria/', { as: 'nobody', headers: basic(user, password) })
      expect(answer.status, user).to.equal(200)
    }
    const wrong = await house.call('GET', '/acme/py/simple/aria/', { as: 'nobody', headers: basic('rita', 'no') })
    expect(wrong.status).to.equal(401)
  })
})
