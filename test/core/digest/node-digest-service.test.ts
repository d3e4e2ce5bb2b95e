import { createHash, randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { blake2b } from 'hash-wasm'
import type { DigestName } from '../../../core/digest/digests.js'
import { NodeDigestService } from '../../../core/digest/node-digest-service.js'

const names: readonly DigestName[] = ['md5', 'sha1', 'sha256', 'sha512', 'blake2b256']
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

async function expected(content: Uint8Array): Promise<Record<string, string>> {
  const node = ['md5', 'sha1', 'sha256', 'sha512'].map((name) => [name, createHash(name).update(content).digest('hex')])
  return { ...Object.fromEntries(node), blake2b256: await blake2b(content, 256) }
}

describe('NodeDigestService', () => {
  let service: NodeDigestService
  before(async () => {
    service = await NodeDigestService.open()
  })

  it('knows the digests of nothing (RFC 1321, 3174, 6234, 7693)', () => {
    expect(service.of(Buffer.alloc(0), names)).to.deep.equal({
      md5: 'd41d8cd98f00b204e9800998ecf8427e',
      sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      sha512:
        'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
      blake2b256: '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8',
    })
  })
  it('passes every byte on, counts it and hashes it once by all names', async () => {
    const content = randomBytes(1_000_003)
    const meter = service.meter(names)
    const out: Buffer[] = []
    const pieces = [content.subarray(0, 1), content.subarray(1, 70_000), content.subarray(70_000)]
    await pipeline(Readable.from(pieces), meter, async (source: AsyncIterable<Buffer>) => {
      for await (const piece of source) out.push(piece)
    })
    expect(Buffer.concat(out).equals(content)).to.equal(true)
    expect(meter.size).to.equal(content.length)
    expect(meter.digests()).to.deep.equal(await expected(content))
    expect(meter.digests()).to.deep.equal(await expected(content))
  })
  it('always takes sha256, and only what else was named', async () => {
    expect(Object.keys(service.of(Buffer.from('x'), []))).to.deep.equal(['sha256'])
    expect(Object.keys(service.of(Buffer.from('x'), ['sha256', 'md5', 'md5'])).sort()).to.deep.equal(['md5', 'sha256'])
  })
  it('keeps streams apart that flow at the same time, one of them abandoned', async () => {
    const contents = Array.from({ length: 9 }, (_, index) => randomBytes(50_000 + index))
    const abandoned = service.meter(names)
    abandoned.write(randomBytes(10_000))
    const digests = await Promise.all(
      contents.map(async (content) => {
        const meter = service.meter(names)
        const pieces = Array.from({ length: 60 }, (_, at) => content.subarray(at * 1_000, (at + 1) * 1_000))
        await pipeline(Readable.from(pieces), meter, nowhere())
        return meter.digests()
      }),
    )
    for (const [index, content] of contents.entries()) expect(digests[index]).to.deep.equal(await expected(content))
    abandoned.destroy()
  })
  it('gives no digests before the stream has ended', () => {
    expect(() => service.meter([]).digests()).to.throw('before the stream has ended')
  })
})
