import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { RegistryError } from '#core/driver'
import type { S3BlobStore } from '../../../../core/storage/drivers/s3-blob-store.js'
import { CloudBuckets } from '../../../support/cloud-buckets.js'
import { type Intercept, InterceptedS3, quickCalls } from '../../../support/intercepted-s3.js'

const key = 'org_a/b/0f/0f00'
const content = randomBytes(3_000_000)

describe('A body from S3', () => {
  let buckets: CloudBuckets
  let bucket: string
  const opened: S3BlobStore[] = []
  before(async function () {
    buckets = await CloudBuckets.start(this)
    bucket = await buckets.make()
    const writer = await (await over()).store.create(key)
    await pipeline(Readable.from([content]), writer.sink)
    await writer.finish()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  async function over(intercept?: Intercept) {
    const service = new InterceptedS3(intercept)
    const store = await buckets.open({ bucket, client: service.client, calls: quickCalls({ silence: 150 }) })
    opened.push(store)
    return { service, store }
  }
  /** `body` makes another body of the real one, for the first so many calls. */
  const changed =
    (times: number, body: (real: Readable) => Readable): Intercept =>
    async (call, send) => {
      const answer = await send()
      return call.name === 'GetObject' && call.count <= times ? { ...answer, Body: body(answer.Body) } : answer
    }
  /** Gives so many bytes, and then none, or breaks. */
  const stopping = (bytes: number, end: 'silent' | 'broken' | 'short') => (real: Readable) => {
    const stopped = new PassThrough()
    real.once('data', (piece: Buffer) => {
      real.destroy()
      stopped.write(piece.subarray(0, bytes))
      if (end === 'broken') setImmediate(() => stopped.destroy(new Error('reset')))
      if (end === 'short') stopped.end()
    })
    return stopped
  }
  const asked = (service: InterceptedS3) => service.calls.map(({ input }) => [input.Range, input.IfMatch !== undefined])

  for (const end of ['silent', 'broken', 'short'] as const)
    it(`that is ${end} goes on where it stopped, at the same object`, async () => {
      const { service, store } = await over(changed(2, stopping(10_000, end)))
      expect((await buffer(await store.open(key))).equals(content)).to.equal(true)
      expect(asked(service)).to.deep.equal([
        [undefined, false],
        ['bytes=10000-2999999', true],
        ['bytes=20000-2999999', true],
      ])
    })

  it('goes on within the range that was asked for', async () => {
    const { service, store } = await over(changed(1, stopping(10_000, 'broken')))
    const part = await buffer(await store.open(key, { start: 500_000, end: 1_500_000 }))
    expect(part.equals(content.subarray(500_000, 1_500_000))).to.equal(true)
    expect(asked(service).map(([range]) => range)).to.deep.equal(['bytes=500000-1499999', 'bytes=510000-1499999'])
  })

  it('that stops again and again fails, and never ends short', async () => {
    const { service, store } = await over(changed(99, stopping(10_000, 'silent')))
    const thrown = await buffer(await store.open(key)).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect((thrown as RegistryError).kind).to.equal('unavailable')
    expect(service.names).to.have.length(4)
  })

  it('fails where the object is another, or gone, in the middle', async () => {
    for (const answer of [
      { name: 'PreconditionFailed', status: 412 },
      { name: 'NoSuchKey', status: 404 },
    ]) {
      const { store } = await over(async (call, send) => {
        if (call.count > 1)
          throw Object.assign(new Error(answer.name), { name: answer.name, $metadata: { httpStatusCode: answer.status } })
        return changed(1, stopping(10_000, 'broken'))(call, send)
      })
      const thrown = await buffer(await store.open(key)).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(thrown).to.be.instanceOf(RegistryError)
      expect((thrown as RegistryError).message).to.equal('The stored content is damaged')
    }
  })

  it('whose reader takes its time is not asked for anew', async () => {
    const { service, store } = await over()
    const body = await store.open(key)
    const pieces: Buffer[] = []
    for await (const piece of body) {
      pieces.push(piece as Buffer)
      if (pieces.length === 3) await pause(400)
    }
    expect(Buffer.concat(pieces).equals(content)).to.equal(true)
    expect(service.names).to.deep.equal(['GetObject'])
  })

  it('that breaks while nobody reads goes on when somebody does', async () => {
    const { service, store } = await over(changed(1, stopping(300_000, 'broken')))
    const body = await store.open(key)
    await pause(100)
    expect((await buffer(body)).equals(content)).to.equal(true)
    expect(service.names.length).to.be.within(2, 3)
  })

  it('gives its connection back when it is left', async () => {
    const { store } = await over()
    for (let round = 0; round < 300; round += 1) {
      const body = await store.open(key)
      body.destroy()
    }
    expect((await buffer(await store.open(key, { start: 0, end: 5 }))).equals(content.subarray(0, 5))).to.equal(true)
  }).timeout(60_000)
})
