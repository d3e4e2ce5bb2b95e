import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule as GivenRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { randomHex } from '../../runtime/identifiers.js'
import type { BucketInspection, LifecycleRule } from './cloud-inspection.js'
import { openS3Client, type S3Place } from './s3-client.js'
import { bucketFailure } from './s3-failure.js'
import { watchServerTime } from './server-time.js'

/** Answers by which the store says that nothing was ever said of the matter. */
const unsaid = new Set([
  'ServerSideEncryptionConfigurationNotFoundError',
  'NoSuchPublicAccessBlockConfiguration',
  'NoSuchLifecycleConfiguration',
  'NoSuchBucketPolicy',
])

export function inspectBucket(place: S3Place): BucketInspection {
  const client = openS3Client(place)
  const serverTime = watchServerTime(client)
  const Bucket = place.bucket
  const prefix = place.prefix ?? ''
  const Key = `${prefix}doctor/${randomHex(8)}`
  const unlessUnsaid = async <T>(asked: Promise<T>): Promise<T | undefined> =>
    asked.catch((thrown: Error) => {
      if (unsaid.has(thrown.name)) return undefined
      throw thrown
    })
  return {
    serverTime,
    explain: (thrown) => bucketFailure(thrown, place).message,
    async list() {
      await client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, MaxKeys: 1 }))
    },
    async putTwice() {
      const put = () => client.send(new PutObjectCommand({ Bucket, Key, Body: 'doctor', IfNoneMatch: '*' }))
      await put()
      return put().then(
        () => false,
        (thrown: { readonly name: string; readonly $metadata?: { readonly httpStatusCode?: number } }) => {
          if (thrown.$metadata?.httpStatusCode === 412) return true
          throw thrown
        },
      )
    },
    async read() {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      await Body?.transformToByteArray()
    },
    async remove() {
      await client.send(new DeleteObjectCommand({ Bucket, Key }))
    },
    async multipart() {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    },
    async listUploads() {
      await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix, MaxUploads: 1 }))
    },
    async versioning() {
      return (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status
    },
    async encryption() {
      const found = await unlessUnsaid(client.send(new GetBucketEncryptionCommand({ Bucket })))
      const [rule] = found?.ServerSideEncryptionConfiguration?.Rules ?? []
      return rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm
    },
    async publicAccessBlocked() {
      const found = await unlessUnsaid(client.send(new GetPublicAccessBlockCommand({ Bucket })))
      const locks = found?.PublicAccessBlockConfiguration
      const all = [locks?.BlockPublicAcls, locks?.IgnorePublicAcls, locks?.BlockPublicPolicy, locks?.RestrictPublicBuckets]
      return all.every((lock) => lock === true)
    },
    async lifecycle() {
      const found = await unlessUnsaid(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })))
      return (found?.Rules ?? []).filter(({ Status }) => Status === 'Enabled').map((rule) => ruleOf(rule, prefix))
    },
    async policy() {
      return (await unlessUnsaid(client.send(new GetBucketPolicyCommand({ Bucket }))))?.Policy
    },
    close: () => client.destroy(),
  }
}

function ruleOf(rule: GivenRule, prefix: string): LifecycleRule {
  const { Filter = {}, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload, Expiration, Transitions } = rule
  const given = Filter.Prefix ?? (rule as { readonly Prefix?: string }).Prefix ?? ''
  const narrow = Filter.Tag !== undefined || Filter.And !== undefined || Filter.ObjectSizeGreaterThan !== undefined
  return {
    everything: !narrow && prefix.startsWith(given),
    noncurrentDays: NoncurrentVersionExpiration?.NoncurrentDays,
    incompleteUploadDays: AbortIncompleteMultipartUpload?.DaysAfterInitiation,
    takesCurrent:
      Expiration?.Days !== undefined ||
      Expiration?.Date !== undefined ||
      (Transitions ?? []).some(({ StorageClass }) => StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE'),
  }
}
