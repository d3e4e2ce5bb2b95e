import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { buildWheel } from '../../support/wheel-builder.js'
import { openPypiHouse, upload } from './pypi-house.js'

const v1 = 'application/vnd.pypi.simple.v1'
const latest = 'application/vnd.pypi.simple.latest'
const types = { json: `${v1}+json`, 'html-v1': `${v1}+html; charset=utf-8`, html: 'text/html; charset=utf-8' } as const
type Form = keyof typeof types
const forms = Object.keys(types) as readonly Form[]
const acceptOf: Readonly<Record<Form, string>> = { json: `${v1}+json`, 'html-v1': `${v1}+html`, html: 'text/html' }

const accepts: readonly [string | undefined, Form | 406][] = [
  [undefined, 'html'],
  ['*/*', 'html'],
  ['text/html', 'html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'html'],
  [`${v1}+json, ${v1}+html; q=0.1, text/html; q=0.01`, 'json'],
  [`${v1}+json, ${v1}+html;q=0.2, text/html;q=0.01`, 'json'],
  [`${v1}+json, */*;q=0.1`, 'json'],
  [`text/html, ${v1}+json`, 'json'],
  [`text/html;q=0.2, ${v1}+html`, 'html-v1'],
  [`${v1}+json;q=0, */*`, 'html'],
  [`${v1}+json;q=0.001, text/html;q=0.002`, 'html'],
  [`application/vnd.pypi.simple.v2+json, ${v1}+json;q=0.5`, 'json'],
  ['application/*', 'json'],
  ['application/json', 406],
  ['application/vnd.pypi.simple.v2+json', 406],
  [`${v1}+json;q=0`, 406],
  ['*/*;q=0', 406],
  [`${latest}+json`, 'json'],
  [`${latest}+html`, 'html-v1'],
]
const formats: readonly [string, Form | 406][] = [
  [`format=${encodeURIComponent(types.json)}`, 'json'],
  [`format=${v1}+json`, 'json'],
  [`format=${encodeURIComponent(`${latest}+html`)}`, 'html-v1'],
  ['format=text/html', 'html'],
  ['format=application/json', 406],
  ['format=*/*', 406],
  ['format=', 406],
  ['format=text/html&format=text/html', 406],
]

describe('pages of the simple index, as they are asked for', () => {
  let house: House
  const pages = ['/acme/py/simple/', '/acme/py/simple/friendly-bard/', '/acme/py/+simple/friendly-bard/'] as const
  before(async () => {
    house = await openPypiHouse()
    for (let minor = 0; minor < 60; minor++) {
      const name = minor % 2 === 0 ? 'Friendly-Bard' : `project-of-some-longer-name-${minor}`
      expect((await upload(house, buildWheel({ name, version: `1.${minor}` }), name, `1.${minor}`)).status).to.equal(200)
    }
  })
  after(() => house.close())

  const get = (target: string, headers: Record<string, string> = {}, method = 'GET') => house.call(method, target, { headers })

  for (const target of pages) {
    it(`${target} answers each Accept in its form`, async () => {
      for (const [accept, form] of accepts) {
        const answer = await get(target, accept === undefined ? {} : { accept })
        const said = accept ?? 'no Accept'
        expect(answer.headers['vary'], said).to.match(/^Accept(?:, Accept-Encoding, Authorization)?/)
        if (form === 406) {
          expect([answer.status, answer.headers['content-type']], said).to.deep.equal([406, 'text/plain; charset=utf-8'])
          expect(answer.text()).to.equal(`This address answers as\n${v1}+json\n${v1}+html\ntext/html\n`)
          expect(answer.headers['cache-control']).to.equal('no-store')
        } else expect([answer.status, answer.headers['content-type']], said).to.deep.equal([200, types[form]])
      }
    })

    it(`${target} answers what ?format= names, whatever Accept says`, async () => {
      for (const [query, form] of formats) {
        const answer = await get(`${target}?${query}`, { accept: 'application/json' })
        const expected = form === 406 ? 'text/plain; charset=utf-8' : types[form]
        expect([answer.status, answer.headers['content-type']], query).to.deep.equal([form === 406 ? 406 : 200, expected])
      }
    })

    it(`${target} has an ETag for each form, which the compressed ones share, and 304 and HEAD by it`, async () => {
      const tags = new Set<string>()
      for (const form of forms) {
        const accept = acceptOf[form]
        const plain = await get(target, { accept })
        const etag = plain.headers['etag'] ?? ''
        expect(etag).to.match(/^W\/"[^"]+"$/)
        tags.add(etag)
        for (const [coding, decode] of [
          ['gzip', gunzipSync],
          ['br', brotliDecompressSync],
        ] as const) {
          const coded = await get(target, { accept, 'accept-encoding': coding })
          expect(coded.headers).to.include({ 'content-encoding': coding, etag, 'content-type': types[form] })
          expect(coded.headers['vary']).to.contain('Accept-Encoding')
          expect(decode(coded.body).equals(plain.body)).to.equal(true)
          const head = await get(target, { accept, 'accept-encoding': coding }, 'HEAD')
          expect(head.status).to.equal(200)
          for (const name of ['content-type', 'content-encoding', 'content-length', 'etag', 'vary', 'cache-control'])
            expect(head.headers[name], name).to.equal(coded.headers[name])
          expect(head.body).to.have.length(0)
        }
        for (const condition of [etag, etag.slice(2), `"other", ${etag}`, '*'])
          for (const method of ['GET', 'HEAD']) {
            const same = await get(target, { accept, 'if-none-match': condition }, method)
            expect([same.status, same.body.length], condition).to.deep.equal([304, 0])
            expect(same.headers).to.include({ etag, 'cache-control': 'private, no-cache' })
            expect(same.headers['vary']).to.match(/^Accept, Accept-Encoding, Authorization/)
          }
        expect((await get(target, { accept, 'if-none-match': '"other"' })).status).to.equal(200)
        expect(plain.headers).not.to.have.property('last-modified')
      }
      expect([...tags]).to.have.length(3)
    })
  }

  it('show a fresh release to the next request, through every form and coding, and a new project in the list', async () => {
    const questions = pages.flatMap((target) =>
      forms.flatMap((form) =>
        ['identity', 'gzip', 'br'].map((coding) => ({ target, headers: { accept: acceptOf[form], 'accept-encoding': coding } })),
      ),
    )
    const before = await Promise.all(questions.map(({ target, headers }) => get(target, headers)))
    const wheel = buildWheel({ name: 'friendly-bard', version: '2.0' })
    expect((await upload(house, wheel, 'friendly-bard', '2.0')).status).to.equal(200)
    expect((await upload(house, buildWheel({ name: 'fresh', version: '1' }), 'fresh', '1')).status).to.equal(200)
    for (const [at, { target, headers }] of questions.entries()) {
      const etag = before[at]?.headers['etag'] ?? ''
      const answer = await get(target, { ...headers, 'if-none-match': etag })
      expect(answer.status, `${target} ${headers.accept}`).to.equal(200)
      expect(answer.headers['etag']).not.to.equal(etag)
      const decode = { identity: (body: Buffer) => body, gzip: gunzipSync, br: brotliDecompressSync }[headers['accept-encoding']]
      expect(decode?.(answer.body).toString()).to.contain(target === pages[0] ? 'fresh' : wheel.filename)
    }
  })

  it('are readable by scripts of any site where anybody may read them, and there alone', async () => {
    expect((await get('/acme/open/simple/')).headers['access-control-allow-origin']).to.equal('*')
    expect((await get('/acme/py/simple/')).headers).not.to.have.property('access-control-allow-origin')
  })
})
