import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { crc32Of, crc32Text, joinCrc32 } from '../../../../core/storage/drivers/crc32-join.js'
import type { S3BlobStore } from '../../../../core/storage/drivers/s3-blob-store.js'
import type { S3Object } from '../../../../core/storage/drivers/s3-bucket.js'
import { plan } from '../../../../core/storage/drivers/s3-composition.js'
import { CloudBuckets } from '../../../support/cloud-buckets.js'
import { type Intercept, InterceptedS3, quickCalls, s3Error } from '../../../support/intercepted-s3.js'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

describe('The CRC-32 of two byte strings', () => {
  it('follows from that of each', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.uint8Array({ maxLength: 5_000 }), (one, other) => {
        expect(joinCrc32(crc32(one), crc32(other), other.length)).to.equal(crc32(Buffer.concat([one, other])))
      }),
    )
    expect(joinCrc32(crc32('a'), crc32(Buffer.alloc(70 * MiB)), 70 * MiB)).to.equal(
      crc32(Buffer.concat([Buffer.from('a'), Buffer.alloc(70 * MiB)])),
    )
  })
  it('is written as S3 writes it, and read where it is that of a whole object', () => {
    expect(crc32Text(crc32('hello'))).to.equal('NhCmhg==')
    expect(crc32Of('NhCmhg==')).to.equal(crc32('hello'))
    expect([crc32Of('NhCmhg==-3'), crc32Of(undefined), crc32Of('x')]).to.deep.equal([undefined, undefined, undefined])
  })
})

describe('The parts of a composed object', () => {
  const object: S3Object = { size: 0, storedAt: new Date(), etag: '', crc32: undefined, checksum: undefined, writer: undefined }
  const planned = (sizes: readonly number[]) =>
    plan(sizes.map((size, at) => ({ key: `k${at}`, object: { ...object, size }, start: 0, end: size })))
  const sizeOf = (part: ReturnType<typeof planned>[number]) =>
    part.stretches.reduce((sum, { start, end }) => sum + end - start, 0)

  it('are all its bytes in order, none too small or too large, and mostly copied', () => {
    const size = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 6 * MiB }),
      fc.integer({ min: MiB, max: 64 * MiB }),
      fc.integer({ min: 4 * GiB, max: 12 * GiB }),
    )
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 40 }), (sizes) => {
        const parts = planned(sizes)
        const stretches = parts.flatMap((part) => part.stretches)
        const expected = sizes.flatMap((one, at) => (one === 0 ? [] : [[`k${at}`, one] as const]))
        // In order, each piece from its begin to its end.
        let [piece, at] = [0, 0]
        for (const { key, start, end } of stretches) {
          const [name, whole = 0] = expected[piece] ?? []
          expect([key, start]).to.deep.equal([name, at])
          at = end === whole ? 0 : end
          if (end === whole) piece += 1
        }
        expect(piece).to.equal(expected.length)
        for (const [index, part] of parts.entries()) {
          expect(sizeOf(part)).to.be.at.most(5 * GiB)
          if (index < parts.length - 1) expect(sizeOf(part)).to.be.at.least(5 * MiB)
          if (!part.copied) expect(sizeOf(part)).to.be.below(15 * MiB)
          if (part.copied) expect(part.stretches).to.have.length(1)
        }
      }),
    )
  })
  it('are copies of large pieces, one by one', () => {
    expect(planned([64 * MiB, 64 * MiB, 3]).map(({ copied, stretches }) => [copied, stretches.length])).to.deep.equal([
      [true, 1],
      [true, 1],
      [true, 1],
    ])
    expect(planned([12 * GiB]).map(sizeOf)).to.deep.equal([4 * GiB, 4 * GiB, 4 * GiB])
    expect(planned([MiB, 64 * MiB]).map((part) => [part.copied, sizeOf(part)])).to.deep.equal([
      [false, 5 * MiB],
      [true, 60 * MiB],
    ])
    expect(planned([1, 2, 0, 3]).map(({ copied, stretches }) => [copied, stretches.length])).to.deep.equal([[false, 3]])
    expect(planned([0, 0]).map(({ copied, stretches }) => [copied, stretches.length])).to.deep.equal([[false, 0]])
  })
})

describe('An object composed in S3', () => {
  let buckets: CloudBuckets
  let bucket: string
  let store: S3BlobStore
  before(async function () {
    buckets = await CloudBuckets.start(this)
  })
  beforeEach(async () => {
    bucket = await buckets.make()
    store = await buckets.open({ bucket })
  })
  afterEach(() => store.close())
  const put = async (key: string, content: Buffer) => {
    const writer = await store.create(key)
    await pipeline(Readable.from([content]), writer.sink)
    await writer.finish()
  }
  const over = async (intercept?: Intercept) => {
    const service = new InterceptedS3(intercept)
    return { service, store: await buckets.open({ bucket, client: service.client, calls: quickCalls() }) }
  }
  const pieces = ['org_a/b/00/p1', 'org_a/b/00/p2', 'org_a/b/00/p3']
  const contents = [9 * MiB, 1 * MiB, 12 * MiB].map((size) => randomBytes(size))
  const whole = Buffer.concat(contents)
  const listed = async () => {
    const found: string[] = []
    for await (const key of store.list('')) found.push(key)
    for await (const stray of store.strays('')) found.push(`${stray.kind} ${stray.key}`)
    return found
  }

  it('of large pieces is copied in the bucket; what is too small for a part is sent', async () => {
    for (const [at, content] of contents.entries()) await put(pieces[at] as string, content)
    const { service, store: composing } = await over()
    expect(await composing.compose('org_a/b/00/whole', pieces)).to.equal(true)
    expect(service.names.filter((name) => name === 'UploadPartCopy')).to.have.length(2)
    expect(service.calls.flatMap(({ name, input }) => (name === 'UploadPart' ? input.ContentLength : []))).to.deep.equal([
      5 * MiB,
    ])
    expect((await buffer(await store.open('org_a/b/00/whole'))).equals(whole)).to.equal(true)
    expect(service.calls.find(({ name }) => name === 'UploadPartCopy')?.input.CopySourceIfMatch).to.match(/^"/)
    await composing.close()
  }).timeout(30_000)

  it('is left undone where the store copies nothing, and fails where a copy does', async () => {
    for (const [at, content] of contents.entries()) await put(pieces[at] as string, content)
    const never = await over(async (call, send) => {
      if (call.name === 'UploadPartCopy') throw s3Error('NotImplemented', 501)
      return send()
    })
    expect(await never.store.compose('org_a/b/00/whole', pieces)).to.equal(false)
    const failing = await over(async (call, send) => {
      if (call.name === 'UploadPartCopy') throw s3Error('InternalError', 500)
      return send()
    })
    const kind = await failing.store.compose('org_a/b/00/whole', pieces).then(String, (thrown) => thrown.kind)
    expect(kind).to.equal('unavailable')
    expect(await listed()).to.deep.equal(pieces)
    await Promise.all([never.store.close(), failing.store.close()])
  }).timeout(30_000)

  it('is where a blob goes that is set aside, however large, and a crash in between is made good', async () => {
    await put('org_a/b/00/p1', contents[0] as Buffer)
    const dying = await over(async (call, send) => {
      if (call.name === 'DeleteObject') throw s3Error('SlowDown', 503)
      return send()
    })
    expect(await dying.store.setAside('org_a/b/00/p1').then(String, (thrown) => thrown.kind)).to.equal('unavailable')
    expect(await listed()).to.deep.equal(['org_a/b/00/p1', 'aside org_a/b/00/p1'])
    await store.setAside('org_a/b/00/p1')
    expect(await listed()).to.deep.equal(['aside org_a/b/00/p1'])
    await dying.store.close()
  }).timeout(30_000)
})
