import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { blake2b } from 'hash-wasm'
import type { ProtocolRequest, RepositoryContext } from '#core'
import { xmlRpcRoutes } from '../../../plugins/pypi/xml-rpc.js'
import type { House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { type BuiltFile, buildWheel } from '../../support/wheel-builder.js'
import { openPypiHouse, upload } from './pypi-house.js'

const wheel = buildWheel({
  name: 'Friendly-Bard',
  version: '1.0',
  requiresPython: '>=3.9',
  headers: [
    'Summary: Sings <well>',
    'Author: Jörg',
    'Keywords: song,lute',
    'License-Expression: MIT',
    'Classifier: Private :: Do Not Upload',
    'Project-URL: Source, https://example.com/src?a=1,2',
    'Provides-Extra: cli',
    'Requires-Dist: click>=8',
    'Requires-Dist: rich; extra == "cli"',
    'Description-Content-Type: text/markdown',
  ],
  description: '# Bard\r\n\nÄ',
})
const digestOf = (name: string, content: Buffer) => createHash(name).update(content).digest('hex')
describe('the JSON of a project of older clients', () => {
  let house: House
  let sdist: BuiltFile
  before(async () => {
    house = await openPypiHouse()
    sdist = await buildSdist({ name: 'Friendly-Bard', version: '1.0.0', headers: ['Summary: From source'] })
    for (const [file, version] of [
      [wheel, '1.0'],
      [sdist, '1.0.0'],
      [await buildSdist({ name: 'Friendly-Bard', version: '2.0rc1', headers: ['Summary: To come'] }), '2.0rc1'],
    ] as const)
      expect((await upload(house, file, 'Friendly-Bard', version)).status).to.equal(200)
  })
  after(() => house.close())

  const get = (target: string, headers: Record<string, string> = {}) => house.call('GET', target, { headers })
  const listed = (file: BuiltFile, more: object) => ({
    comment_text: '',
    downloads: -1,
    filename: file.filename,
    has_sig: false,
    md5_digest: digestOf('md5', file.content),
    size: file.content.length,
    url: `${house.url}/acme/py/files/${file.sha256}/${file.filename}`,
    yanked: false,
    yanked_reason: null,
    ...more,
  })

  it('is not there for a version or a project that is not, whatever the caller may have kept', async () => {
    for (const target of ['/acme/py/pypi/friendly-bard/9.9/json', '/acme/py/pypi/nobody/json'])
      for (const tag of ['*', ' * ', 'W/"3-9.9-00000000"']) {
        const answer = await get(target, { 'if-none-match': tag })
        expect([answer.status, answer.json()], `${target} ${tag}`).to.deep.equal([404, { message: 'Not Found' }])
      }
    expect((await get('/acme/py/pypi/friendly-bard/1.0/json', { 'if-none-match': '*' })).status).to.equal(304)
  })

  it('tells the latest final release in full, and all files by release', async () => {
    for (const target of [
      '/acme/py/pypi/friendly-bard/json',
      '/acme/py/pypi/friendly-bard/json/',
      '/acme/py/friendly-bard/json',
    ]) {
      const answer = await get(target)
      expect([answer.status, answer.headers['content-type']], target).to.deep.equal([200, 'application/json'])
      expect(answer.headers).to.include({ 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff' })
      const { info, releases, urls, last_serial, vulnerabilities } = answer.json() as {
        info: Record<string, unknown>
        releases: Record<string, Record<string, unknown>[]>
        urls: Record<string, unknown>[]
        last_serial: unknown
        vulnerabilities: unknown
      }
      expect(info).to.deep.equal({
        author: 'Jörg',
        author_email: '',
        bugtrack_url: null,
        classifiers: ['Private :: Do Not Upload'],
        description: '# Bard\r\n\nÄ',
        description_content_type: 'text/markdown',
        docs_url: null,
        download_url: null,
        downloads: { last_day: -1, last_month: -1, last_week: -1 },
        dynamic: null,
        home_page: '',
        keywords: 'song,lute',
        license: null,
        license_expression: 'MIT',
        license_files: null,
        maintainer: null,
        maintainer_email: null,
        name: 'Friendly-Bard',
        package_url: `${house.url}/acme/py/simple/friendly-bard/`,
        platform: null,
        project_url: `${house.url}/acme/py/simple/friendly-bard/`,
        project_urls: { Source: 'https://example.com/src?a=1,2' },
        provides_extra: ['cli'],
        release_url: `${house.url}/acme/py/pypi/friendly-bard/1.0/json`,
        requires_dist: ['click>=8', 'rich; extra == "cli"'],
        requires_python: '>=3.9',
        summary: 'Sings <well>',
        version: '1.0',
        yanked: false,
        yanked_reason: null,
      })
      expect(last_serial).to.be.a('number')
      expect(vulnerabilities).to.deep.equal([])
      expect(Object.keys(releases)).to.deep.equal(['1.0', '2.0rc1'])
      expect(releases['1.0']).to.deep.equal(urls)
      const { digests, upload_time, upload_time_iso_8601, ...first } = urls[0] ?? {}
      expect(first).to.deep.equal(
        listed(wheel, {
          'core-metadata': { sha256: wheel.metadataSha256 },
          packagetype: 'bdist_wheel',
          python_version: 'py3',
          requires_python: '>=3.9',
        }),
      )
      expect(upload_time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
      expect(upload_time_iso_8601).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(digests).to.deep.equal({
        blake2b_256: await blake2b(wheel.content, 256),
        md5: digestOf('md5', wheel.content),
        sha256: wheel.sha256,
      })
      const { digests: _, upload_time: _time, upload_time_iso_8601: _iso, ...second } = urls[1] ?? {}
      expect(second).to.deep.equal(
        listed(sdist, { 'core-metadata': false, packagetype: 'sdist', python_version: 'source', requires_python: null }),
      )
      expect((await get(new URL(String(urls[0]?.['url'])).pathname)).body.equals(wheel.content)).to.equal(true)
    }
  })

  it('tells one release by any spelling of its version, from its source distribution where there is no wheel', async () => {
    for (const version of ['1.0', '1', '1.0.0', 'v1.0'])
      expect(
        ((await get(`/acme/py/pypi/friendly-bard/${version}/json`)).json() as { info: { version: string } }).info.version,
      ).to.equal('1.0')
    const answer = (await get('/acme/py/pypi/friendly-bard/2.0rc1/json/')).json() as Record<string, unknown>
    expect(answer).not.to.have.property('releases')
    expect(answer['info']).to.include({ version: '2.0rc1', summary: 'To come' })
    expect(answer['urls']).to.have.length(1)
  })

  it('has an ETag, and another one after each change', async () => {
    const first = await get('/acme/py/pypi/friendly-bard/json')
    const condition = { 'if-none-match': first.headers['etag'] ?? '' }
    expect((await get('/acme/py/pypi/friendly-bard/json', condition)).status).to.equal(304)
    const next = buildWheel({ name: 'Friendly-Bard', version: '3.0' })
    expect((await upload(house, next, 'Friendly-Bard', '3.0')).status).to.equal(200)
    const after = await get('/acme/py/pypi/friendly-bard/json', condition)
    expect(after.status).to.equal(200)
    expect((after.json() as { info: { version: string } }).info.version).to.equal('3.0')
  })

  it('is found under the normal form of a name alone, and is 404 in its own words for what is not there', async () => {
    const redirect = await get('/acme/py/pypi/Friendly.Bard/1.0/json?x=1')
    expect([redirect.status, redirect.headers['location']]).to.deep.equal([
      301,
      `${house.url}/acme/py/pypi/friendly-bard/1.0/json?x=1`,
    ])
    for (const target of [
      '/acme/py/pypi/lute/json',
      '/acme/py/pypi/friendly-bard/9.9/json',
      '/acme/py/pypi/friendly-bard/x/json',
      '/acme/py/pypi/friendly-bard/all/json',
    ]) {
      const answer = await get(target)
      expect([answer.status, answer.headers['content-type'], answer.json()], target).to.deep.equal([
        404,
        'application/json',
        { message: 'Not Found' },
      ])
      expect(answer.headers['cache-control']).to.equal('no-store')
    }
    expect((await house.call('GET', '/acme/py/pypi/friendly-bard/json', { as: 'nobody' })).status).to.equal(401)
    expect((await house.call('GET', '/acme/py/pypi/friendly-bard/json', { as: 'gus' })).status).to.equal(403)
  })
})

describe('the XML-RPC of old indexes', () => {
  let house: House
  before(async () => {
    house = await openPypiHouse()
    for (const name of ['Zither', 'lute']) await upload(house, buildWheel({ name, version: '1.0' }), name, '1.0')
  })
  after(() => house.close())

  const call = (body: string, path = '/acme/py/pypi', as: 'rita' | 'nobody' | 'gus' = 'rita') =>
    house.call('POST', path, { as, headers: { 'content-type': 'text/xml' }, body })
  const method = (name: string) => `<?xml version="1.0"?><methodCall><methodName>${name}</methodName><params/></methodCall>`
  const fault = (code: number) =>
    new RegExp(`^<\\?xml version="1.0"\\?>\\n<methodResponse><fault>.*<int>${code}</int>.*</fault></methodResponse>\\n$`)

  it('lists projects under both addresses', async () => {
    for (const path of ['/acme/py/pypi', '/acme/py/pypi/', '/acme/py/RPC2', '/acme/py/RPC2/']) {
      const answer = await call(method('list_packages'), path)
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, 'text/xml; charset=utf-8'])
      expect([...answer.text().matchAll(/<string>([^<]*)<\/string>/g)].map(([, name]) => name)).to.deep.equal(['lute', 'Zither'])
    }
  })

  it('lists all projects or none: a part would tell a mirror that the rest is gone', async () => {
    const ask = async (count: number) => {
      async function* packages() {
        for (let at = 0; at < count; at++) yield { name: `p${at}`, facts: {} }
      }
      const request = { body: Readable.from([Buffer.from(method('list_packages'))]) } as unknown as ProtocolRequest
      const context = { packages, mountUrl: new URL('https://repo.example.com/acme/py/') } as unknown as RepositoryContext
      const reply = await xmlRpcRoutes[0]?.handle(request, context)
      return Buffer.from(reply?.body as Uint8Array).toString()
    }
    expect([...(await ask(100_000)).matchAll(/<string>p\d+<\/string>/g)]).to.have.length(100_000)
    const refusal = await ask(100_001)
    expect(refusal).to.match(fault(-32500))
    expect(refusal).to.contain('https://repo.example.com/acme/py/simple/').and.not.to.contain('<string>p0')
  })

  it('answers everything else with a fault that leads to the JSON', async () => {
    for (const name of ['search', 'browse', 'package_releases', 'changelog_last_serial', 'x&lt;y']) {
      const answer = await call(method(name))
      expect(answer.status, name).to.equal(200)
      expect(answer.text(), name).to.match(fault(-32500))
      expect(answer.text()).to.contain(`${house.url}/acme/py/simple/{project}/`)
    }
  })

  it('refuses what is no call, entities and documents that declare types among it, and reads no more than 64 KiB', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1_000)}">]><methodCall><methodName>&a;&a;</methodName></methodCall>`
    for (const body of [
      bomb,
      'nonsense',
      '',
      '<methodCall>',
      '<other/>',
      method('x').replace('methodName>x', 'methodName>&e;'),
    ]) {
      const answer = await call(body)
      expect(answer.status, body).to.equal(200)
      expect(answer.text(), body).to.match(fault(-32700))
    }
    expect((await call(`<methodCall>${' '.repeat(70_000)}</methodCall>`)).status).to.equal(413)
  })

  it('is closed to strangers and to members without a right', async () => {
    expect((await call(method('list_packages'), '/acme/py/pypi', 'nobody')).status).to.equal(401)
    expect((await call(method('list_packages'), '/acme/py/pypi', 'gus')).status).to.equal(403)
  })
})
