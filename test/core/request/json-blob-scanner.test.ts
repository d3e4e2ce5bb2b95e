import { Readable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError, tooLarge } from '../../../core/errors/registry-error.js'
import { readJsonWithBlobs } from '../../../core/request/json-blob-scanner.js'
import type { Stage, StagedBlob } from '../../../core/storage/staging.js'

/** Keeps what was staged; `settled` counts uploads that came to an end, good or bad. */
class Shelf {
  readonly blobs: Buffer[] = []
  settled = 0
  readonly stage: Stage = async (upload) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of upload) chunks.push(chunk)
    } finally {
      this.settled += 1
    }
    const content = Buffer.concat(chunks)
    this.blobs.push(content)
    return { size: content.length, digests: { sha256: '' } } as StagedBlob
  }
}

const isData = (path: readonly string[]) => path.length === 3 && path[0] === '_attachments' && path[2] === 'data'
const limits = { text: 64 * 1024, blob: 64 * 1024 }

function pieces(text: string | Buffer, size: number): Readable {
  const bytes = Buffer.from(text as string)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks, { objectMode: false, highWaterMark: 16 })
}
async function scan(text: string | Buffer, size = 7, shelf = new Shelf(), within = limits) {
  return await readJsonWithBlobs(pieces(text, size), isData, shelf.stage, within)
}
async function outcome(reading: Promise<unknown>): Promise<string> {
  try {
    await reading
    return 'accepted'
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown
    return `${thrown.kind}: ${thrown.message}`
  }
}
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const envelope = (data: string) =>
  `{"name":"x","_attachments":{"x-1.0.0.tgz":{"data":"${data}","length":1}},"tail":[1,{"a":"b"}]}`

describe('JSON with attachments', () => {
  it('stages the strings that are picked and leaves empty ones in their place', async () => {
    const shelf = new Shelf()
    const { value, blobs } = await scan(envelope(Buffer.from('hello, world').toString('base64')), 5, shelf)
    expect(plain(value)).to.deep.equal({
      name: 'x',
      _attachments: { 'x-1.0.0.tgz': { data: '', length: 1 } },
      tail: [1, { a: 'b' }],
    })
    expect(blobs.map(({ path, blob }) => [path, blob.size])).to.deep.equal([[['_attachments', 'x-1.0.0.tgz', 'data'], 12]])
    expect(shelf.blobs.map(String)).to.deep.equal(['hello, world'])
  })

  it('agrees with JSON.parse on any document in any chunks', async () => {
    const data = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
    const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => text !== '__proto__')
    const rest = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, data), { maxLength: 4, selector: ([key]) => key }),
        rest,
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (attached, other, first, size, escaped) => {
          const attachments = Object.fromEntries(
            attached.map(([key, bytes]) => [key, { other, data: bytes.toString('base64'), more: ['"\\', key] }]),
          )
          const document = first ? { _attachments: attachments, other } : { other, _attachments: attachments }
          const text = escaped
            ? JSON.stringify(document)
                .replaceAll('/', '\\/')
                .replaceAll(/(?<!e)\+/g, '\\u002b')
                .replaceAll('=', '\\u003D')
            : JSON.stringify(document)
          const expected = JSON.parse(text)
          const bytes: string[] = []
          for (const attachment of Object.values(expected._attachments) as { data: string }[]) {
            bytes.push(attachment.data)
            attachment.data = ''
          }
          const shelf = new Shelf()
          const { value } = await scan(text, size, shelf)
          expect(plain(value)).to.deep.equal(expected)
          expect(shelf.blobs.map((blob) => blob.toString('base64'))).to.deep.equal(bytes)
        },
      ),
      { numRuns: 300 },
    )
  })

  const badData = [
    'QQ=',
    'QQ',
    'Q',
    '=',
    'Q===',
    'QR==',
    'QQ==QQ==',
    'QUJ=',
    'QU-_',
    'QUJD QUJD',
    'QUJD\\nQUJD',
    'QU*D',
    'QU\\"D',
    'QU\\\\D',
    'QUJDé',
    '\\u0000AAA',
    'QUJD\\u00',
  ]
  for (const data of badData) {
    it(`refuses ${data} as base64, in whatever pieces it comes`, async () => {
      for (const size of [1, 3, 1000]) {
        const shelf = new Shelf()
        expect(await outcome(scan(envelope(data), size, shelf))).to.match(/^invalid: Malformed (?:base64|JSON)/)
        expect([shelf.settled, shelf.blobs]).to.deep.equal([1, []])
      }
    })
  }
  it('refuses any string that is not the base64 of what it decodes to', async () => {
    const almost = fc.string({ unit: fc.constantFrom(...'AQgw/+=-_ \n*z9'.split('')), maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(almost, fc.integer({ min: 1, max: 9 }), async (data, size) => {
        const shelf = new Shelf()
        const result = await outcome(scan(envelope(JSON.stringify(data).slice(1, -1)), size, shelf))
        const canonical = Buffer.from(data, 'base64').toString('base64') === data
        expect(result === 'accepted', data).to.equal(canonical)
        if (canonical) expect(shelf.blobs[0]?.toString('base64')).to.equal(data)
      }),
      { numRuns: 1000 },
    )
  })

  it('takes names of the prototype as keys, in objects that have none', async () => {
    const { value } = await scan('{"versions":{"constructor":{"prototype":1}},"list":[{"toString":2}]}')
    const { versions, list } = value as { versions: Record<string, unknown>; list: object[] }
    expect(Object.getPrototypeOf(versions)).to.equal(null)
    expect(Object.getPrototypeOf(list[0])).to.equal(null)
    expect(plain(versions['constructor'])).to.deep.equal({ prototype: 1 })
    expect(({} as Record<string, unknown>)['prototype']).to.equal(undefined)
  })
  it('is as strict as any body in what is not attachment', async () => {
    const bad: Record<string, RegExp> = {
      '{"__proto__":{}}': /forbidden key/,
      '{"a":1,"a":1}': /stands twice/,
      '{"a":"\\ud800"}': /surrogate/,
      '\ufeff{}': /byte order mark/,
      '{"a":1e999}': /out of range/,
      '{"a"': /Malformed JSON/,
      '{"a":"': /without an end/,
      '{"_attachments":{"a":{"data":"QUJD': /without an end/,
      '{"_attachments":{"a":{"data":"QUJD","data":"QUJD"}}}': /stands twice/,
      '{"_attachments":{"a":{"data" "QUJD"}}}': /Malformed JSON/,
      ']': /Malformed JSON/,
      '': /Malformed JSON/,
    }
    bad['['.repeat(100_000)] = /nested deeper than 32/
    for (const [text, reason] of Object.entries(bad)) {
      expect(await outcome(scan(text, 13)), text.slice(0, 60))
        .to.match(/^invalid/)
        .and.match(reason)
    }
  })
  it('leaves what is picked but is no string to the plugin', async () => {
    const { value, blobs } = await scan('{"_attachments":{"a":{"data":17},"b":{"data":["QUJD"]}}}')
    expect(plain(value)).to.deep.equal({ _attachments: { a: { data: 17 }, b: { data: ['QUJD'] } } })
    expect(blobs).to.deep.equal([])
  })
  it('holds text and attachments to their limits while they arrive', async () => {
    const shelf = new Shelf()
    const within = { text: 200, blob: 12 }
    expect(await outcome(scan(envelope('QUJD'.repeat(4)), 16, shelf, within))).to.equal('accepted')
    expect(await outcome(scan(envelope('QUJD'.repeat(5)), 16, shelf, within))).to.equal(
      'too-large: The attachment is larger than 12 bytes',
    )
    expect(await outcome(scan(`{"a":"${'x'.repeat(300)}"}`, 16, shelf, within))).to.equal(
      'too-large: The document is larger than 200 bytes',
    )
    expect(shelf.blobs).to.have.length(1)
  })
  it('reads no more than a limit needs of a body that has no end', async () => {
    let given = 0
    const endless = new Readable({
      read() {
        given += 1024
        this.push(given === 1024 ? Buffer.from('{"_attachments":{"a":{"data":"') : Buffer.alloc(1024, 0x41))
      },
    })
    expect(await outcome(readJsonWithBlobs(endless, isData, new Shelf().stage, limits))).to.match(/^too-large/)
    expect(given).to.be.lessThan(limits.blob * 2 + 64 * 1024)
    expect(endless.destroyed).to.equal(false)
    endless.destroy()
  })
  it('stages sixteen attachments at most, or as many as are said', async () => {
    const document = (count: number) =>
      JSON.stringify({ _attachments: Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, { data: 'QUJD' }])) })
    expect(await outcome(scan(document(16)))).to.equal('accepted')
    expect(await outcome(scan(document(17)))).to.equal('invalid: Too many attachments')
    const one = { ...limits, blobs: 1 }
    expect(await outcome(scan(document(1), 7, new Shelf(), one))).to.equal('accepted')
    expect(await outcome(scan(document(2), 7, new Shelf(), one))).to.equal('invalid: Too many attachments')
  })
  it('fails as the staging area fails, at once', async () => {
    const full: Stage = async (upload) => {
      for await (const _ of upload) throw tooLarge('full')
      throw new Error('no byte came')
    }
    const body = pieces(envelope('QUJD'.repeat(10_000)), 512)
    expect(await outcome(readJsonWithBlobs(body, isData, full, limits))).to.equal('too-large: full')
  })
  it('gives up the attachment when the client breaks off', async () => {
    const shelf = new Shelf()
    let turn = 0
    const broken = new Readable({
      read() {
        turn += 1
        if (turn === 1) this.push(Buffer.from('{"_attachments":{"a":{"data":"QUJD'))
        else this.destroy(new Error('ECONNRESET'))
      },
    })
    expect(await outcome(readJsonWithBlobs(broken, isData, shelf.stage, limits))).to.equal('invalid: The request body broke off')
    expect([shelf.settled, shelf.blobs]).to.deep.equal([1, []])
  })
  it('keeps the pace of a slow staging area', async () => {
    let pushed = 0
    let taken = 0
    let lead = 0
    const chunk = Buffer.from(Buffer.alloc(48 * 1024, 7).toString('base64'))
    function* body() {
      yield Buffer.from('{"_attachments":{"a":{"data":"')
      for (let at = 0; at < 64; at += 1) {
        pushed += 48 * 1024
        lead = Math.max(lead, pushed - taken)
        yield chunk
      }
      yield Buffer.from('"}}}')
    }
    const slow: Stage = async (upload) => {
      for await (const piece of upload) {
        taken += piece.length
        await new Promise((resolve) => setImmediate(resolve))
      }
      return { size: taken, digests: { sha256: '' } } as StagedBlob
    }
    const source = Readable.from(body(), { objectMode: false, highWaterMark: 64 * 1024 })
    await readJsonWithBlobs(source, isData, slow, { text: 1024, blob: 1 << 30 })
    expect(taken).to.equal(64 * 48 * 1024)
    expect(lead).to.be.lessThan(1024 * 1024)
  })
})
