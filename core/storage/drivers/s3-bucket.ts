import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
} from '@aws-sdk/client-s3'
import { damaged } from '../encryption/damage.js'
import { crc32Of } from './crc32-join.js'
import type { Repeating, S3Calls } from './s3-calls.js'
import type { S3Place, S3Sender } from './s3-client.js'
import { bucketFailure, isGone, noBlobAnswer, statusOf } from './s3-failure.js'

/** What the store says of an object. */
export interface S3Object {
  readonly size: number
  readonly storedAt: Date
  readonly etag: string
  /** Of all its bytes, where the store has it; `checksum` as the store words it. */
  readonly crc32: number | undefined
  readonly checksum: string | undefined
  /** Who put it: chosen anew for each upload. */
  readonly writer: string | undefined
}

export interface S3Upload {
  readonly key: string
  readonly uploadId: string
  readonly begun: Date
}

/** Of this object, from the first byte asked for. */
export interface S3Opened {
  readonly body: Readable
  readonly length: number
  readonly etag: string | undefined
}

/** The calls of one bucket that can be repeated as they are. Keys are whole, prefix included. */
export class S3Bucket {
  constructor(
    readonly client: S3Sender,
    readonly place: S3Place,
    readonly calls: S3Calls,
  ) {}

  /** Throws `unavailable`, saying which setting or permission is wrong. */
  async check(): Promise<void> {
    const command = () => new ListObjectsV2Command({ Bucket: this.place.bucket, Prefix: this.place.prefix, MaxKeys: 1 })
    const refused = (thrown: unknown) => {
      throw bucketFailure(thrown, this.place)
    }
    await this.calls
      .run((abortSignal) => this.client.send(command(), { abortSignal }), { ...this.calls.soon(), refused })
      .catch((thrown: Error) => {
        throw thrown.cause === undefined || thrown.message.includes('CLOUDREPO_S3')
          ? thrown
          : bucketFailure(thrown.cause, this.place)
      })
  }

  async head(key: string, within = this.calls.soon()): Promise<S3Object | undefined> {
    return this.calls.run<S3Object | undefined>(
      async (abortSignal) => {
        const command = new HeadObjectCommand({ Bucket: this.place.bucket, Key: key, ChecksumMode: 'ENABLED' })
        const {
          ContentLength = 0,
          LastModified = new Date(0),
          ETag = '',
          ChecksumCRC32,
          Metadata,
        } = await this.client.send(command, {
          abortSignal,
        })
        return {
          size: ContentLength,
          storedAt: LastModified,
          etag: ETag,
          crc32: crc32Of(ChecksumCRC32),
          checksum: ChecksumCRC32,
          writer: Metadata?.['writer'],
        }
      },
      { ...within, refused: (thrown) => (isGone(thrown) ? undefined : refuse(thrown)) },
    )
  }

  /** `start` up to `end`, or all of it; undefined where there is no such key. `etag`: of this object and no other. Whoever is given a body consumes or
   *  destroys it. Throws `damaged` where the object is shorter, or another. */
  async get(key: string, range?: { start: number; end: number }, etag?: string): Promise<S3Opened | undefined> {
    return this.calls.run<S3Opened | undefined>(
      async (abortSignal) => {
        const command = new GetObjectCommand({
          Bucket: this.place.bucket,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
          ...(etag === undefined ? {} : { IfMatch: etag }),
        })
        const { Body, ContentLength, ETag } = await this.client.send(command, { abortSignal })
        return { body: Body as Readable, length: ContentLength ?? 0, etag: ETag }
      },
      {
        ...this.calls.soon(),
        refused(thrown) {
          if (isGone(thrown)) return undefined
          const status = statusOf(thrown)
          if (status === 416) throw damaged('Stored content is shorter than recorded', thrown)
          if (status === 412) throw damaged('Stored content was replaced', thrown)
          return refuse(thrown)
        },
      },
    )
  }

  /** Nothing happens where there is no such key. */
  async delete(key: string, within = this.calls.soon()): Promise<void> {
    await this.calls.run<unknown>(
      (abortSignal) => this.client.send(new DeleteObjectCommand({ Bucket: this.place.bucket, Key: key }), { abortSignal }),
      { ...within, refused: goneOrRefuse },
    )
  }

  /** In byte order of the keys, page by page. */
  async *list(
    prefix: string,
    after?: string,
  ): AsyncIterable<{ readonly key: string; readonly size: number; readonly storedAt: Date }> {
    let token: string | undefined
    do {
      const page = await this.calls.run(
        (abortSignal) =>
          this.client.send(
            new ListObjectsV2Command({
              Bucket: this.place.bucket,
              Prefix: prefix,
              ...(after === undefined ? {} : { StartAfter: after }),
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            { abortSignal },
          ),
        { ...this.calls.soon(), refused: refuse },
      )
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? [])
        yield { key: Key, size: Size, storedAt: LastModified }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  /** Uploads in parts that nobody completed. */
  async *uploads(prefix: string): AsyncIterable<S3Upload> {
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    while (marker !== undefined) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket: this.place.bucket,
        Prefix: prefix,
        ...marker,
      })
      const page = await this.calls.run((abortSignal) => this.client.send(command, { abortSignal }), {
        ...this.calls.soon(),
        refused: refuse,
      })
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Key !== undefined && UploadId !== undefined) yield { key: Key, uploadId: UploadId, begun: Initiated ?? new Date() }
      const { NextKeyMarker, NextUploadIdMarker } = page
      marker =
        page.IsTruncated === true && NextKeyMarker !== undefined
          ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }) }
          : undefined
    }
  }

  /** Bytes of the parts that came; the first thousand of them. */
  async uploaded({ key, uploadId }: S3Upload): Promise<number> {
    const page = await this.calls.run(
      (abortSignal) =>
        this.client.send(new ListPartsCommand({ Bucket: this.place.bucket, Key: key, UploadId: uploadId }), { abortSignal }),
      { ...this.calls.soon(), refused: goneOrRefuse },
    )
    return (page?.Parts ?? []).reduce((sum, { Size = 0 }) => sum + Size, 0)
  }

  async abortUpload(key: string, uploadId: string, within = this.calls.soon()): Promise<void> {
    const command = () => new AbortMultipartUploadCommand({ Bucket: this.place.bucket, Key: key, UploadId: uploadId })
    await this.calls.run<unknown>((abortSignal) => this.client.send(command(), { abortSignal }), {
      ...within,
      refused: goneOrRefuse,
    })
  }
}

export function refuse(thrown: unknown): never {
  throw noBlobAnswer(thrown)
}

const goneOrRefuse: Repeating<undefined>['refused'] = (thrown) => (isGone(thrown) ? undefined : refuse(thrown))
