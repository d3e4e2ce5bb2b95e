import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { randomHex } from '../../core/runtime/identifiers.js'
import { S3BlobStore } from '../../core/storage/drivers/s3-blob-store.js'
import type { S3Calls } from '../../core/storage/drivers/s3-calls.js'
import { openS3Client, type S3Place, type S3Sender } from '../../core/storage/drivers/s3-client.js'
import { obtain } from '../clients/client-cache.js'
import { cloudCredentials, cloudRegion, cloudServers } from './servers.js'

/** Uploads on their way in this process; the files in it have no names. */
export const spoolFolder = mkdtempSync(join(tmpdir(), 'cloudrepo-spool-'))
process.once('exit', () => rmSync(spoolFolder, { recursive: true, force: true }))

let sharedBucket: Promise<string> | undefined

/** The machine of whoever runs the tests may be full. */
const reserve = { bytes: 0, share: 0, inodeShare: 0 }

export interface BucketOptions {
  /** One that is there already; else a new one. */
  readonly bucket?: string
  readonly prefix?: string
  readonly calls?: S3Calls
  /** Between the driver and the service. */
  readonly client?: (real: S3Client) => S3Sender
}

/** Buckets of a real server, each with a name of its own. */
export class CloudBuckets {
  constructor(readonly endpoint: string) {}

  /** In a suite's `before`: a server, or a suite that is shown as pending and named at the end of the run. */
  static async start(suite: Mocha.Context): Promise<CloudBuckets> {
    const { endpoint } = await obtain(suite, 'S3', cloudServers)
    return new CloudBuckets(endpoint)
  }

  place(bucket: string, prefix = ''): S3Place {
    return { bucket, prefix, endpoint: this.endpoint, region: cloudRegion, pathStyle: true, credentials: cloudCredentials }
  }

  /** The name of a new, empty bucket. */
  async make(): Promise<string> {
    const bucket = `bucket-${randomHex(6)}`
    const client = openS3Client(this.place(bucket))
    await client.send(new CreateBucketCommand({ Bucket: bucket })).finally(() => client.destroy())
    return bucket
  }

  /** One for all that take a prefix of their own. */
  shared(): Promise<string> {
    sharedBucket ??= this.make()
    return sharedBucket
  }

  async open({ bucket, prefix, calls, client = (real) => real }: BucketOptions = {}): Promise<S3BlobStore> {
    const place = this.place(bucket ?? (await this.make()), prefix)
    return new S3BlobStore({ place, spool: spoolFolder, reserve }, client(openS3Client(place)), calls)
  }
}
