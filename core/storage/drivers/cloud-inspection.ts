import { silenceVersionWarning } from './driver-catalog.js'
import type { DynamoPlace } from './dynamodb-client.js'
import type { S3Place } from './s3-client.js'

/** Looks at a bucket without changing what lies in it; every call throws what the SDK throws. */
export interface BucketInspection {
  /** By the Date header of the last answer, refusals included, in milliseconds since 1970. */
  serverTime(): number | undefined
  /** What was thrown, in the driver's sentence for whoever starts a house. */
  explain(thrown: unknown): string
  /** One page of one key: reachability, credentials, region and name show here. */
  list(): Promise<void>
  /** An object of its own, which the house never names: made, and again, which has to be refused (false: it was not), read, and taken away. */
  putTwice(): Promise<boolean>
  read(): Promise<void>
  remove(): Promise<void>
  /** An upload in parts: begun, and given up. */
  multipart(): Promise<void>
  listUploads(): Promise<void>
  /** 'Enabled', 'Suspended'; undefined where it never was. */
  versioning(): Promise<string | undefined>
  /** 'AES256', 'aws:kms'. */
  encryption(): Promise<string | undefined>
  /** All four of its locks. */
  publicAccessBlocked(): Promise<boolean>
  lifecycle(): Promise<readonly LifecycleRule[]>
  /** The bucket policy as JSON text. */
  policy(): Promise<string | undefined>
  close(): void
}

/** Of those that are enabled; days, undefined where the rule says nothing of it. `everything`: it holds for all keys, or for all of the house. */
export interface LifecycleRule {
  readonly everything: boolean
  readonly noncurrentDays: number | undefined
  readonly incompleteUploadDays: number | undefined
  /** It takes current objects away, or into a class from which they cannot be read at once. */
  readonly takesCurrent: boolean
}

/** The same of one table. */
export interface TableInspection {
  serverTime(): number | undefined
  /** Undefined where there is no such table. */
  describe(): Promise<TableFacts | undefined>
  read(): Promise<void>
  query(): Promise<void>
  scan(): Promise<void>
  /** A put whose condition cannot hold, and a transaction of every kind of mutation whose check cannot hold: nothing is written. */
  put(): Promise<void>
  transact(): Promise<void>
  recovery(): Promise<{ readonly enabled: boolean; readonly days: number | undefined }>
  close(): void
}

export interface TableFacts {
  readonly status: string
  /** One sentence; undefined where its keys are ours. */
  readonly wrongShape: string | undefined
  readonly onDemand: boolean
  readonly protectedFromDeletion: boolean
  /** 'KMS'; undefined is the service's own key. */
  readonly encryption: string | undefined
}

/** The SDK is loaded when it is needed. */
export async function inspectBucket(place: S3Place): Promise<BucketInspection> {
  silenceVersionWarning()
  return (await import('./s3-inspection.js')).inspectBucket(place)
}

export async function inspectTable(place: DynamoPlace): Promise<TableInspection> {
  silenceVersionWarning()
  return (await import('./dynamodb-inspection.js')).inspectTable(place)
}
