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
import { RegistryError } from '../../errors/registry-error.js'
import { randomHex } from '../../runtime/identifiers.js'
import type { BucketInspection, LifecycleRule } from './cloud-inspection.js'
import { S3Calls } from './s3-calls.js'
import { openS3Client, type S3Place } from './s3-client.js'
import { bucketFailure, statusOf } from './s3-failure.js'
import { watchServerTime } from './server-time.js'

/** Answers by which the store says that nothing was ever said of the matter. */
const unsaid = new Set([
  'ServerSideEncryptionConfigurationNotFoundError',
  'NoSuchPublicAccessBlockConfiguration',
  'NoSuchLifecycleConfiguration',
  'NoSuchBucketPolicy',
])

export function inspectBucket(place: S3Place, calls = new S3Calls()): BucketInspection {
  const client = openS3Client(place)
  const serverTime = watchServerTime(client)
  const Bucket = place.bucket
  const prefix = place.prefix ?? ''
  const Key = `${prefix}doctor/${randomHex(8)}`
  /** As the driver calls: what passes is tried again, within its deadline; a refusal is thrown as the SDK has it. */
  const ask = <Answer>(send: (within: { abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer> =>
    calls
      .run<Answer>((abortSignal) => send({ abortSignal }), {
        ...calls.soon(),
        refused(thrown) {
          throw thrown
        },
      })
      .catch((thrown: unknown) => {
        throw thrown instanceof RegistryError && thrown.cause !== undefined ? thrown.cause : thrown
      })
  const unlessUnsaid = async <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> =>
    asked.catch((thrown: Error) => {
      if (unsaid.has(thrown.name)) return undefined
      throw thrown
    })
  /** False where something lies there. */
  const put = async () => {
    const command = () => new PutObjectCommand({ Bucket, Key, Body: 'doctor', IfNoneMatch: '*' })
    return ask((within) => client.send(command(), within)).then(
      () => true,
      (thrown: unknown) => {
        if (statusOf(thrown) === 412) return false
        throw thrown
      },
    )
  }
  return {
    serverTime,
    explain: (thrown) => bucketFailure(thrown, place).message,
    async list() {
      await ask((within) => client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, MaxKeys: 1 }), within))
    },
    async putTwice() {
      // The key is nobody else's: found taken, it was taken by an attempt whose answer was lost.
      await put()
      return !(await put())
    },
    async read() {
      const { Body } = await ask((within) => client.send(new GetObjectCommand({ Bucket, Key }), within))
      await Body?.transformToByteArray()
    },
    async remove() {
      await ask((within) => client.send(new DeleteObjectCommand({ Bucket, Key }), within))
    },
    async multipart() {
      const { UploadId } = await ask((within) => client.send(new CreateMultipartUploadCommand({ Bucket, Key }), within))
      await ask((within) => client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), within))
    },
    async listUploads() {
      const command = () => new ListMultipartUploadsCommand({ Bucket, Prefix: prefix, MaxUploads: 1 })
      await ask((within) => client.send(command(), within))
    },
    async versioning() {
      return (await ask((within) => client.send(new GetBucketVersioningCommand({ Bucket }), within))).Status
    },
    async encryption() {
      const found = await unlessUnsaid(ask((within) => client.send(new GetBucketEncryptionCommand({ Bucket }), within)))
      const [rule] = found?.ServerSideEncryptionConfiguration?.Rules ?? []
      return rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm
    },
    async publicAccessBlocked() {
      const found = await unlessUnsaid(ask((within) => client.send(new GetPublicAccessBlockCommand({ Bucket }), within)))
      const locks = found?.PublicAccessBlockConfiguration
      const all = [locks?.BlockPublicAcls, locks?.IgnorePublicAcls, locks?.BlockPublicPolicy, locks?.RestrictPublicBuckets]
      return all.every((lock) => lock === true)
    },
    async lifecycle() {
      const command = () => new GetBucketLifecycleConfigurationCommand({ Bucket })
      const found = await unlessUnsaid(ask((within) => client.send(command(), within)))
      return (found?.Rules ?? []).filter(({ Status }) => Status === 'Enabled').map((rule) => ruleOf(rule, prefix))
    },
    async policy() {
      return (await unlessUnsaid(ask((within) => client.send(new GetBucketPolicyCommand({ Bucket }), within))))?.Policy
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
