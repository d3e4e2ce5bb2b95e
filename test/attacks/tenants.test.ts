import { expect } from 'chai'
import type { Answer, CallOptions, House } from '../support/house.js'
import { instanceOf, operatorOf, type Thing } from '../support/management.js'
import { publishBody } from '../support/npm-package.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import {
  basic,
  expectUnharmed,
  openWholeHouse,
  packages,
  type Stored,
  sendUpload,
  stored,
  type Upload,
  uploads,
} from './whole-house.js'

describe('attacks on permissions and tenants (security guide 4, A)', function () {
  this.timeout(60_000)
  let house: House
  let written: Stored
  before(async () => {
    house = await openWholeHouse({ behindProxy: true })
    written = await stored(house)
  })
  afterEach('nothing was written, and everything is answered as ever', () => expectUnharmed(house, written))
  after(() => house.close())

  const send = (upload: Upload, options: Pick<CallOptions, 'as' | 'headers'>) => sendUpload(house, upload, options)
  const as = (authorization: string) => ({ as: 'nobody' as const, headers: { authorization } })
  async function issue(scopes: readonly string[]): Promise<string> {
    return (await operatorOf(house).done('POST', 'tokens', { member: 'dora', name: 'test', scopes }))['token'] as string
  }
  async function idOf(repository: string): Promise<string> {
    return (await operatorOf(house).done('GET', `repositories/${repository}`))['id'] as string
  }

  it('A1 an id of another organization is no more there than one that nobody has', async () => {
    const theirs = operatorOf(house, 'beta')
    const [member] = await theirs.items('members')
    const token = await theirs.done('POST', 'tokens', { member: 'bert', name: 'theirs', scopes: ['org:read'] })
    const ours = operatorOf(house)
    const plain = (answer: Answer, id: unknown) =>
      [
        answer.status,
        answer
          .text()
          .replaceAll(String(id), 'ID')
          .replaceAll(answer.headers['x-request-id'] ?? '?', ''),
      ] as const
    for (const [path, id, nobodys] of [
      ['tokens', token['id'], `${String(token['id']).slice(0, -4)}0000`],
      ['members', member?.['id'], `${String(member?.['id']).slice(0, -4)}0000`],
    ] as const) {
      const foreign = plain(await ours.send('DELETE', `${path}/${id}`), id)
      expect(foreign, path).to.deep.equal(plain(await ours.send('DELETE', `${path}/${nobodys}`), nobodys))
      expect(foreign[0]).to.equal(404)
    }
    expect((await theirs.items('tokens?member=bert')).map(({ id }) => id)).to.include(token['id'])
    await theirs.done('DELETE', `tokens/${token['id']}`)
  })

  it('A3 a token of one repository finds nothing of another by any way of looking', async () => {
    const token = await issue([`repo:${await idOf('files')}:delete`, 'org:read'])
    const header = as(`Bearer ${token}`)
    expect((await house.call('GET', '/acme/files/kept.txt', header)).status).to.equal(200)
    const targets = [
      ...packages('acme').filter((target) => !target.startsWith('/acme/files/')),
      ...['/acme/js/', '/acme/js/-/ping', '/acme/js/-/whoami', '/acme/js/-/v1/search?text=tool', '/acme/js/-/all'],
      ...['/acme/js/-/package/tool/dist-tags', '/acme/py/', '/acme/py/simple/', '/acme/jars/org/demo/tool/maven-metadata.xml'],
    ]
    for (const target of targets) {
      const answer = await house.call('GET', target, header)
      expect(answer.status, target).to.be.oneOf([403, 404])
      expect(answer.text().includes('a tool'), target).to.equal(false)
    }
    for (const upload of await uploads('acme', '2.0'))
      if (!upload.target.startsWith('/acme/files/'))
        expect((await send(upload, header)).status, upload.target).to.be.oneOf([403, 404])
    const listed = (await house.call('GET', '/acme/-/api/v1/repositories', header)).json() as { items: readonly Thing[] }
    expect(listed.items.map(({ name }) => name)).to.deep.equal(['files'])
    for (const path of ['repositories/js', 'grants', 'members', 'groups'])
      expect((await house.call('GET', `/acme/-/api/v1/${path}`, header)).status, path).to.be.oneOf([403, 404])
  })

  it('A5 fields that a body may not have are refused, and nothing of it is applied', async () => {
    const organization = operatorOf(house)
    const instance = instanceOf(house)
    const everything = async () =>
      JSON.stringify([
        await instance.items('organizations'),
        ...(await Promise.all(['members', 'groups', 'repositories', 'grants', 'tokens'].map((path) => organization.items(path)))),
      ])
    const bodies: [string, string, Thing][] = [
      ['POST', 'members', { name: 'mallory', password: 'a-long-password' }],
      ['PATCH', 'members/gus', { displayName: 'Gus' }],
      ['POST', 'groups', { name: 'crew' }],
      ['POST', 'repositories', { name: 'more', format: 'raw' }],
      ['PATCH', 'repositories/files', { public: false }],
      ['POST', 'tokens', { member: 'gus', name: 'more', scopes: ['repo:*:read'] }],
    ]
    const extra = [
      { isOwner: true },
      { organizationId: 'org_x' },
      { organization: 'beta' },
      { id: 'mem_x' },
      { createdAt: '2020-01-01' },
    ]
    const more = [{ quota: 1 }, { status: 'owner' }, { kind2: 1 }, { Role: 'owner' }, { permissions: ['*'] }]
    // The last use of a token is noted behind the request that used it.
    const before = await everything()
    for (const [method, path, body] of bodies)
      for (const field of [...extra, ...more]) {
        const answer = await organization.send(method, path, { ...body, ...field })
        expect(answer.status, `${method} ${path} ${JSON.stringify(field)}: ${answer.text()}`).to.equal(400)
      }
    for (const field of [...extra, ...more])
      expect((await instance.send('POST', 'organizations', { name: 'gamma', ...field })).status, JSON.stringify(field)).to.equal(
        400,
      )
    for (const hidden of ['{"name":"mallory","__proto__":{"role":"owner"}}', '{"name":"mallory","role":"reader","role":"owner"}'])
      expect(
        (
          await house.call('POST', '/acme/-/api/v1/members', {
            as: 'nobody',
            headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
            body: hidden,
          })
        ).status,
        hidden,
      ).to.equal(400)
    expect(await everything()).to.equal(before)
  })

  it('A9 there is no address that sets anything up', async () => {
    const names = ['setup', 'install', 'bootstrap', 'join', 'register', 'init', 'first-start', 'admin', 'debug', 'status']
    for (const name of names)
      for (const target of [
        `/${name}`,
        `/-/${name}`,
        `/-/api/v1/${name}`,
        `/_/${name}`,
        `/acme/-/${name}`,
        `/acme/-/api/v1/${name}`,
      ])
        for (const method of ['GET', 'POST', 'PUT'])
          for (const caller of ['nobody', 'olga'] as const) {
            const { status } = await house.call(method, target, { as: caller, headers: { 'x-forwarded-for': '10.3.1.1' } })
            expect(status, `${method} ${target}`).to.be.oneOf([401, 404])
          }
  })

  it('A14 a page of another site writes nothing with the credentials of a browser', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${house.url}.evil.example` },
      { origin: house.url.replace('http:', 'https:') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: house.url },
    ]
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const attempts: Upload[] = [
      ...(await uploads('acme', '2.0')),
      ...(await uploads('acme', '2.0')).map(({ target }) => ({ method: 'POST', target, headers: form, body: 'a=b' })),
      ...packages('acme').map((target) => ({ method: 'DELETE', target })),
      {
        method: 'PUT',
        target: '/acme/js/-/user/org.couchdb.user:dora',
        body: JSON.stringify({ name: 'dora', password: house.password('dora') }),
      },
    ]
    for (const attempt of attempts)
      for (const headers of foreign) {
        const answer = await send(attempt, {
          as: 'nobody',
          headers: { authorization: basic('olga', house.password('olga')), ...headers },
        })
        expect(answer.status, `${attempt.method} ${attempt.target} ${JSON.stringify(headers)}`).to.equal(403)
        expect(answer.headers).to.not.have.any.keys('access-control-allow-origin', 'access-control-allow-credentials')
      }
    for (const headers of foreign) {
      const authorization = `Bearer ${house.operatorToken()}`
      const answer = await house.call('POST', '/-/api/v1/organizations', {
        as: 'nobody',
        headers: { authorization, ...headers },
        body: '{"name":"gamma"}',
      })
      expect(answer.status).to.equal(403)
    }
  })

  it('A14 no header and no parameter turns one method into another', async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      for (const target of packages('acme')) {
        expect((await house.call('GET', target, { as: 'olga', headers: { [name]: 'DELETE' } })).status, target).to.equal(200)
        const posted = await house.call('POST', `${target}?_method=DELETE`, {
          as: 'olga',
          headers: { [name]: 'DELETE' },
          body: '_method=DELETE',
        })
        expect(posted.status, target).to.be.oneOf([400, 404, 405])
      }
  })

  it('A15 whoever may write neither overwrites, nor removes, nor empties what is published', async () => {
    const jar = '/acme/jars/org/demo/tool/1.0/tool-1.0.pom'
    const pom = (await house.call('GET', jar)).text()
    expect((await house.call('PUT', jar, { body: `${pom}<!-- other -->` })).status).to.equal(409)
    const metadata = '/acme/jars/org/demo/tool/maven-metadata.xml'
    const computed = (await house.call('GET', metadata)).text()
    const claimed = computed.replaceAll('>1.0<', '>9.9<').replace('<versions>', '<versions><version>0.1</version>')
    expect((await house.call('PUT', metadata, { body: claimed })).status).to.be.within(200, 299)
    expect((await house.call('GET', metadata)).text()).to.equal(computed)
    for (const target of packages('acme')) expect((await house.call('DELETE', target)).status, target).to.be.oneOf([403, 405])

    const packument = (await house.call('GET', '/acme/js/tool')).json() as { _rev: string; versions: Thing }
    const put = async (target: string, body: unknown) =>
      (await house.call('PUT', target, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status
    const other = await publishBody({ name: 'tool', version: '1.0.0', description: 'another' })
    expect(await put('/acme/js/tool', other)).to.equal(403)
    for (const body of [
      { ...packument, versions: {} },
      { ...packument, versions: {}, 'dist-tags': {} },
    ])
      expect(await put(`/acme/js/tool/-rev/${packument._rev}`, body)).to.equal(403)
    expect((await house.call('DELETE', '/acme/js/-/package/tool/dist-tags/latest')).status).to.be.oneOf([400, 403])
    // Tags may be written, but a package is never without its latest.
    expect(await put('/acme/js/-/package/tool/dist-tags', {})).to.equal(201)
    expect((await house.call('GET', '/acme/js/-/package/tool/dist-tags')).json()).to.deep.equal({ latest: '1.0.0' })
    expect((await house.call('DELETE', `/acme/js/tool/-/tool-1.0.0.tgz/-rev/${packument._rev}`)).status).to.equal(403)

    const changed = buildWheel({ name: 'tool', version: '1.0', description: 'other bytes' })
    const form = multipart(uploadParts(changed, 'tool', '1.0'))
    expect((await house.call('POST', '/acme/py/', form)).status).to.equal(400)
  })
})
