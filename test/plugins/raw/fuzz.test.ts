import { expect } from 'chai'
import fc from 'fast-check'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { tarball } from '../../support/tar-builder.js'
import { buildZip } from '../../support/zip-builder.js'
import { emptyShelves } from './empty-shelves.js'

const base = '/acme/files'
const runs = Number(process.env['FUZZ_RUNS'] ?? 80)

/** Pieces that have a meaning to somebody, and anything else. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'a',
      'b.txt',
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5C',
      '%00',
      '%252e',
      ';x',
      '?',
      '&',
      '=',
      '-',
      ' ',
      '%20',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '%C3%A9',
      'e%CC%81',
      '%ff',
      '%C0%AE',
      '%zz',
      '%',
      '\\',
      ':',
      '+',
      "'",
      '"',
      '[',
      ']',
      '%E2%80%AE',
      '%ED%A0%80',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.string({
      minLength: 1,
      maxLength: 6,
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    }),
  },
)
const target = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => `/${pieces.join('').replaceAll(' ', '%20').replaceAll('#', '')}`)
const printable = fc.string({
  maxLength: 40,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
})
const size = fc.oneof(fc.constantFrom('0', '1', '5', '6', '-1', '1e3', '9999999999999999', '?1', ''), printable)

describe('strange requests to a raw repository', function () {
  this.timeout(120_000)
  let house: House
  let blobs = 0
  let sent = 0
  before(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw', webdav: true }] })
  })
  after(async () => {
    process.stdout.write(`    ${sent} strange requests sent\n`)
    await house.close()
  })
  beforeEach(async () => {
    blobs = await emptyShelves(house)
  })

  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: string | Uint8Array) => {
    sent += 1
    const clean = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()]))
    return house.call(method, path, { as: 'olga', headers: clean, ...(body === undefined ? {} : { body }) })
  }

  it('a path makes the one file that it names, or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        const before = await house.storedFiles()
        const { status } = await send('PUT', base + path, {}, 'x')
        const after = await house.storedFiles()
        if (status >= 400) {
          expect([status, after]).to.satisfy(() => [400, 404, 405, 409, 414].includes(status))
          expect(after).to.deep.equal(before)
          return
        }
        const key = decodeURIComponent(path.split('?')[0] ?? '')
          .split('/')
          .filter(Boolean)
          .join('/')
          .normalize('NFC')
        expect(after).to.include(`acme/files/${key}`)
        expect((await send('GET', base + path)).text()).to.equal('x')
        expect((await send('DELETE', base + path)).status).to.equal(204)
      }),
      { numRuns: runs },
    )
  })

  it('the destination of a move is such a path, or nothing moves', async () => {
    await fc.assert(
      fc.asyncProperty(target, fc.boolean(), async (path, whole) => {
        await send('PUT', `${base}/source`, {}, 'x')
        const { status } = await send('MOVE', `${base}/source`, { destination: `${whole ? house.url : ''}${base}${path}` })
        expect(status).to.be.oneOf([201, 204, 400, 403, 409, 502])
        const files = await house.storedFiles()
        expect(files).to.have.length(1)
        if (status >= 400) expect(files).to.deep.equal(['acme/files/source'])
        await emptyShelves(house)
      }),
      { numRuns: runs },
    )
  })

  it('fields of uploads are understood or refused, and nothing becomes a file before its end', async () => {
    const fields = fc.record(
      {
        ...{ 'tus-resumable': fc.constantFrom('1.0.0', '1.0.0', '0.2'), 'upload-length': size, 'upload-offset': size },
        ...{ 'upload-metadata': fc.oneof(fc.constantFrom('path Zg==', 'filename Zg==,path ZQ==', 'path Li4vZg=='), printable) },
        ...{ 'upload-complete': fc.constantFrom('?0', '?1', '1', ''), 'upload-defer-length': fc.constantFrom('1', '2') },
        ...{ 'upload-checksum': fc.oneof(fc.constantFrom('sha1 AAAA', 'md5 CY9rzUYh03PK3k6DJie09g=='), printable) },
        ...{ 'upload-concat': fc.oneof(fc.constantFrom('partial', 'final;/-/uploads/x'), printable) },
        'content-type': fc.constantFrom('application/offset+octet-stream', 'application/partial-upload', 'text/plain'),
      },
      { requiredKeys: [] },
    )
    const begin = fc.constantFrom(['POST', '/-/tus/'], ['PUT', '/f'], ['POST', '/-/tus/a/b'])
    await fc.assert(
      fc.asyncProperty(begin, fields, fields, async ([method = '', path = ''], first, second) => {
        const begun = await send(method, base + path, first as Record<string, string>, 'hello')
        expect(begun.status, begun.text()).to.be.oneOf([200, 201, 204, 400, 404, 409, 412, 413, 415, 460])
        const location = begun.headers['location']
        if (location === undefined || !location.includes('/-/uploads/')) return
        const upload = new URL(location).pathname
        const next = await send('PATCH', upload, second as Record<string, string>, 'world')
        expect(next.status, next.text()).to.be.oneOf([200, 201, 204, 400, 403, 404, 409, 412, 413, 415, 460])
        await send('DELETE', upload, { 'tus-resumable': '1.0.0' })
        await send('DELETE', upload)
        await emptyShelves(house)
      }),
      { numRuns: runs },
    )
  })

  it('an archive with any of its bytes changed is unpacked or refused, whole', async () => {
    const members = [
      { name: 'a.txt', content: 'one '.repeat(50) },
      { name: 'b/c', content: 'two' },
    ]
    const archives = [
      buildZip(members),
      buildZip(members.map((member) => ({ ...member, method: 0 as const }))),
      await tarball(members),
    ]
    const change = fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), to: fc.integer({ min: 0, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), async (which, changes, cut) => {
        const archive = Buffer.from(archives[which] ?? Buffer.alloc(0))
        for (const { at, to } of changes) archive[Math.floor(at * archive.length)] = to
        const body = cut ? archive.subarray(0, Math.floor((changes[0]?.at ?? 0) * archive.length)) : archive
        const answer = await send('PUT', `${base}/x/`, { 'x-explode-archive': 'true' }, body)
        expect(answer.status, answer.text()).to.be.oneOf([201, 400, 413])
        if (answer.status !== 201) expect([await house.storedFiles(), await house.storedBlobs()]).to.deep.equal([[], blobs])
        blobs = await emptyShelves(house)
      }),
      { numRuns: runs },
    )
  })

  it('XML of a PROPFIND is answered or refused', async () => {
    const word = fc.constantFrom(
      '<propfind xmlns="DAV:">',
      '</propfind>',
      '<prop>',
      '</prop>',
      '<allprop/>',
      '<x:y xmlns:x="u"/>',
      '&amp;',
      '&e;',
      '<!DOCTYPE a>',
      '<![CDATA[',
      ']]>',
      '<?x?>',
      '\u0000',
      'text',
      '<',
      '"',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 8 }), fc.constantFrom('0', '1', 'infinity', 'x'), async (words, depth) => {
        const { status } = await send('PROPFIND', `${base}/`, { depth }, words.join(''))
        expect(status).to.be.oneOf([207, 400, 403])
      }),
      { numRuns: runs },
    )
  })

  it('queries and conditions of a listing are answered or refused', async () => {
    await send('PUT', `${base}/d/f`, {}, 'x')
    const name = fc.constantFrom('format', 'limit', 'cursor', 'recursive', 'prefix', 'sort')
    const value = fc.oneof(
      fc.constantFrom('json', 'html', '1', '-1', 'true', 'Zg', '-size', '%ff', '..', '/', '%00'),
      printable.map(encodeURIComponent),
    )
    const query = fc.array(fc.tuple(name, value), { maxLength: 5 }).map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
    await fc.assert(
      fc.asyncProperty(query, printable, async (text, accept) => {
        const answer = await send('GET', `${base}/d/?${text}`, { accept: accept.trim() || '*/*' })
        expect(answer.status, answer.text()).to.be.oneOf([200, 400])
      }),
      { numRuns: runs },
    )
  })
})
