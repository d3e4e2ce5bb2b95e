import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { conflict, notFound, RegistryError, tooLarge, unavailable } from '../../errors/registry-error.js'
import { randomHex } from '../../runtime/identifiers.js'
import { damaged } from '../encryption/damage.js'
import { crc32Of, crc32Text, joinCrc32 } from './crc32-join.js'
import type { Send } from './one-attempt.js'
import { refuse, type S3Bucket, type S3Object } from './s3-bucket.js'
import { isGone, statusOf } from './s3-failure.js'

const MiB = 1024 ** 2
/** "Amazon S3 multipart upload limits" in the user guide. */
export const s3Limits = { object: 5 * 1024 ** 4, parts: 10_000, smallestPart: 5 * MiB, largestPart: 5 * 1024 * MiB } as const

/** Bytes that can be sent any number of times. */
export interface SentPart {
  readonly size: number
  load(): Promise<{ readonly crc32: number; read(): Readable }>
}
/** Bytes that lie in the bucket. */
export interface CopiedPart {
  readonly size: number
  readonly from: { readonly key: string; readonly etag: string; readonly start: number; readonly whole: boolean }
}
export type ObjectPart = SentPart | CopiedPart

/** The store copies nothing from object to object. */
export class NothingCopied extends Error {}

interface Stored {
  readonly number: number
  readonly etag: string
  readonly size: number
  readonly crc32: number | undefined
}
/** What is known of an object that was just put: what the store said of it unasked, or asked. */
interface Outcome {
  readonly checksum?: string | undefined
  readonly object?: S3Object
}

/** Puts objects under keys that nobody had, whole or in parts, each checked against what was sent. */
export class S3Uploads {
  constructor(
    private readonly bucket: S3Bucket,
    private readonly atOnce = 4,
  ) {}

  /** One part that is sent is an object by one call, anything else a multipart upload. `sum`: CRC-32 of the whole, where it is known. Durable and verified
   *  when it resolves; else nothing of it is left, where the store still answers. Throws `conflict` where the key is taken, `too-large` before any call. */
  async put(key: string, parts: readonly ObjectPart[], sum: number | undefined): Promise<void> {
    const size = parts.reduce((total, part) => total + part.size, 0)
    if (size > s3Limits.object || parts.length > s3Limits.parts || parts.some((part) => part.size > s3Limits.largestPart))
      throw tooLarge('The store takes no object of this size', { detail: { limit: s3Limits.object } })
    const writer = randomHex()
    const until = this.bucket.calls.untilUploaded(size)
    const [only] = parts
    if (only !== undefined && parts.length === 1 && 'load' in only) await this.#whole(key, only, writer, until)
    else await this.#inParts(key, parts, { writer, until, size, sum })
  }

  async #whole(key: string, part: SentPart, writer: string, until: number): Promise<void> {
    const { calls, client, place } = this.bucket
    const loaded = await part.load()
    const checksum = crc32Text(loaded.crc32)
    const send: Send<Outcome> = (abortSignal) =>
      sending(loaded.read(), abortSignal, async (Body) => {
        const { ChecksumCRC32 } = await client.send(
          new PutObjectCommand({
            Bucket: place.bucket,
            Key: key,
            Body,
            ContentLength: part.size,
            ChecksumCRC32: checksum,
            IfNoneMatch: '*',
            Metadata: { writer },
          }),
          { abortSignal },
        )
        return { checksum: ChecksumCRC32 }
      })
    try {
      const outcome = await calls.run(send, {
        until,
        attempt: calls.pace.bodyAttempt,
        look: () => this.#own(key, writer, until),
        refused: async (thrown) => (await this.#ownAfter(thrown, key, writer, until)) ?? refuse(thrown),
      })
      if (outcome.checksum !== checksum)
        await this.#verify(key, outcome, until, { size: part.size, sum: loaded.crc32, parts: [] })
    } catch (thrown) {
      throw await this.#undone(thrown, key, writer)
    }
  }

  async #inParts(
    key: string,
    parts: readonly ObjectPart[],
    { writer, until, size, sum }: { writer: string; until: number; size: number; sum: number | undefined },
  ): Promise<void> {
    const { uploadId, whole } = await this.#begin(key, writer, until)
    try {
      const stored = await this.#transfer(key, uploadId, parts, until)
      const joined = stored.every((part) => part.crc32 !== undefined)
        ? stored.reduce((total, part) => joinCrc32(total, part.crc32 ?? 0, part.size), 0)
        : undefined
      if (sum !== undefined && joined !== undefined && sum !== joined) throw damaged('Stored content changed on its way')
      const known = sum ?? joined
      const outcome = await this.#complete(key, uploadId, stored, { writer, until, sum: whole ? known : undefined })
      await this.#verify(key, outcome, until, { size, sum: known, parts: stored })
    } catch (thrown) {
      throw await this.#undone(thrown, key, writer, uploadId)
    }
  }

  /** `whole`: the store sums the object and not its parts. */
  async #begin(key: string, writer: string, until: number): Promise<{ readonly uploadId: string; readonly whole: boolean }> {
    const { calls, client, place } = this.bucket
    const command = () =>
      new CreateMultipartUploadCommand({
        Bucket: place.bucket,
        Key: key,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
        Metadata: { writer },
      })
    const { UploadId, ChecksumType } = await calls.run((abortSignal) => client.send(command(), { abortSignal }), {
      until,
      attempt: calls.pace.attempt,
      refused: refuse,
    })
    if (UploadId === undefined) throw unavailable('The blob store began no upload')
    return { uploadId: UploadId, whole: ChecksumType === 'FULL_OBJECT' }
  }

  /** So many at once; after the first failure none is begun, and none is under way when it is thrown. */
  async #transfer(key: string, uploadId: string, parts: readonly ObjectPart[], until: number): Promise<readonly Stored[]> {
    const stored: Stored[] = []
    const left = [...parts.entries()]
    const failures: unknown[] = []
    const lane = async () => {
      for (let next = left.shift(); next !== undefined && failures.length === 0; next = left.shift()) {
        const [at, part] = next
        try {
          stored[at] = await ('load' in part
            ? this.#send(key, uploadId, at + 1, part, until)
            : this.#copy(key, uploadId, at + 1, part, until))
        } catch (thrown) {
          failures.push(thrown)
        }
      }
    }
    await Promise.all(Array.from({ length: this.atOnce }, lane))
    if (failures.length > 0) throw failures[0]
    return stored
  }

  async #send(key: string, uploadId: string, number: number, part: SentPart, until: number): Promise<Stored> {
    const { calls, client, place } = this.bucket
    const loaded = await part.load()
    const upload = { Bucket: place.bucket, Key: key, UploadId: uploadId, PartNumber: number }
    const { ETag = '' } = await calls.run(
      (abortSignal) =>
        sending(loaded.read(), abortSignal, (Body) =>
          client.send(
            new UploadPartCommand({ ...upload, Body, ContentLength: part.size, ChecksumCRC32: crc32Text(loaded.crc32) }),
            { abortSignal },
          ),
        ),
      { until, attempt: calls.pace.bodyAttempt, refused: takenAway },
    )
    return { number, etag: ETag, size: part.size, crc32: loaded.crc32 }
  }

  async #copy(key: string, uploadId: string, number: number, { size, from }: CopiedPart, until: number): Promise<Stored> {
    const { calls, client, place } = this.bucket
    const command = () =>
      new UploadPartCopyCommand({
        Bucket: place.bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: number,
        CopySource: `${place.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: from.etag,
        ...(from.whole ? {} : { CopySourceRange: `bytes=${from.start}-${from.start + size - 1}` }),
      })
    const { CopyPartResult } = await calls.run((abortSignal) => client.send(command(), { abortSignal }), {
      until,
      attempt: calls.pace.bodyAttempt,
      refused(thrown) {
        if (statusOf(thrown) === 501) throw new NothingCopied()
        if (statusOf(thrown) === 404 && (thrown as Error).name === 'NoSuchKey')
          throw notFound('blob', from.key, { cause: thrown })
        return takenAway(thrown)
      },
    })
    return { number, etag: CopyPartResult?.ETag ?? '', size, crc32: crc32Of(CopyPartResult?.ChecksumCRC32) }
  }

  async #complete(
    key: string,
    uploadId: string,
    parts: readonly Stored[],
    { writer, until, sum }: { writer: string; until: number; sum: number | undefined },
  ): Promise<Outcome> {
    const { calls, client, place } = this.bucket
    const command = () =>
      new CompleteMultipartUploadCommand({
        Bucket: place.bucket,
        Key: key,
        UploadId: uploadId,
        IfNoneMatch: '*',
        ...(sum === undefined ? {} : { ChecksumType: 'FULL_OBJECT', ChecksumCRC32: crc32Text(sum) }),
        MultipartUpload: {
          Parts: parts.map((part) => ({
            PartNumber: part.number,
            ETag: part.etag,
            ...(sum !== undefined || part.crc32 === undefined ? {} : { ChecksumCRC32: crc32Text(part.crc32) }),
          })),
        },
      })
    return calls.run<Outcome>(
      async (abortSignal) => {
        await client.send(command(), { abortSignal })
        return {}
      },
      {
        until,
        attempt: calls.pace.bodyAttempt,
        look: () => this.#own(key, writer, until),
        refused: async (thrown) => (await this.#ownAfter(thrown, key, writer, until)) ?? takenAway(thrown),
      },
    )
  }

  /** Size and checksum as the store tells them; where it has no checksum the bytes are read back. Copies of a store without checksums are held by size. */
  async #verify(
    key: string,
    { object }: Outcome,
    until: number,
    { size, sum, parts }: { size: number; sum: number | undefined; parts: readonly Stored[] },
  ): Promise<void> {
    const found = object ?? (await this.bucket.head(key, this.bucket.calls.within(until)))
    if (found === undefined || found.size !== size) throw unavailable('The blob store did not keep what was sent')
    if (sum === undefined) return
    const composite = compositeOf(parts)
    const kept = found.crc32 ?? (composite !== undefined && found.checksum === composite ? sum : undefined)
    if ((kept ?? (await this.#readBack(key, found.etag))) !== sum) throw unavailable('The blob store did not keep what was sent')
  }

  async #readBack(key: string, etag: string): Promise<number | undefined> {
    const opened = await this.bucket.get(key, undefined, etag)
    if (opened === undefined) return undefined
    let sum = 0
    await pipeline(opened.body, async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) sum = crc32(piece, sum)
    })
    return sum
  }

  /** What lies under the key, where this very upload put it there. */
  async #own(key: string, writer: string, until: number): Promise<Outcome | undefined> {
    const object = await this.bucket.head(key, this.bucket.calls.within(until))
    return object?.writer === writer ? { object } : undefined
  }

  /** A condition that does not hold, or an upload that is gone, may be the doing of an earlier attempt. */
  async #ownAfter(thrown: unknown, key: string, writer: string, until: number): Promise<Outcome | undefined> {
    if (statusOf(thrown) !== 412 && !isGone(thrown)) return undefined
    const own = await this.#own(key, writer, until)
    if (own === undefined && statusOf(thrown) === 412) throw conflict('The blob exists', { cause: thrown })
    return own
  }

  /** What was put is taken away again, nobody else's. It has a deadline of its own: that of the upload may be over. */
  async #undone(thrown: unknown, key: string, writer: string, uploadId?: string): Promise<unknown> {
    const within = this.bucket.calls.soon()
    try {
      if (uploadId !== undefined) await this.bucket.abortUpload(key, uploadId, within)
      const taken = thrown instanceof RegistryError && thrown.kind === 'conflict'
      if (!taken && (await this.#own(key, writer, within.until)) !== undefined) await this.bucket.delete(key, within)
      return thrown
    } catch (left) {
      const cause = new AggregateError([thrown, left], 'The blob was neither stored nor taken away')
      return unavailable('The blob store does not answer; try again', 5, { cause })
    }
  }
}

function takenAway(thrown: unknown): never {
  if (isGone(thrown)) throw unavailable('The part was taken away', 1, { cause: thrown })
  return refuse(thrown)
}

/** Ends with the attempt: a body that breaks breaks the call, and nothing goes on reading for a call that is over. */
async function sending<T>(body: Readable, signal: AbortSignal, send: (body: Readable) => Promise<T>): Promise<T> {
  const broken = new Promise<never>((_, reject) => body.once('error', reject))
  signal.addEventListener('abort', () => body.destroy(), { once: true })
  try {
    return await Promise.race([send(body), broken])
  } finally {
    body.destroy()
  }
}

/** As the store sums an object by its parts; undefined where one's sum is not known. */
function compositeOf(parts: readonly Stored[]): string | undefined {
  if (parts.length === 0 || parts.some((part) => part.crc32 === undefined)) return undefined
  const sums = Buffer.concat(parts.map((part) => Buffer.from(crc32Text(part.crc32 ?? 0), 'base64')))
  return `${crc32Text(crc32(sums))}-${parts.length}`
}
