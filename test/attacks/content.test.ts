import { expect } from 'chai'
import type { Answer, House } from '../support/house.js'
import { packed } from '../support/npm-package.js'
import { contents, openShelves, publish, put, putPackage, untouched, upload, wheel } from './shelves.js'

const script = '<script>alert(document.domain)</script>'
const html = `<!doctype html>${script}`

describe('content that would like to be a page', () => {
  let house: House
  before(async () => {
    house = await openShelves()
  })
  after(() => house.close())

  const harmless = (what: string, { headers, status }: Answer, attached = true) => {
    expect([what, status]).to.deep.equal([what, 200])
    expect(headers['x-content-type-options'], what).to.equal('nosniff')
    expect(headers['content-security-policy'], what).to.equal("sandbox; default-src 'none'; frame-ancestors 'none'")
    expect(headers['cross-origin-resource-policy'], what).to.equal('same-origin')
    if (attached) expect(headers['content-disposition'], what).to.match(/^attachment(?:; filename=|$)/)
    else expect(headers['content-type'], what).to.match(/^(?:text\/plain|application\/json|image\/)/)
  }

  describe('V1: files that browsers run', () => {
    const extensions = ['html', 'htm', 'svg', 'xml', 'xhtml', 'pom', 'js', 'mjs', 'pdf', 'mht', 'wasm', 'swf', 'xsl', 'hta']
    for (const extension of extensions)
      it(`.${extension} in raw is an attachment in a sandbox, whatever its uploader calls it`, async () => {
        for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/html; charset=utf-7', undefined]) {
          const target = `/acme/raw/v1/${type?.replaceAll(/\W/g, '-')}.${extension}`
          const sent = await put(house, target, html, { headers: type === undefined ? {} : { 'content-type': type } })
          expect(sent.status).to.equal(201)
          harmless(target, await house.call('GET', target))
        }
      })

    it('text that claims to be a page, and a page that claims to be text, is never a page', async () => {
      for (const [name, type] of [
        ['claimed.txt', 'text/html'],
        ['picture.png', 'text/html'],
        ['no-extension', 'text/html'],
        ['no-extension-either', 'text/xml'],
        ['double.html.txt', 'text/html'],
      ] as const) {
        await put(house, `/acme/raw/${name}`, html, { headers: { 'content-type': type } })
        const answer = await house.call('GET', `/acme/raw/${name}`)
        const type_ = answer.headers['content-type'] ?? ''
        harmless(name, answer, !/^(?:text\/plain|application\/json|image\/(?:png|jpeg|gif|webp))/.test(type_))
      }
    })

    it('a Maven POM, Javadoc and any other file of a release is an attachment in a sandbox', async () => {
      for (const name of [
        'lib-1.0.pom',
        'lib-1.0.html',
        'lib-1.0.svg',
        'lib-1.0.xml',
        'lib-1.0.js',
        'lib-1.0.jar',
        'lib-1.0-site.xml',
      ]) {
        const target = `/acme/mvn/org/v1/lib/1.0/${name}`
        const body = name.endsWith('.pom')
          ? `<project><groupId>org.v1</groupId><artifactId>lib</artifactId><version>1.0</version><name>&lt;script&gt;</name></project>`
          : html
        const sent = await put(house, target, body, { headers: { 'content-type': 'text/html' } })
        expect(sent.status, name).to.equal(201)
        harmless(name, await house.call('GET', target))
      }
    })

    it('a package of npm is an attachment in a sandbox', async () => {
      const manifest = { name: 'v1', version: '1.0.0', description: html, readme: html }
      const file = await packed({ name: 'v1', version: '1.0.0', description: html })
      expect((await publish(house, manifest, { file })).status).to.equal(201)
      harmless('tgz', await house.call('GET', '/acme/js/v1/-/v1-1.0.0.tgz'))
      const packument = await house.call('GET', '/acme/js/v1', { headers: { accept: 'text/html' } })
      expect([packument.headers['content-type'], packument.headers['x-content-type-options']]).to.deep.equal([
        'application/json',
        'nosniff',
      ])
    })

    it('a wheel and its metadata are an attachment in a sandbox, or text', async () => {
      const file = wheel('v1', '1.0', { 'v1/page.html': html })
      expect((await upload(house, file, 'v1', '1.0')).status).to.equal(200)
      const page = (await house.call('GET', '/acme/py/simple/v1/')).text()
      const link = new URL(/href="([^"#]+\.whl)/.exec(page)?.[1] ?? '', `${house.url}/acme/py/simple/v1/`).pathname
      harmless('wheel', await house.call('GET', link))
      const metadata = await house.call('GET', `${link}.metadata`)
      harmless('metadata', metadata, !/^text\/plain/.test(metadata.headers['content-type'] ?? ''))
    })
  })

  it('V4: names with markup are escaped in listings, indexes and failures', async () => {
    const name = `<img src=x onerror=alert(1)>"'&.txt`
    const target = `/acme/raw/${encodeURIComponent('<b>')}/${encodeURIComponent(name)}`
    expect((await put(house, target, 'x')).status).to.equal(201)
    for (const listing of ['/acme/raw/', `/acme/raw/${encodeURIComponent('<b>')}/`]) {
      const { headers, text } = await house.call('GET', listing, { headers: { accept: 'text/html' } })
      expect(headers['content-type']).to.equal('text/html; charset=utf-8')
      expect(text())
        .to.include('&lt;')
        .and.not.match(/<img|<b>|onerror=alert\(1\)>/)
    }
    expect((await publish(house, { name: 'markup', version: '1.0.0', author: html, license: html })).status).to.equal(201)
    const page = await house.call('GET', '/acme/py/simple/', { headers: { accept: 'text/html' } })
    expect(page.text()).to.not.include('<script')
    for (const place of ['mvn', 'js', 'py', 'raw', 'nowhere', '-/api/v1', '-'])
      for (const path of [encodeURIComponent(html), `a/${encodeURIComponent(html)}`, `${encodeURIComponent(html)}/`]) {
        const answer = await house.call('GET', `/acme/${place}/${path}`, { headers: { accept: 'text/html,*/*' } })
        expect(answer.status, place).to.be.within(400, 499)
        expect(answer.headers['content-type'], place).to.not.match(/html/)
        expect(answer.headers['x-content-type-options'], place).to.equal('nosniff')
        expect(answer.reason, place).to.not.include('<')
      }
  })

  it('V6: nothing may be framed, read across sites, or called as a script', async () => {
    await put(house, '/acme/raw/framed.json', '{}')
    expect((await publish(house, { name: 'framed', version: '1.0.0' })).status).to.equal(201)
    expect((await upload(house, wheel('framed', '1.0'), 'framed', '1.0')).status).to.equal(200)
    for (const target of [
      '/acme/raw/framed.json?callback=evil',
      '/acme/raw/?jsonp=evil',
      '/acme/js/framed?callback=evil',
      '/acme/py/simple/framed/?callback=evil',
    ]) {
      const { headers, text, status } = await house.call('GET', target, { headers: { origin: 'https://evil.example' } })
      expect([target, status]).to.deep.equal([target, 200])
      expect(text(), target).to.not.match(/^\W*evil\(/)
      expect(headers['access-control-allow-origin'], target).to.equal(undefined)
      // A document of JSON runs nothing in a frame; everything else says so itself.
      if (/json$/.test(headers['content-type'] ?? '')) expect(headers['x-content-type-options']).to.equal('nosniff')
      else expect(headers['content-security-policy'], target).to.include("frame-ancestors 'none'")
    }
  })
})

describe('names that would like to be something else', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
  })
  afterEach(() => house.close())

  it('N1: spellings of one Python project are one project; npm takes one case; Maven and raw tell cases apart', async () => {
    expect((await upload(house, wheel('Foo-Bar', '1.0'), 'Foo-Bar', '1.0')).status).to.equal(200)
    for (const spelling of ['foo_bar', 'foo.bar', 'FOO-BAR', 'foo--bar'])
      expect((await house.call('GET', `/acme/py/simple/${spelling}/`)).status, spelling).to.be.oneOf([200, 301, 308])
    const other = wheel('foo_bar', '1.0', { 'foo_bar/other.py': 'other' })
    const before = await contents(house)
    expect((await upload(house, other, 'foo_bar', '1.0')).status).to.equal(400)
    expect(await contents(house)).to.deep.equal(before)

    expect((await publish(house, { name: 'foo', version: '1.0.0' })).status).to.equal(201)
    expect((await publish(house, { name: 'Foo', version: '1.0.0' })).status).to.equal(400)
    expect((await put(house, '/acme/raw/A', 'upper')).status).to.equal(201)
    expect((await put(house, '/acme/raw/a', 'lower')).status).to.equal(201)
    expect((await house.call('GET', '/acme/raw/A')).text()).to.equal('upper')
    expect((await put(house, '/acme/mvn/org/Demo/lib/1.0/lib-1.0.jar', 'upper')).status).to.equal(201)
    expect((await put(house, '/acme/mvn/org/demo/lib/1.0/lib-1.0.jar', 'lower')).status).to.equal(201)
    expect((await house.call('GET', '/acme/mvn/org/Demo/lib/1.0/lib-1.0.jar')).text()).to.equal('upper')
  })

  it('N2: letters and digits of other scripts, and composed twins, are no names of packages', async () => {
    for (const name of ['fооbar', 'café', 'cafe\u0301', 'ｆｏｏ', 'foo１', 'foo\u200bbar', 'foo\u202ebar', '𝒻𝑜𝑜']) {
      const [js, py, maven] = await untouched(house, async () => [
        await putPackage(house, encodeURIComponent(name), JSON.stringify({ name })),
        await upload(house, wheel('plain', '1.0'), name, '1.0'),
        await put(house, `/acme/mvn/org/demo/${encodeURIComponent(name)}/1.0/${encodeURIComponent(name)}-1.0.jar`, 'x'),
      ])
      expect([name, js?.status, py?.status, maven?.status]).to.deep.equal([name, 400, 400, 400])
    }
    // In raw a name is any text, and both compositions of it are one.
    expect((await put(house, `/acme/raw/${encodeURIComponent('cafe\u0301')}`, 'x')).status).to.equal(201)
    expect((await house.call('GET', `/acme/raw/${encodeURIComponent('café')}`)).text()).to.equal('x')
    for (const name of ['a\u200bb', 'a\u202eb'])
      expect((await put(house, `/acme/raw/${encodeURIComponent(name)}`, 'x')).status).to.equal(400)
  })

  it('N3: names of object members and of our own places are refused, or packages like any other', async () => {
    const names = [
      '__proto__',
      'constructor',
      'hasOwnProperty',
      'prototype',
      '-',
      '_session',
      'simple',
      'favicon.ico',
      'node_modules',
    ]
    for (const name of names) {
      const js = await publish(house, { name, version: '1.0.0' })
      expect(js.status, `npm ${name}`).to.be.oneOf([201, 400, 404, 405])
      const found = await house.call('GET', `/acme/js/${name}`)
      if (js.status === 201) expect((found.json() as { name: string }).name).to.equal(name)
      else expect(found.status, `npm ${name}`).to.be.oneOf([400, 404, 405])

      const py = await upload(house, wheel(name, '1.0'), name, '1.0')
      expect(py.status, `PyPI ${name}`).to.be.oneOf([200, 400])
      if (py.status === 200)
        expect((await house.call('GET', `/acme/py/simple/${name.toLowerCase().replaceAll(/[-_.]+/g, '-')}/`)).status).to.equal(
          200,
        )

      const jar = `/acme/mvn/org/${name}/lib/1.0/lib-1.0.jar`
      const maven = await put(house, jar, name)
      expect(maven.status, `Maven ${name}`).to.be.oneOf([201, 400])
      if (maven.status === 201) expect((await house.call('GET', jar)).text()).to.equal(name)

      const raw = await put(house, `/acme/raw/${name}`, name)
      expect(raw.status, `raw ${name}`).to.equal(name === '-' ? 404 : 201)
      if (raw.status === 201) expect((await house.call('GET', `/acme/raw/${name}`)).text()).to.equal(name)
    }
    expect(({} as Record<string, unknown>)['version']).to.equal(undefined)
    expect((await house.call('GET', '/acme/js/-/ping')).status).to.equal(200)
    const search = (await house.call('GET', '/acme/js/-/v1/search?text=constructor')).json() as { objects: unknown[] }
    expect(search.objects.length).to.be.at.most(1)
  })
})
