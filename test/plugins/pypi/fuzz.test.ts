import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Answer, House } from '../../support/house.js'
import { buildSdist } from '../../support/sdist-builder.js'
import { multipart, type Part, uploadParts } from '../../support/upload-form.js'
import { type BuiltFile, buildWheel } from '../../support/wheel-builder.js'
import { json, openPypiHouse, post } from './pypi-house.js'

const runs = Number(process.env['FUZZ_RUNS'] ?? 150)

const printable = fc.string({
  maxLength: 30,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
})
const odd = fc.oneof(
  { weight: 2, arbitrary: printable },
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.constantFrom(
    '',
    'UNKNOWN',
    '\0',
    '__proto__',
    'constructor',
    '../..',
    '-',
    '1.0',
    'x'.repeat(70_000),
    '\r\n',
    '\u202e',
    '%00',
  ),
)
const fieldName = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[':action', 'protocol_version', 'filetype', 'pyversion', 'metadata_version', 'name', 'version', 'summary', 'content'],
      ...['md5_digest', 'sha256_digest', 'blake2_256_digest', 'classifiers', 'requires_dist', 'attestations', 'gpg_signature'],
      ...['description', 'requires_python', 'provides_extra', 'provides_extras', '__proto__', 'constructor', 'a[b][c]', ''],
    ),
  },
  printable.map((text) => text.replaceAll('"', '')),
)
const filename = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        'bard',
        '-',
        '1.0',
        '_',
        '.',
        'py3',
        'none',
        'any',
        '.whl',
        '.tar.gz',
        '.zip',
        '+x',
        '!',
        '/',
        '\\',
        '%2e',
        ' ',
        '..',
      ),
      { minLength: 1, maxLength: 10 },
    )
    .map((parts) => parts.join('')),
  printable.map((text) => text.replaceAll('"', '')),
)

describe('strange requests to a Python index', function () {
  this.timeout(300_000)
  let house: House
  let sent = 0
  let taken = 0
  before(async () => {
    house = await openPypiHouse()
  })
  after(async () => {
    process.stdout.write(`    ${sent} strange requests sent, ${taken} uploads taken\n`)
    await house.close()
  })

  const store = async () => [await house.storedFiles(), await house.storedDocuments(), await house.storedBlobs()] as const
  /** A refusal is in words, in the reason phrase as in the body, and leaves nothing; what was taken is on the page and can be fetched. */
  const judged = async (send: () => Promise<Answer>): Promise<Answer> => {
    const before = await store()
    const answer = await send()
    sent += 1
    expect(answer.status, answer.text()).to.be.oneOf([200, 400, 410, 413])
    if (answer.status !== 200) {
      expect(await store()).to.deep.equal(before)
      expect(answer.reason).to.match(/^[\x20-\x7e\xa0-\xff]{2,500}$/)
      expect(answer.text().length).to.be.greaterThan(2)
    }
    return answer
  }
  const expectListed = async (project: string, file: BuiltFile) => {
    taken += 1
    const page = await house.call('GET', `/acme/py/simple/${project}/`, { headers: { accept: json } })
    const { files } = page.json() as { files: readonly { filename: string; url: string; 'core-metadata'?: { sha256: string } }[] }
    const listed = files.find((one) => one.filename === file.filename)
    const { pathname } = new URL(listed?.url ?? '', `${house.url}/acme/py/simple/${project}/`)
    expect((await house.call('GET', pathname)).body.equals(file.content)).to.equal(true)
    const metadata = listed?.['core-metadata']
    if (metadata === undefined) return
    const got = await house.call('GET', `${pathname}.metadata`)
    expect(createHash('sha256').update(got.body).digest('hex')).to.equal(metadata.sha256)
  }
  let count = 0
  const fresh = () => `1.${++count}`
  const with256 = (file: BuiltFile, content: Buffer): BuiltFile => ({
    ...file,
    content,
    sha256: createHash('sha256').update(content).digest('hex'),
  })

  it('a form with any of its fields changed, left out, doubled or moved is taken or refused', async () => {
    const change = fc.record({
      at: fc.nat(12),
      what: fc.constantFrom('value', 'drop', 'double', 'rename', 'file', 'add'),
      name: fieldName,
      value: odd,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        async (changes, reversed, isWheel) => {
          const version = fresh()
          const file = isWheel ? buildWheel({ name: 'formed', version }) : await buildSdist({ name: 'formed', version })
          let parts: Part[] = [...uploadParts(file, 'formed', version)]
          for (const { at, what, name, value } of changes) {
            const index = at % parts.length
            const part = parts[index]
            if (part === undefined) break
            if (what === 'drop') parts.splice(index, 1)
            else if (what === 'double') parts.push(part)
            else if (what === 'add') parts.splice(index, 0, { name, value })
            else if (what === 'rename') parts[index] = { ...part, name }
            else if (what === 'file') parts.push({ name, filename: 'x.whl', content: Buffer.from(value) })
            else parts[index] = { name: part.name, value }
          }
          if (reversed) parts = parts.reverse()
          const answer = await judged(() => post(house, parts))
          if (answer.status === 200) await expectListed('formed', file)
        },
      ),
      { numRuns: runs },
    )
  })

  it('a body that is broken anywhere is refused, or was whole', async () => {
    const cut = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      insert: fc.oneof(fc.constant(''), printable),
      drop: fc.nat(40),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async (cuts) => {
        const version = fresh()
        const file = buildWheel({ name: 'broken', version })
        const { headers, body } = multipart(uploadParts(file, 'broken', version))
        let bytes = body
        for (const { at, insert, drop } of cuts) {
          const index = Math.floor(at * bytes.length)
          bytes = Buffer.concat([bytes.subarray(0, index), Buffer.from(insert), bytes.subarray(index + drop)])
        }
        const answer = await judged(() => house.call('POST', '/acme/py/', { headers, body: bytes }))
        if (answer.status === 200) await expectListed('broken', file)
      }),
      { numRuns: runs },
    )
  })

  it('a wheel or source distribution with any of its bytes changed is read or refused', async () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), to: fc.integer({ min: 0, max: 255 }) })
    const changes = fc.array(change, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(fc.nat(2), changes, fc.constantFrom('', '', '', 'cut', 'append'), async (which, all, also) => {
        const version = fresh()
        const options = { name: 'bytes', version, requiresPython: '>=3.8' }
        const file =
          which === 0 ? buildWheel(options) : await buildSdist({ ...options, extension: which === 1 ? '.tar.gz' : '.zip' })
        let content = Buffer.from(file.content)
        for (const { at, to } of all) content[Math.floor(at * content.length)] = to
        if (also === 'cut') content = content.subarray(0, Math.floor((all[0]?.at ?? 0) * content.length))
        if (also === 'append') content = Buffer.concat([content, Buffer.from([all[0]?.to ?? 0])])
        const changed = with256(file, content)
        const answer = await judged(() => post(house, uploadParts(changed, 'bytes', version)))
        if (answer.status === 200) await expectListed('bytes', changed)
        else
          expect(answer.reason).to.match(
            /^(?:Invalid distribution file\. |Wheel '|Source distribution '|'.*' is an invalid value for |Metadata )/,
          )
      }),
      { numRuns: runs * 2 },
    )
  })

  it('metadata of any kind is read or refused', async () => {
    const header = fc.tuple(
      fc.constantFrom(
        'Name',
        'Version',
        'Metadata-Version',
        'Requires-Python',
        'Summary',
        'License-File',
        'Requires-Dist',
        'X',
        '',
      ),
      fc.constantFrom(': ', ':', ' : ', '\n', '\r\n '),
      odd,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 6 }), odd, fc.boolean(), async (headers, description, isWheel) => {
        const version = fresh()
        const lines = headers.map(([name, colon, value]) => name + colon + value.slice(0, 2_000))
        const metadata = `Metadata-Version: 2.4\nName: read\nVersion: ${version}\n${lines.join('\n')}\n\n${description}`
        const file = isWheel
          ? buildWheel({ name: 'read', version, metadata })
          : await buildSdist({ name: 'read', version, metadata })
        const answer = await judged(() => post(house, uploadParts(file, 'read', version)))
        if (answer.status === 200) await expectListed('read', file)
      }),
      { numRuns: runs },
    )
  })

  it('a file name of any kind is the one that it was, or refused', async () => {
    await fc.assert(
      fc.asyncProperty(filename, fc.boolean(), async (name, isWheel) => {
        const file = isWheel ? buildWheel({ name: 'bard', version: '1.0' }) : await buildSdist({ name: 'bard', version: '1.0' })
        const answer = await judged(() => post(house, uploadParts({ ...file, filename: name }, 'bard', '1.0')))
        if (answer.status === 200) await expectListed('bard', { ...file, filename: name })
      }),
      { numRuns: runs },
    )
  })

  it('addresses and headers of readers are answered or refused, in no more than one way', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'simple',
        '+simple',
        'files',
        'bard',
        'Bard',
        'pypi',
        'json',
        'integrity',
        'legacy',
        '..',
        '.',
        '',
        '%2e%2e',
      ),
      fc.constantFrom('%00', '%ff', '%2f', '+', '%2B', 'a'.repeat(64), '1.0', 'provenance', '%zz', ';', "'", '"', '<b>'),
    )
    const range = fc.oneof(
      fc.constantFrom('bytes=0-', 'bytes=-5', 'bytes=5-1', 'bytes=0-0,2-3', 'bytes=99999999999999999999-', 'lines=1-2', ''),
      printable,
    )
    const clean = (text: string) => text.trim()
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { minLength: 1, maxLength: 6 }),
        printable,
        range,
        fc.boolean(),
        async (segments, accept, ranges, slash) => {
          const target = `/acme/py/${segments.join('/')}${slash ? '/' : ''}`.replaceAll(' ', '%20')
          const headers = {
            accept: clean(accept),
            range: clean(ranges),
            'if-none-match': clean(accept),
            'accept-encoding': clean(accept),
          }
          const answer = await house.call('GET', target, { headers })
          sent += 1
          expect(answer.status, `${target}: ${answer.text()}`).to.be.oneOf([200, 206, 301, 304, 400, 404, 405, 406, 416])
          const location = answer.headers['location']
          if (location !== undefined) expect(location).to.match(new RegExp(`^${house.url}/acme/py/|^\\.|^/acme/py/`))
        },
      ),
      { numRuns: runs * 2 },
    )
  })
})
