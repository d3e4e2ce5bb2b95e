import { Readable } from 'node:stream'
import { expect } from 'chai'
import fc from 'fast-check'
import { RegistryError } from '../../../core/errors/registry-error.js'
import type { HouseRequest } from '../../../core/request/house-request.js'
import { RoutedRequest } from '../../../core/request/routed-request.js'

function request(body: string | Uint8Array | Readable, more: Partial<HouseRequest> = {}, query = ''): RoutedRequest {
  const stream = body instanceof Readable ? body : Readable.from([Buffer.from(body as string)], { objectMode: false })
  const house = { id: 'r1', method: 'POST', header: () => undefined, contentLength: undefined, body: () => stream, ...more }
  return new RoutedRequest(house as unknown as HouseRequest, query, '/')
}
async function outcome(reading: Promise<unknown>): Promise<unknown> {
  try {
    return await reading
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown
    return `${thrown.kind}: ${thrown.message}`
  }
}
const read = (body: string | Uint8Array, limit?: number) => outcome(request(body).json(limit))
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const keys = (count: number) => `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join(',')}}`

describe('JSON bodies', () => {
  it('are read as JSON.parse reads them', async () => {
    const text = '{"a":[1,-2.5e3,true,null,"\\u00e9\\ud83d\\ude00",{"b":"x:y{}[],\\"z\\\\"}],"":{}}'
    expect(await read(text)).to.deep.equal(JSON.parse(text))
    expect(await read('"beta"')).to.equal('beta')
    expect(await read(' 1 ')).to.equal(1)
  })
  it('are read as JSON.parse reads them, whatever they hold', async () => {
    const forbidden = /"(?:__proto__|constructor|prototype)":/
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 5 }), async (text) => {
        fc.pre(!forbidden.test(text))
        expect(await read(text)).to.deep.equal(JSON.parse(text))
      }),
      { numRuns: 300 },
    )
  })
  const refused: Record<string, [string | Uint8Array, RegExp]> = {
    'nothing at all': ['', /^invalid: Malformed JSON/],
    'a broken document': ['{"a":', /^invalid: Malformed JSON/],
    'text behind the document': ['{} {}', /^invalid: Malformed JSON/],
    'brackets that do not fit': ['{"a":[}]', /^invalid: Malformed JSON/],
    'a string without an end': ['"abc\\"', /without an end/],
    'two keys of one name': ['{"a":1,"a":2}', /stands twice/],
    'two keys of one name, one of them escaped': ['{"a":1,"\\u0061":2}', /stands twice/],
    __proto__: ['{"__proto__":{"admin":true}}', /forbidden key/],
    'an escaped __proto__': ['{"\\u005f_proto__":1}', /forbidden key/],
    'a key called constructor': ['{"a":{"constructor":1}}', /forbidden key/],
    'a key called prototype': ['{"prototype":1}', /forbidden key/],
    'a byte order mark': [Buffer.from('\ufeff{}'), /byte order mark/],
    'half a surrogate pair': ['{"a":"\\ud800"}', /surrogate/],
    'half a surrogate pair in a key': ['{"\\udc00x":1}', /surrogate/],
    'bytes that are not UTF-8': [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    'an encoded surrogate': [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /not UTF-8/],
    'a number out of range': ['{"a":1e400}', /number out of range/],
    'more than 32 levels': [nested(33), /nested deeper than 32/],
    'a hundred thousand levels': [nested(100_000), /nested deeper than 32/],
    'more than 10,000 keys': [keys(10_001), /more than 10000 keys/],
    'more than a mebibyte': [`"${'a'.repeat(1024 * 1024)}"`, /^too-large: /],
  }
  for (const [what, [body, reason]] of Object.entries(refused)) {
    it(`are refused for ${what}`, async () => expect(await read(body)).to.match(reason))
  }
  it('may hold just as much as the limits say', async () => {
    expect(await read(nested(32))).to.be.an('array')
    expect(await read(keys(10_000))).to.have.property('k9999', 1)
    expect(await read('"abc"', 5)).to.equal('abc')
    expect(await read('"abc"', 4)).to.match(/^too-large: The request body is larger than 4 bytes/)
  })
  it('never touch a prototype', async () => {
    await read('{"__proto__":{"polluted":1}}')
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined)
  })
  it('are refused unread where their declared length is too large', async () => {
    let asked = false
    const late = request('', {
      contentLength: 2_000_000,
      body: () => {
        asked = true
        return Readable.from([])
      },
    })
    expect(await outcome(late.json())).to.match(/^too-large/)
    expect(asked).to.equal(false)
  })
  it('leave the stream as it stands when they give up, for the host to answer', async () => {
    const stream = Readable.from([Buffer.alloc(100, 0x20), Buffer.alloc(100, 0x20)], { objectMode: false })
    expect(await outcome(request(stream).json(50))).to.match(/^too-large/)
    expect(stream.destroyed).to.equal(false)
    stream.destroy()
  })
  it('that break off are the client’s failure, with the cause for the log', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('ECONNRESET'))
      },
    })
    expect(await outcome(request(broken).json())).to.equal('invalid: The request body broke off')
  })
  it('in a content coding are not taken', async () => {
    const zipped = request('{}', { header: (name) => (name === 'content-encoding' ? 'gzip' : undefined) })
    expect(await outcome(zipped.json())).to.match(/^unsupported/)
  })
})

describe('queries', () => {
  it('are flat, and read once', () => {
    const asked = request('', {}, 'a=1&a=2&b=%C3%A9&c=x+y&d=100%')
    expect([...asked.query]).to.deep.equal([
      ['a', '1'],
      ['a', '2'],
      ['b', 'é'],
      ['c', 'x y'],
      ['d', '100%'],
    ])
    expect(asked.query).to.equal(asked.query)
  })
  it('are refused where they are not UTF-8', () => {
    expect(() => request('', {}, 'a=%ff').query).to.throw(RegistryError, 'Malformed query')
  })
})
