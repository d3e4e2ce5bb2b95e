import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import type { RetryBudget } from '../../../../core/storage/drivers/retry-budget.js'
import type { S3BlobStore } from '../../../../core/storage/drivers/s3-blob-store.js'
import { S3Bucket } from '../../../../core/storage/drivers/s3-bucket.js'
import { openS3Client } from '../../../../core/storage/drivers/s3-client.js'
import { S3Uploads } from '../../../../core/storage/drivers/s3-upload.js'
import { failure } from '../../../contract/metadata-words.js'
import { CloudBuckets, spoolFolder } from '../../../support/cloud-buckets.js'
import { brokenOff, type Intercept, InterceptedS3, quickCalls, s3Error } from '../../../support/intercepted-s3.js'

const MiB = 1024 ** 2
const key = 'org_a/b/0f/0f00'

describe('An upload to S3', () => {
  let buckets: CloudBuckets
  let bucket: string
  let clean: S3BlobStore
  const opened: S3BlobStore[] = []
  before(async function () {
    buckets = await CloudBuckets.start(this)
  })
  beforeEach(async () => {
    bucket = await buckets.make()
    clean = await buckets.open({ bucket })
    opened.push(clean)
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function over(intercept?: Intercept, pace = {}, budget?: RetryBudget) {
    const service = new InterceptedS3(intercept)
    const store = await buckets.open({ bucket, client: service.client, calls: quickCalls(pace, budget) })
    opened.push(store)
    return { service, store }
  }
  async function put(store: S3BlobStore, content: Uint8Array, under = key): Promise<void> {
    const writer = await store.create(under)
    await pipeline(Readable.from([content]), writer.sink)
    await writer.finish()
  }
  const stored = async () => (await clean.stat(key)) && buffer(await clean.open(key))
  const lies = async () => {
    const found: string[] = []
    for await (const blob of clean.list('')) found.push(blob)
    for await (const stray of clean.strays('')) found.push(`${stray.kind} ${stray.key}`)
    return found
  }

  it('of up to 8 MiB is one call, on condition and with its checksum, and a look where the answer has none', async () => {
    const { service, store } = await over()
    await put(store, Buffer.alloc(8 * MiB, 1))
    expect(service.names).to.deep.equal(['PutObject', 'HeadObject'])
    expect(service.calls[0]?.input).to.deep.include({ IfNoneMatch: '*', ContentLength: 8 * MiB, ChecksumCRC32: 'WiQQCQ==' })
  })

  it('is believed without a look where the answer has the checksum', async () => {
    const { service, store } = await over(async (call, send) =>
      call.name === 'PutObject' ? { ...(await send()), ChecksumCRC32: call.input.ChecksumCRC32 } : send(),
    )
    await put(store, Buffer.from('small'))
    expect(service.names).to.deep.equal(['PutObject'])
    expect(String(await stored())).to.equal('small')
  })

  it('of more goes in parts of 8 MiB, each with its checksum, and counts when they are put together on condition', async () => {
    const content = randomBytes(20 * MiB + 77)
    const { service, store } = await over()
    await put(store, content)
    expect([...service.names].sort()).to.deep.equal([
      'CompleteMultipartUpload',
      'CreateMultipartUpload',
      'HeadObject',
      'UploadPart',
      'UploadPart',
      'UploadPart',
    ])
    expect(service.calls.flatMap(({ input }) => input.ContentLength ?? [])).to.have.members([8 * MiB, 8 * MiB, 4 * MiB + 77])
    expect(service.calls.find(({ name }) => name.startsWith('Complete'))?.input.IfNoneMatch).to.equal('*')
    expect((await stored())?.equals(content)).to.equal(true)
  })

  it('leaves no file on this machine, not even while it is written', async () => {
    const writer = await clean.create(key)
    await pipeline(Readable.from([randomBytes(9 * MiB)]), writer.sink)
    expect(readdirSync(spoolFolder)).to.deep.equal([])
    await writer.abort()
  })

  it('of one key by two houses is one of them, whole', async () => {
    for (let round = 0; round < 10; round += 1) {
      const under = `org_a/b/00/r${round}`
      const houses = await Promise.all([over(), over()])
      const contents = houses.map((_, at) => randomBytes(round % 5 === 4 ? 9 * MiB : 1_000 + at))
      const outcomes = await Promise.all(
        houses.map(({ store }, at) =>
          put(store, contents[at] as Buffer, under).then(
            () => 'stored',
            (thrown) => thrown.kind,
          ),
        ),
      )
      expect([...outcomes].sort()).to.deep.equal(['conflict', 'stored'])
      const won = contents[outcomes.indexOf('stored')] as Buffer
      expect((await buffer(await clean.open(under))).equals(won)).to.equal(true)
    }
  }).timeout(60_000)

  describe('whose answer is lost', () => {
    const losing =
      (name: string, times = 1): Intercept =>
      async (call, send) => {
        const answer = await send()
        if (call.name === name && call.count <= times) throw brokenOff()
        return answer
      }
    it('is looked up and not put again, where it was put', async () => {
      const { service, store } = await over(losing('PutObject'))
      await put(store, Buffer.from('once'))
      expect(service.names).to.deep.equal(['PutObject', 'HeadObject'])
      expect(String(await stored())).to.equal('once')
    })
    it('is found to be its own where the look fails and the repeat is refused', async () => {
      const { service, store } = await over(async (call, send) => {
        if (call.name === 'HeadObject' && call.count <= 4) throw brokenOff()
        return losing('PutObject')(call, send)
      })
      await put(store, Buffer.from('once'))
      expect(service.names.filter((name) => name === 'PutObject')).to.have.length(2)
      expect(String(await stored())).to.equal('once')
    })
    it('is put together once, in parts as well', async () => {
      const content = randomBytes(9 * MiB)
      for (const name of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']) {
        const { store } = await over(losing(name))
        await put(store, content)
        expect((await stored())?.equals(content)).to.equal(true)
        await clean.delete(key)
      }
    }).timeout(30_000)
    it('is not mistaken for that of another upload of the same bytes', async () => {
      await put(clean, Buffer.from('same'))
      const { store } = await over(async (call, send) => {
        if (call.name === 'PutObject' && call.count === 1) throw brokenOff()
        return send()
      })
      expect((await failure(put(store, Buffer.from('same')))).kind).to.equal('conflict')
      expect(String(await stored())).to.equal('same')
    })
  })

  describe('that fails', () => {
    const failing =
      (name: string, error: () => Error): Intercept =>
      async (call, send) => {
        if (call.name === name) throw error()
        return send()
      }
    it('is refused after four attempts, and leaves nothing', async () => {
      const small = await over(failing('PutObject', () => s3Error('SlowDown', 503)))
      const refused = await failure(put(small.store, Buffer.from('x')))
      expect([refused.kind, (refused.retryAfter ?? 0) >= 2 && (refused.retryAfter ?? 0) <= 30]).to.deep.equal([
        'unavailable',
        true,
      ])
      expect(small.service.names).to.deep.equal(['PutObject', 'PutObject', 'PutObject', 'PutObject', 'HeadObject'])
      expect(await lies()).to.deep.equal([])
      for (const name of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']) {
        const { store } = await over(failing(name, brokenOff))
        expect((await failure(put(store, randomBytes(9 * MiB)))).kind).to.equal('unavailable')
        expect(await lies(), name).to.deep.equal([])
      }
    }).timeout(30_000)
    it('for its rights is not repeated', async () => {
      const { service, store } = await over(failing('PutObject', () => s3Error('AccessDenied', 403)))
      const refused = await failure(put(store, Buffer.from('x')))
      expect([refused.kind, refused.message]).to.deep.equal(['unavailable', 'The blob store refuses this house'])
      expect(service.names).to.deep.equal(['PutObject', 'HeadObject'])
    })
    it('is not repeated where the budget of repeats is spent', async () => {
      const none = { called() {}, take: () => false } as RetryBudget
      const { service, store } = await over(
        failing('PutObject', () => s3Error('SlowDown', 503)),
        {},
        none,
      )
      expect((await failure(put(store, Buffer.from('x')))).kind).to.equal('unavailable')
      expect(service.names).to.deep.equal(['PutObject', 'HeadObject'])
    })
    it('for a silence ends with its deadline', async () => {
      const { store } = await over(() => new Promise(() => {}), {
        attempt: 60,
        bodyAttempt: 60,
        deadline: 200,
        uploadDeadline: 200,
      })
      const began = performance.now()
      expect((await failure(put(store, Buffer.from('x')))).kind).to.equal('unavailable')
      // The upload, and the look whether something has to be taken away.
      expect(performance.now() - began).to.be.lessThan(1_500)
      expect(await lies()).to.deep.equal([])
    })
    it('because bytes were hurt on the way is sent again', async () => {
      const { store } = await over(async (call, send) => {
        if (call.name === 'PutObject' && call.count === 1) throw s3Error('BadDigest', 400)
        return send()
      })
      await put(store, Buffer.from('whole'))
      expect(String(await stored())).to.equal('whole')
    })
    it('because the store keeps something else is refused, and taken away', async () => {
      for (const lie of [{ ChecksumCRC32: 'AAAAAA==' }, { ContentLength: 4 }]) {
        const { store } = await over(async (call, send) => {
          const answer = await send()
          return call.name === 'HeadObject' && call.count === 1 ? { ...answer, ...lie } : answer
        })
        const refused = await failure(put(store, Buffer.from('wrong')))
        expect(refused.message).to.equal('The blob store did not keep what was sent')
        expect(await lies()).to.deep.equal([])
      }
    })
    it('because another took its part away leaves what that one left', async () => {
      const { store } = await over(async (call, send) => {
        if (call.name === 'UploadPart' && call.count === 1) await clean.dropStray({ kind: 'part', key })
        return send()
      })
      const refused = await failure(put(store, randomBytes(9 * MiB)))
      expect([refused.kind, refused.message]).to.deep.equal(['unavailable', 'The part was taken away'])
      expect(await lies()).to.deep.equal([])
    })
  })

  it('is read back where the store has no checksums', async () => {
    const { service, store } = await over(async (call, send) => {
      const answer = await send()
      return call.name === 'HeadObject' ? { ...answer, ChecksumCRC32: undefined } : answer
    })
    await put(store, Buffer.from('read back'))
    expect(service.names).to.deep.equal(['PutObject', 'HeadObject', 'GetObject'])
  })

  it('of more than the store takes is refused before any call', async () => {
    const service = new InterceptedS3()
    const place = buckets.place(bucket)
    const uploads = new S3Uploads(new S3Bucket(service.client(openS3Client(place)), place, quickCalls()))
    const load = () => Promise.reject(new Error('it was read'))
    const part = 5 * 1024 ** 3
    const tooMuch: readonly number[][] = [[5 * 1024 ** 4 + 1], [part + 1, 1], Array(1025).fill(part), Array(10_001).fill(1)]
    for (const sizes of tooMuch)
      expect(
        (
          await failure(
            uploads.put(
              'k',
              sizes.map((size) => ({ size, load })),
              undefined,
            ),
          )
        ).kind,
      ).to.equal('too-large')
    expect(service.names).to.deep.equal([])
    expect(await clean.headroom(5 * 1024 ** 4 + 1)).to.equal(false)
  })

  it('that a dead process left in parts is a stray of some size, and goes', async () => {
    const { store } = await over(async (call, send) => {
      if (call.name === 'CompleteMultipartUpload' || call.name === 'AbortMultipartUpload') throw s3Error('SlowDown', 503)
      return send()
    })
    const refused = await failure(put(store, randomBytes(9 * MiB)))
    expect(refused.kind).to.equal('unavailable')
    const found: unknown[] = []
    for await (const { kind, key: under, size } of clean.strays('org_a/')) found.push([kind, under, size])
    expect(found).to.deep.equal([['part', key, 9 * MiB]])
    await clean.dropStray({ kind: 'part', key })
    expect(await lies()).to.deep.equal([])
  })
})
