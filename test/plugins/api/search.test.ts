import { createHash } from 'node:crypto'
import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import maven from '../../../plugins/maven/index.js'
import npm from '../../../plugins/npm/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, type Management, memberOf, operatorOf, type Thing } from '../../support/management.js'
import { publishBody } from '../../support/npm-package.js'

const hexOf = (name: string, text: string) => createHash(name).update(text).digest('hex')
const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>com.acme</groupId><artifactId>app</artifactId><version>1.0</version>
<description>Greets people</description></project>`

describe('search and browsing of the management interface', () => {
  let house: House
  let operator: Management
  before(async () => {
    house = await openHouse({
      plugins: [raw, npm, maven, api],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'js', format: 'npm' },
        { name: 'jars', format: 'maven' },
        { name: 'secret', format: 'raw' },
      ],
      parts: async () => ({ limits: { searchesPerMinute: 10_000 } }),
    })
    operator = operatorOf(house)
    const put = async (target: string, body: string, as: 'dora' | 'bert' = 'dora') =>
      expect((await house.call('PUT', target, { as, body })).status).to.equal(201)
    for (const path of ['a', 'team/a/greeting.txt', 'team/ab/greeting.txt', 'team/b/notes.txt', 'team.txt', 'z/greeting.txt'])
      await put(`/acme/files/${path}`, `bytes of ${path}`)
    await put('/acme/secret/greeting.txt', 'bytes of a')
    await put('/beta/files/greeting.txt', 'bytes of a', 'bert')
    await put('/acme/jars/com/acme/app/1.0/app-1.0.pom', pom)
    const versions =
      '<versioning><release>1.0</release><versions><version>1.0</version></versions><lastUpdated>20260101000000</lastUpdated></versioning>'
    const metadata = `<metadata><groupId>com.acme</groupId><artifactId>app</artifactId>${versions}</metadata>`
    await house.call('PUT', '/acme/jars/com/acme/app/maven-metadata.xml', { body: metadata })
    const body = await publishBody({
      name: '@acme/greeting',
      version: '1.2.0',
      description: 'Says hello',
      license: 'MIT',
      keywords: ['hi'],
    })
    const headers = { 'content-type': 'application/json' }
    const published = await house.call('PUT', '/acme/js/@acme%2fgreeting', { headers, body: JSON.stringify(body) })
    expect(published.status).to.equal(201)
  })
  after(() => house.close())

  const named = ({ kind, repository, name }: Thing) => `${kind} ${repository} ${name}`
  const search = async (who: Management, q: string, more = '') =>
    (await who.items(`search?q=${encodeURIComponent(q)}${more}`)).map(named)
  const rita = () => memberOf(house, 'rita')
  const gus = () => memberOf(house, 'gus')
  const grant = (repository: string, path?: string) =>
    operator.done('PUT', 'grants', { subject: 'member:gus', repository, level: 'read', ...(path === undefined ? {} : { path }) })
  const ungrant = (repository: string, path?: string) =>
    operator.done('DELETE', `grants?subject=member:gus&repository=${repository}${path === undefined ? '' : `&path=${path}`}`)

  it('finds packages and files by words of their names, in order of repository', async () => {
    expect(await search(rita(), 'GREETING')).to.deep.equal([
      'file files team/a/greeting.txt',
      'file files team/ab/greeting.txt',
      'file files z/greeting.txt',
      'file js @acme/greeting/-/greeting-1.2.0.tgz',
      'package js @acme/greeting',
      'file secret greeting.txt',
    ])
    expect(await search(rita(), 'team greeting', '&kind=file')).to.have.length(2)
    expect(await search(rita(), 'greeting', '&kind=package&repository=js')).to.deep.equal(['package js @acme/greeting'])
    expect(await search(rita(), 'com.acme:app')).to.deep.equal(['package jars com/acme/app'])
    expect(await search(rita(), 'nothing-of-the-kind')).to.deep.equal([])
  })

  it('finds by property and by digest, and says what it found', async () => {
    for (const q of ['license:mit', 'keyword:hi', 'latest:1.2', 'description:hello', 'name:@acme license:MIT'])
      expect(await search(rita(), q), q).to.deep.equal(['package js @acme/greeting'])
    expect(await search(rita(), 'license:apache')).to.deep.equal([])
    const bytes = 'bytes of a'
    const both = ['file files a', 'file secret greeting.txt']
    for (const q of [hexOf('sha256', bytes), `sha256:${hexOf('sha256', bytes)}`, hexOf('sha256', bytes).toUpperCase()])
      expect(await search(rita(), q), q).to.deep.equal(both)
    const [name, text] = ['com/acme/app/1.0/app-1.0.pom', pom]
    for (const q of [hexOf('sha1', text), `md5:${hexOf('md5', text)}`])
      expect(await search(rita(), q)).to.deep.equal([`file jars ${name}`])
    expect((await rita().items(`search?q=${hexOf('sha256', bytes)}`))[0]).to.include({
      kind: 'file',
      repository: 'files',
      format: 'raw',
      name: 'a',
      title: 'a',
      latest: null,
      size: bytes.length,
      sha256: hexOf('sha256', bytes),
    })
    expect((await rita().items('search?q=license:mit'))[0]).to.deep.equal({
      kind: 'package',
      repository: 'js',
      format: 'npm',
      name: '@acme/greeting',
      title: '@acme/greeting',
      latest: '1.2.0',
      description: 'Says hello',
      size: null,
      sha256: null,
      modifiedAt: null,
    })
  })

  it('comes page by page with nothing twice and nothing missing', async () => {
    for (const q of ['greeting', 'a', hexOf('sha256', 'bytes of a')]) {
      const whole = await search(rita(), q)
      for (const limit of [1, 2, 3]) {
        const found: string[] = []
        let cursor = ''
        do {
          const { items, next } = await rita().done('GET', `search?q=${q}&limit=${limit}${cursor}`)
          found.push(...(items as Thing[]).map(named))
          cursor = next === null ? '' : `&cursor=${next}`
        } while (cursor !== '')
        expect(found, `${q} by ${limit}`).to.deep.equal(whole)
      }
    }
    const { next } = await rita().done('GET', 'search?q=greeting&limit=1')
    expectRefusal(await rita().send('GET', `search?q=other&cursor=${next}`), 400, 'invalid', 'The cursor is none of this list')
    expectRefusal(
      await memberOf(house, 'bert', 'beta').send('GET', `search?q=greeting&cursor=${next}`),
      400,
      'invalid',
      'The cursor is none of this list',
    )
  })

  it('shows a member what its grants reach, by repository and by path, and nothing else of anything', async () => {
    expectForbidden(await gus().send('GET', 'search?q=greeting'), 'repositories.read')
    expectForbidden(await gus().send('GET', 'artifacts/files'), 'repositories.read')
    await grant('files', 'team/a')
    expect(await search(gus(), 'greeting')).to.deep.equal(['file files team/a/greeting.txt'])
    expect(await search(gus(), hexOf('sha256', 'bytes of a'))).to.deep.equal([])
    expect((await gus().items('repositories')).map(({ name }) => name)).to.deep.equal(['files'])
    expect((await gus().items('artifacts/files')).map(({ name }) => name)).to.deep.equal(['team'])
    expect((await gus().items('artifacts/files?folder=team')).map(({ name }) => name)).to.deep.equal(['a'])
    expectRefusal(await gus().send('GET', 'artifacts/files?folder=z'), 404, 'not-found', 'folder not found: z')
    expectRefusal(await gus().send('GET', 'artifacts/files/file?path=team.txt'), 404, 'not-found', 'file not found: team.txt')
    for (const path of [
      'artifacts/js',
      'packages/js',
      'packages/js/@acme%2Fgreeting',
      'repositories/js/settings',
      'search?q=a&repository=js',
    ])
      expectRefusal(await gus().send('GET', path), 404, 'not-found', 'repository not found: js')
    await ungrant('files', 'team/a')
    await grant('jars', 'com/acme')
    expect(await search(gus(), 'app')).to.deep.equal(['file jars com/acme/app/1.0/app-1.0.pom', 'package jars com/acme/app'])
    await ungrant('jars', 'com/acme')
    await grant('js')
    expect(await search(gus(), 'greeting')).to.deep.equal([
      'file js @acme/greeting/-/greeting-1.2.0.tgz',
      'package js @acme/greeting',
    ])
    await ungrant('js')
    expect(await search(memberOf(house, 'bert', 'beta'), 'greeting')).to.deep.equal(['file files greeting.txt'])
    expect((await memberOf(house, 'bert').send('GET', 'search?q=greeting')).status).to.equal(401)
  })

  it('stays within the scopes of the token', async () => {
    const { id } = await operator.done('GET', 'repositories/secret')
    const issued = await operator.done('POST', 'tokens', { member: 'rita', name: 'narrow', scopes: [`repo:${id}:read`] })
    const headers = { authorization: `Bearer ${issued['token']}` }
    const get = (path: string) => house.call('GET', `/acme/-/api/v1/${path}`, { as: 'nobody', headers })
    expect(((await get('search?q=greeting')).json() as { items: Thing[] }).items.map(named)).to.deep.equal([
      'file secret greeting.txt',
    ])
    expect(((await get('repositories')).json() as { items: Thing[] }).items.map(({ name }) => name)).to.deep.equal(['secret'])
    expect((await get('artifacts/files')).status).to.equal(404)
  })

  it('browses folders, tells a file whole, and lists and shows packages', async () => {
    const root = await rita().done('GET', 'artifacts/files')
    expect((root['items'] as Thing[]).map(({ kind, name }) => `${kind} ${name}`)).to.deep.equal([
      'file a',
      'folder team',
      'file team.txt',
      'folder z',
    ])
    const first = await rita().done('GET', 'artifacts/files?limit=2')
    expect((await rita().items(`artifacts/files?limit=2&cursor=${first['next']}`)).map(({ name }) => name)).to.deep.equal([
      'team.txt',
      'z',
    ])
    const bytes = 'bytes of team/a/greeting.txt'
    const file = await rita().done('GET', 'artifacts/files/file?path=team/a/greeting.txt')
    expect(file).to.deep.equal({
      repository: 'files',
      path: 'team/a/greeting.txt',
      size: bytes.length,
      contentType: file['contentType'],
      digests: file['digests'],
      modifiedAt: file['modifiedAt'],
      publishedBy: file['publishedBy'],
      versions: 1,
      url: `${house.url}/acme/files/team/a/greeting.txt`,
    })
    expect((file['digests'] as Thing)['sha256']).to.equal(hexOf('sha256', bytes))
    expect((await rita().items('packages/jars')).map(({ name, title }) => [name, title])).to.deep.equal([
      ['com/acme/app', 'com.acme:app'],
    ])
    for (const name of ['com%2Facme%2Fapp', 'com%2facme%2fapp', 'com.acme:app'])
      expect((await rita().done('GET', `packages/jars/${name}`))['description'], name).to.equal('Greets people')
    expect(await rita().done('GET', 'packages/js/@acme%2Fgreeting')).to.include({ latest: '1.2.0', license: 'MIT' })
    expectRefusal(await rita().send('GET', 'packages/js/nope'), 404, 'not-found', 'package not found: nope')
    expect((await operator.items('artifacts/files')).length).to.equal(4)
    const lines = (await rita().send('GET', 'repositories/js/settings')).json() as Thing[]
    expect(lines.map(({ text }) => text).join('\n')).to.contain(`${house.url}/acme/js/`)
  })

  it('refuses what is no search, no path and no package', async () => {
    for (const [path, detail] of [
      ['search?q=%20', 'Say what to look for'],
      [`search?q=${Array(17).fill('a').join('+')}`, 'More than 16 words'],
      ['search?q=md5:abc', 'Not a md5 in hexadecimal'],
      ['artifacts/files?folder=/team', 'Not a path: folder'],
      ['artifacts/files?folder=team/', 'Not a path: folder'],
      ['artifacts/files?folder=a%00b', 'Not a path: folder'],
      ['artifacts/files/file?path=team//a', 'Not a path: path'],
    ] as const)
      expectRefusal(await rita().send('GET', path), 400, 'invalid', detail)
    for (const path of [
      'search',
      'search?q=',
      'search?q=a&q=b',
      `search?q=${'a'.repeat(513)}`,
      'artifacts/files/file',
      'packages/js/..%2f..',
    ])
      expect((await rita().send('GET', path)).status, path).to.equal(400)
    await operator.done('PUT', 'formats/npm', { enabled: false })
    expect(await search(rita(), 'license:mit')).to.deep.equal([])
    expectRefusal(
      await rita().send('GET', 'packages/js'),
      403,
      'format-disabled',
      'The format npm is switched off in this organization',
    )
    await operator.done('PUT', 'formats/npm', { enabled: true })
  })
})
