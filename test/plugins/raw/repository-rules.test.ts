import { createHash } from 'node:crypto'
import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { tarball } from '../../support/tar-builder.js'
import { multipart } from '../../support/upload-form.js'
import { emptyShelves } from './empty-shelves.js'

const b64 = (text: string) => Buffer.from(text).toString('base64')
const digest = (name: string, text: string) => createHash(name).update(text).digest('hex')
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('what a raw repository may want besides', () => {
  let house: House
  before(async () => {
    house = await openHouse({
      plugins: [raw, api],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'portable', format: 'raw', portableNames: true, webdav: true },
        { name: 'site', format: 'raw', indexPages: true },
        { name: 'docs', format: 'raw' },
        { name: 'checked', format: 'raw', verifySidecars: true, webdav: true },
      ],
    })
    const set = await house.call('PATCH', '/acme/-/api/v1/repositories/docs', {
      as: 'nobody',
      headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ indexPages: true, host: 'docs.acme.example' }),
    })
    expect(set.json()).to.include({ indexPages: true, portableNames: false, host: 'docs.acme.example' })
  })
  after(() => house.close())
  afterEach(() => emptyShelves(house))
  const call = (method: string, target: string, headers: Record<string, string> = {}, body?: string | Uint8Array) =>
    house.call(method, `/acme/${target}`, { as: 'olga', headers, ...(body === undefined ? {} : { body }) })

  describe('portable names', () => {
    const strange = [
      'a.',
      'a ',
      'd./f',
      'd /f',
      'CON',
      'con.txt',
      'nul',
      'd/Aux.tar.gz',
      'com1',
      'LPT9.log',
      'com¹',
      'CONIN$',
      'prn/f',
    ]
    const fine = ['a.b', '.a', 'a b', 'console', 'com10', 'com', 'nul-x', 'aux_', 'xcon', 'com0x.txt']
    const address = (path: string) => path.split('/').map(encodeURIComponent).join('/')
    const ways: Readonly<Record<string, (repository: string, path: string) => Promise<Answer>>> = {
      PUT: (repository, path) => call('PUT', `${repository}/${address(path)}`, {}, 'x'),
      'a resumable PUT': (repository, path) => call('PUT', `${repository}/${address(path)}`, { 'upload-complete': '?0' }, 'x'),
      tus: (repository, path) =>
        call('POST', `${repository}/-/tus/`, {
          ...{ 'tus-resumable': '1.0.0', 'upload-length': '5', 'upload-metadata': `path ${b64(path)}` },
        }),
      'a form': (repository, path) => {
        const content = { name: 'file', filename: 'any', content: Buffer.from('x') }
        const { headers, body } = multipart([{ name: 'path', value: path }, content])
        return call('POST', `${repository}/-/upload`, headers, body)
      },
      'an archive': async (repository, path) =>
        call('PUT', `${repository}/`, { 'x-explode-archive': 'true' }, await tarball([{ name: path, content: 'x' }])),
      'a checksum deploy': (repository, path) =>
        call('PUT', `${repository}/${address(path)}`, {
          'x-checksum-deploy': 'true',
          'x-checksum-sha256': digest('sha256', 'x'),
        }),
    }
    for (const [way, make] of Object.entries(ways))
      it(`are asked of ${way} where the repository says so, and nowhere else`, async () => {
        for (const path of strange) {
          const answer = await make('portable', path)
          expect([path, answer.status]).to.deep.equal([path, 400])
        }
        expect(await house.storedFiles()).to.deep.equal([])
        await call('PUT', 'files/known', {}, 'x')
        for (const path of fine) expect((await make('portable', path)).status, path).to.equal(201)
        for (const path of ['a.', 'con.txt']) expect((await make('files', path)).status, path).to.equal(201)
      })

    it('are asked of MKCOL and of destinations too', async () => {
      expect((await call('MKCOL', 'portable/con')).status).to.equal(400)
      expect((await call('PUT', 'portable/f', {}, 'x')).status).to.equal(201)
      for (const method of ['COPY', 'MOVE'])
        expect((await call(method, 'portable/f', { destination: '/acme/portable/nul.txt' })).status, method).to.equal(400)
      expect(await house.storedFiles()).to.deep.equal(['acme/portable/f'])
    })
  })

  describe('index pages', () => {
    const page = '<h1>Manual</h1>'
    it('stand in for the listing of their folder, for people and crawlers; JSON and ?format= still list', async () => {
      await call('PUT', 'site/manual/index.html', {}, page)
      await call('PUT', 'site/manual/style.css', {}, 'h1{}')
      await call('PUT', 'site/plain/f', {}, 'x')
      for (const headers of [browser, {}]) {
        const shown = await call('GET', 'site/manual/', headers)
        expect([shown.status, shown.text(), shown.headers['etag']]).to.deep.equal([200, page, `"${digest('sha256', page)}"`])
      }
      const { date: _, 'x-request-id': __, ...whole } = (await call('GET', 'site/manual/')).headers
      const { date: ___, 'x-request-id': ____, ...head } = (await call('HEAD', 'site/manual/')).headers
      expect(head).to.deep.equal(whole)
      expect((await call('GET', 'site/manual/', { 'if-none-match': `"${digest('sha256', page)}"` })).status).to.equal(304)
      const names = (answer: Answer) => (answer.json() as { entries: { name: string }[] }).entries.map(({ name }) => name)
      expect(names(await call('GET', 'site/manual/', { accept: 'application/json' }))).to.deep.equal(['index.html', 'style.css'])
      expect(names(await call('GET', 'site/manual/?format=json'))).to.deep.equal(['index.html', 'style.css'])
      expect((await call('GET', 'site/manual/?format=html')).text()).to.include('Index of /manual/')
      expect((await call('GET', 'site/plain/', browser)).text()).to.include('Index of <a')
      await call('PUT', 'files/manual/index.html', {}, page)
      expect((await call('GET', 'files/manual/', browser)).text()).to.include('Index of <a')
    })

    it('are attachments in a sandbox, but on a host name of the repository’s own, where nothing in them can run either', async () => {
      await call('PUT', 'docs/index.html', {}, page)
      const here = await call('GET', 'docs/', browser)
      expect(here.headers).to.include({
        'content-disposition': 'attachment; filename="index.html"',
        'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      })
      for (const target of ['/', '/index.html']) {
        const there = await house.call('GET', target, { headers: { ...browser, host: 'docs.acme.example' } })
        expect([there.status, there.text()]).to.deep.equal([200, page])
        expect(there.headers).to.not.have.property('content-disposition')
        const policy = there.headers['content-security-policy'] ?? ''
        expect(policy).to.match(/^sandbox allow-same-origin allow-downloads; default-src 'none'; /)
        expect(policy).to.not.match(/script|allow-forms|allow-popups/)
      }
    })
  })

  describe('sidecars that are verified', () => {
    const content = 'the file'
    beforeEach(async () => {
      for (const repository of ['checked', 'files']) await call('PUT', `${repository}/f.bin`, {}, content)
    })
    for (const name of ['md5', 'sha1', 'sha256', 'sha512']) {
      const hex = digest(name, content)
      it(`.${name} is taken where it fits, alone or as coreutils write it, and refused where it does not`, async () => {
        for (const text of [hex, hex.toUpperCase(), `${hex}\n`, `${hex}  f.bin\n`, `${hex} *f.bin\n`])
          expect((await call('PUT', `checked/f.bin.${name}`, {}, text)).status, text).to.be.oneOf([200, 201, 204])
        const wrong = await call('PUT', `checked/f.bin.${name}`, {}, digest(name, 'another file'))
        expect([wrong.status, wrong.text()]).to.deep.equal([409, `The ${name} digest of f.bin is ${hex}\n`])
        for (const text of ['', 'no digest', 'x'.repeat(5000), `${hex}0`, hex.slice(1)])
          expect((await call('PUT', `checked/f.bin.${name}`, {}, text)).status, text.slice(0, 20)).to.be.oneOf([400, 409])
        expect((await call('GET', `checked/f.bin.${name}`)).text()).to.equal(`${hex} *f.bin\n`)
      })
    }

    it('come by forms and uploads in parts as well; of a file that is not there they say nothing', async () => {
      const content = { name: 'file', filename: 'any', content: Buffer.from('wrong') }
      const { headers, body } = multipart([{ name: 'path', value: 'f.bin.sha256' }, content])
      expect((await call('POST', 'checked/-/upload', headers, body)).status).to.equal(400)
      const begun = await call('PUT', 'checked/f.bin.sha256', { 'upload-complete': '?0' }, 'ab')
      const part = { 'content-type': 'application/partial-upload', 'upload-offset': '2', 'upload-complete': '?1' }
      expect(
        (await call('PATCH', new URL(begun.headers['location'] ?? '').pathname.slice('/acme/'.length), part, 'cd')).status,
      ).to.equal(409)
      const moved = { destination: '/acme/checked/f.bin.sha256' }
      expect((await call('PUT', 'checked/other', {}, 'wrong')).status).to.equal(201)
      for (const method of ['COPY', 'MOVE']) expect((await call(method, 'checked/other', moved)).status, method).to.equal(400)
      await call('DELETE', 'checked/other')
      expect((await call('PUT', 'checked/none.sha256', {}, 'wrong')).status).to.equal(201)
      expect((await call('PUT', 'files/f.bin.sha256', {}, 'wrong')).status, 'where nobody wants it').to.equal(201)
      expect(await house.storedFiles()).to.deep.equal([
        ...['acme/checked/f.bin', 'acme/checked/none.sha256', 'acme/files/f.bin', 'acme/files/f.bin.sha256'],
      ])
    })

    it('that come together with their file, in an archive or a form, speak of the one that comes', async () => {
      const replaced = 'the next file'
      const pair = (said: string) => [
        { name: 'f.bin.md5', content: digest('md5', said) },
        { name: 'f.bin', content: replaced },
        { name: 'f.bin.sha512', content: digest('sha512', said) },
      ]
      const archive = async (said: string) => call('PUT', 'checked/', { 'x-explode-archive': 'true' }, await tarball(pair(said)))
      const form = async (said: string) => {
        const parts = pair(said).map((file) => ({ name: 'file', filename: file.name, content: Buffer.from(file.content) }))
        const { headers, body } = multipart(parts)
        return call('POST', 'checked/-/upload', headers, body)
      }
      for (const send of [archive, form]) {
        const wrong = await send(content)
        expect([wrong.status, wrong.text()]).to.deep.equal([409, `The md5 digest of f.bin is ${digest('md5', replaced)}\n`])
        expect((await call('GET', 'checked/f.bin')).text()).to.equal(content)
        expect(await house.storedFiles()).to.deep.equal(['acme/checked/f.bin', 'acme/files/f.bin'])
      }
      for (const send of [archive, form]) expect((await send(replaced)).status).to.equal(201)
      expect((await call('GET', 'checked/f.bin.sha512')).text()).to.equal(digest('sha512', replaced))
    })
  })
})
