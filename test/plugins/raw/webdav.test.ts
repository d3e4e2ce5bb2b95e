import { createHash } from 'node:crypto'
import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse, type Somebody } from '../../support/house.js'

const base = '/acme/dav'
const etag = (text: string) => `"${createHash('sha256').update(text).digest('hex')}"`
const hrefs = (answer: Answer) => [...answer.text().matchAll(/<D:href>([^<]*)<\/D:href>/g)].map(([, href]) => href)

describe('WebDAV', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({
      plugins: [raw],
      repositories: [
        { name: 'dav', format: 'raw', webdav: true },
        { name: 'plain', format: 'raw' },
      ],
    })
  })
  afterEach(() => house.close())

  const dav = (method: string, path: string, headers: Record<string, string> = {}, body?: string, as: Somebody = 'olga') =>
    house.call(method, `${base}${path}`, { as, headers, ...(body === undefined ? {} : { body }) })
  const put = async (path: string, body = path) => expect((await dav('PUT', path, {}, body)).status).to.be.oneOf([201, 204])
  const find = (path: string, depth = '0', body?: string) => dav('PROPFIND', path, { depth }, body)
  const to = (path: string, more: Record<string, string> = {}) => ({ destination: `${base}${path}`, ...more })
  const files = async () => (await house.storedFiles()).map((path) => path.replace('acme/dav', ''))

  it('is announced where it is on, and absent where it is not', async () => {
    const on = await dav('OPTIONS', '/')
    expect([on.status, on.headers['dav']]).to.deep.equal([204, '1'])
    expect(on.headers['allow']?.split(', ')).to.include.members(['PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY'])
    const off = await house.call('OPTIONS', '/acme/plain/f', { as: 'olga' })
    expect([off.headers['dav'], off.headers['allow']]).to.deep.equal([undefined, 'GET, HEAD, PUT, DELETE, OPTIONS'])
    for (const method of ['PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY'])
      expect((await house.call(method, '/acme/plain/f', { as: 'olga' })).status, method).to.equal(405)
    for (const method of ['LOCK', 'UNLOCK']) {
      const answer = await dav(method, '/f')
      expect([answer.status, answer.headers['allow']?.includes('LOCK')]).to.deep.equal([405, false])
    }
  })

  it('PROPFIND tells what HEAD would of a file', async () => {
    await put('/a/f.txt', 'content')
    const answer = await find('/a/f.txt')
    const head = await dav('HEAD', '/a/f.txt')
    expect([answer.status, answer.headers['content-type']]).to.deep.equal([207, 'application/xml; charset=utf-8'])
    expect(answer.text()).to.equal(
      [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<D:multistatus xmlns:D="DAV:">',
        '<D:response><D:href>/acme/dav/a/f.txt</D:href><D:propstat><D:prop><D:resourcetype/><D:displayname>f.txt</D:displayname>' +
          '<D:getcontentlength>7</D:getcontentlength><D:getcontenttype>text/plain; charset=utf-8</D:getcontenttype>' +
          `<D:getetag>${etag('content').replaceAll('"', '&quot;')}</D:getetag>` +
          `<D:getlastmodified>${head.headers['last-modified']}</D:getlastmodified>` +
          `<D:creationdate>${/<D:creationdate>([^<]*)/.exec(answer.text())?.[1]}</D:creationdate></D:prop>` +
          '<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>',
        '</D:multistatus>',
        '',
      ].join('\n'),
    )
  })

  it('PROPFIND of depth 1 lists files, folders and markers, hrefs encoded, folders with their slash', async () => {
    await put('/a/100%25', 'x')
    await put('/a/caf%C3%A9/f', 'x')
    await dav('MKCOL', '/a/empty')
    await dav('MKCOL', '/a/b&c/')
    expect(hrefs(await find('/a', '1'))).to.deep.equal([
      ...['/acme/dav/a/', '/acme/dav/a/100%25', '/acme/dav/a/b%26c/', '/acme/dav/a/caf%C3%A9/', '/acme/dav/a/empty/'],
    ])
    expect(hrefs(await find('/a/', '0'))).to.deep.equal(['/acme/dav/a/'])
    expect(hrefs(await find('/', '1'))).to.deep.equal(['/acme/dav/', '/acme/dav/a/'])
    expect((await find('/none', '0')).status).to.equal(404)
    expect((await find('/a/empty/')).text()).to.include('<D:resourcetype><D:collection/></D:resourcetype>')
  })

  it('PROPFIND has an end: without a depth, and with an endless one, it is refused', async () => {
    for (const headers of [{}, { depth: 'infinity' }]) {
      const answer = await dav('PROPFIND', '/', headers)
      expect([answer.status, answer.text().includes('<D:propfind-finite-depth/>')]).to.deep.equal([403, true])
    }
  })

  it('PROPFIND answers for the properties that are asked for, and says which there are not', async () => {
    await put('/f', 'content')
    const body =
      '<propfind xmlns="DAV:"><prop><getcontentlength/><quota xmlns=""/><x:author xmlns:x="urn:a&amp;b"/><getcontentlanguage/></prop></propfind>'
    const answer = (await find('/f', '0', body)).text()
    expect(answer).to.include('<D:prop><D:getcontentlength>7</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status>')
    expect(answer).to.include(
      '<D:prop><quota xmlns=""/><x:author xmlns:x="urn:a&amp;b"/><D:getcontentlanguage/></D:prop><D:status>HTTP/1.1 404 Not Found',
    )
    expect((await find('/f', '0', '<propfind xmlns="DAV:"><propname/></propfind>')).text()).to.include('<D:getetag/>')
  })

  it('XML is read without entities, without a DOCTYPE, within a budget', async () => {
    for (const body of [
      ...['<', '<x xmlns="DAV:"/>', '<propfind/>', '<propfind xmlns="DAV:"/>'],
      '<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop><e>&e;</e></prop></propfind>',
      '<propfind xmlns="DAV:"><prop><p:x/></prop></propfind>',
    ])
      expect((await find('/', '0', body)).status, body).to.equal(400)
    const large = `<propfind xmlns="DAV:"><prop>${' '.repeat(70_000)}</prop></propfind>`
    expect((await find('/', '0', large)).status).to.equal(413)
  })

  it('MKCOL makes a folder that is there without files, below folders that are there', async () => {
    expect((await dav('MKCOL', '/new')).status).to.equal(201)
    expect((await dav('MKCOL', '/new/')).status, 'there already').to.equal(405)
    expect((await dav('MKCOL', '/none/x')).status).to.equal(409)
    expect((await dav('MKCOL', '/other', {}, 'body')).status).to.equal(415)
    await put('/file')
    expect((await dav('MKCOL', '/file')).status).to.equal(405)
    expect((await dav('MKCOL', '/file/x')).status).to.equal(409)
    expect((await dav('PUT', '/new', {}, 'x')).status, 'a file over a folder').to.equal(409)
    const racing = await Promise.all([dav('MKCOL', '/race'), dav('MKCOL', '/race')])
    expect(racing.map(({ status }) => status).sort()).to.deep.equal([201, 405])
    expect((await dav('GET', '/new')).status).to.equal(301)
    expect((await dav('GET', '/?format=json')).json()).to.deep.include({ path: '' })
    expect((await dav('GET', '/')).text()).to.include('<a href="./new/">new/</a>')
    expect((await dav('GET', '/new/?format=json')).json()).to.deep.equal({ path: 'new/', entries: [], next: null })
  })

  it('DELETE of a folder takes all of it, with and without the slash', async () => {
    for (const path of ['/d', '/d/']) {
      await dav('MKCOL', '/d')
      await dav('MKCOL', '/d/e')
      await put('/d/e/f')
      await put('/d/g')
      expect((await dav('DELETE', path, { depth: '0' })).status).to.equal(400)
      expect((await dav('DELETE', path)).status).to.equal(204)
      expect((await find('/d')).status).to.equal(404)
      expect(await files()).to.deep.equal([])
    }
    expect((await dav('DELETE', '/d')).status).to.equal(404)
    expect(hrefs(await find('/', '1'))).to.deep.equal(['/acme/dav/'])
  })

  it('COPY and MOVE of a file take a path or an address, and write no byte', async () => {
    await put('/a', 'content')
    const blobs = await house.storedBlobs()
    const copied = await dav('COPY', '/a', { destination: `${house.url}${base}/b` })
    expect([copied.status, copied.headers['location']]).to.deep.equal([201, `${house.url}/acme/dav/b`])
    expect((await dav('MOVE', '/a', to('/c'))).status).to.equal(201)
    expect([await files(), await house.storedBlobs()]).to.deep.equal([['/b', '/c'], blobs])
    expect((await dav('GET', '/c')).text()).to.equal('content')
  })

  it('what stands at the destination is replaced, unless Overwrite says F', async () => {
    await put('/a', 'one')
    await put('/b', 'two')
    await dav('MKCOL', '/folder')
    await put('/folder/x', 'three')
    expect((await dav('COPY', '/a', to('/b', { overwrite: 'F' }))).status).to.equal(412)
    expect((await dav('COPY', '/a', to('/b', { overwrite: 'T' }))).status).to.equal(204)
    expect((await dav('MOVE', '/a', to('/folder'))).status).to.equal(204)
    expect(await files()).to.deep.equal(['/b', '/folder'])
  })

  it('of several at once that must not replace, one gets the name and the others 412', async () => {
    const sources = ['/one', '/two', '/three', '/four']
    for (const source of sources) await put(source, source)
    const answers = await Promise.all(sources.map((source) => dav('COPY', source, to('/b', { overwrite: 'F' }))))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 412, 412, 412])
    const winner = sources[answers.findIndex(({ status }) => status === 201)]
    expect((await dav('GET', '/b')).text()).to.equal(winner)
  })

  it('holds DELETE, COPY and MOVE of a folder against conditions: it is there, and has no tag', async () => {
    expect((await dav('MKCOL', '/d')).status).to.equal(201)
    await put('/d/f')
    const before = await files()
    for (const [method, path] of [
      ['DELETE', '/d'],
      ['DELETE', '/d/'],
      ['COPY', '/d/'],
      ['MOVE', '/d'],
    ] as const)
      for (const [headers, says] of [
        [{ 'if-match': etag('/d/f') }, 'If-Match does not hold: a folder has no entity tag'],
        [{ 'if-match': 'W/"x", "y"' }, 'If-Match does not hold: a folder has no entity tag'],
        [{ 'if-none-match': '*' }, 'If-None-Match does not hold: the folder is there'],
      ] as const) {
        const answer = await dav(method, path, to('/e', headers))
        expect([answer.status, answer.text().includes(says)], `${method} ${path} ${says}`).to.deep.equal([412, true])
        expect(await files()).to.deep.equal(before)
      }
    expect((await dav('COPY', '/d/', to('/e', { 'if-match': '*' }))).status).to.equal(201)
    expect((await dav('MOVE', '/d', to('/g', { 'if-match': '*', 'if-none-match': '"x"' }))).status).to.equal(201)
    expect((await dav('DELETE', '/g/', { 'if-match': '*' })).status).to.equal(204)
    expect(await files()).to.deep.equal(['/e/f'])
  })

  it('COPY and MOVE of a folder take its files and its empty folders in one step', async () => {
    await put('/d/e/f', 'one')
    await put('/d/g', 'two')
    await dav('MKCOL', '/d/empty')
    await put('/t/stale', 'old')
    expect((await dav('COPY', '/d/', to('/copy/'))).status).to.equal(201)
    expect((await dav('COPY', '/d', to('/shallow', { depth: '0' }))).status).to.equal(201)
    expect((await dav('MOVE', '/d/', to('/t/'))).status).to.equal(204)
    expect(await files()).to.deep.equal(['/copy/e/f', '/copy/g', '/t/e/f', '/t/g'])
    expect(hrefs(await find('/t', '1'))).to.include('/acme/dav/t/empty/')
    expect(hrefs(await find('/shallow', '1'))).to.deep.equal(['/acme/dav/shallow/'])
    expect((await find('/d')).status).to.equal(404)
  })

  it('refuses a destination elsewhere, in itself, without a parent, or that no address could name', async () => {
    await put('/a/f', 'one')
    const cases: readonly (readonly [destination: string, status: number])[] = [
      ['http://other.example.com/acme/dav/b', 502],
      ['/acme/plain/b', 502],
      ['/beta/dav/b', 502],
      [`${base}/a/f`, 403],
      [`${base}/a/f/g`, 403],
      [`${base}/a`, 403],
      [`${base}/`, 403],
      [`${base}/-/tus/b`, 403],
      [`${base}/none/b`, 409],
      ...['/a/../b', '/%2e%2e/b', '/a%2Fb', '/a%5Cb', '/a%00b', '/%ff', '/%zz', '/a%E2%80%AEb'].map((path): [string, number] => [
        `${base}${path}`,
        400,
      ]),
    ]
    for (const [destination, status] of cases)
      for (const method of ['COPY', 'MOVE'])
        expect((await dav(method, '/a/f', { destination })).status, `${method} ${destination}`).to.equal(status)
    expect((await dav('COPY', '/a/f')).status).to.equal(400)
    expect((await dav('COPY', '/none', to('/b'))).status).to.equal(404)
    expect(await files()).to.deep.equal(['/a/f'])
  })

  it('names its destination as an address would: doubled slashes, NFD', async () => {
    await put('/a')
    expect((await dav('MOVE', '/a', to('//cafe%CC%81'))).status).to.equal(201)
    expect(await files()).to.deep.equal(['/café'])
  })

  it('needs the rights that each method has on both paths', async () => {
    await put('/a')
    const statuses = async (as: Somebody) =>
      Promise.all([
        dav('PROPFIND', '/a', { depth: '0' }, undefined, as),
        dav('MKCOL', `/by-${as}`, {}, undefined, as),
        dav('COPY', '/a', to(`/copy-${as}`), undefined, as),
        dav('MOVE', '/a', to('/moved'), undefined, as),
      ]).then((answers) => answers.map(({ status }) => status))
    expect(await statuses('rita')).to.deep.equal([207, 403, 403, 403])
    expect(await statuses('dora')).to.deep.equal([207, 201, 201, 403])
    expect((await dav('COPY', '/a', to('/copy-dora'), undefined, 'dora')).status, 'replacing removes').to.equal(403)
  })

  it('PROPPATCH changes nothing, and says so of each property', async () => {
    await put('/a')
    const body =
      '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><Z:Win32LastModifiedTime xmlns:Z="urn:schemas-microsoft-com:">x</Z:Win32LastModifiedTime></D:prop></D:set>' +
      '<D:remove><D:prop><executable xmlns="http://apache.org/dav/props/"/></D:prop></D:remove></D:propertyupdate>'
    const answer = await dav('PROPPATCH', '/a', {}, body)
    expect(answer.status).to.equal(207)
    expect(answer.text()).to.include(
      '<x:Win32LastModifiedTime xmlns:x="urn:schemas-microsoft-com:"/><x:executable xmlns:x="http://apache.org/dav/props/"/></D:prop><D:status>HTTP/1.1 403 Forbidden',
    )
    expect((await dav('PROPPATCH', '/none', {}, body)).status).to.equal(404)
  })
})
