import { Circuit } from '../../core/storage/drivers/circuit.js'
import { DynamoCalls, dynamoPace } from '../../core/storage/drivers/dynamodb-calls.js'
import type { DynamoMetadataStore } from '../../core/storage/drivers/dynamodb-metadata-store.js'
import { RetryBudget } from '../../core/storage/drivers/retry-budget.js'
import type { S3BlobStore } from '../../core/storage/drivers/s3-blob-store.js'
import { S3Calls, s3Pace } from '../../core/storage/drivers/s3-calls.js'
import { CloudBuckets } from '../support/cloud-buckets.js'
import { DynamoTables } from '../support/dynamo-tables.js'

/** Deadlines in proportion, so that a test sees many of them pass. Milliseconds. */
export const quickS3 = {
  ...s3Pace,
  attempt: 1_500,
  bodyAttempt: 2_500,
  deadline: 5_000,
  uploadDeadline: 8_000,
  silence: 300,
  pause: 20,
}
/** What a busy machine may add. */
const slack = 3_000
export const quickRows = { ...dynamoPace, attempt: 1_500, deadline: 5_000, pause: 20 }

/** Of so many bytes: with what is looked up. One that fails is taken away within another deadline. The machine may be slow to say so. */
export const longestUpload = (size: number) => quickS3.uploadDeadline + size / 1_048 + quickS3.deadline + slack
export const longestRowCall = quickRows.deadline + slack

/** The stores of one house twice: through a proxy, with quick deadlines and a budget of their own, and straight. */
export interface FaultyStores {
  readonly blobs: S3BlobStore
  readonly rows: DynamoMetadataStore
  readonly keys: DynamoMetadataStore
  readonly clean: { readonly blobs: S3BlobStore; readonly rows: DynamoMetadataStore; readonly keys: DynamoMetadataStore }
  close(): Promise<void>
}

export async function openFaultyStores(endpoint: string, proxy: string): Promise<FaultyStores> {
  const [buckets, tables] = [new CloudBuckets(endpoint), new DynamoTables(endpoint)]
  const [farBuckets, farTables] = [new CloudBuckets(proxy), new DynamoTables(proxy)]
  const [bucket, table, keyTable] = [await buckets.make(), await tables.make(), await tables.make()]
  const budget = new RetryBudget()
  const rowCalls = () => new DynamoCalls(quickRows, budget, new Circuit())
  const clean = { blobs: await buckets.open({ bucket }), rows: tables.openAgain(table), keys: tables.openAgain(keyTable) }
  const far = {
    blobs: await farBuckets.open({ bucket, calls: new S3Calls(quickS3, budget) }),
    rows: farTables.openAgain(table, rowCalls()),
    keys: farTables.openAgain(keyTable, rowCalls()),
  }
  return {
    ...far,
    clean,
    async close() {
      for (const store of [far.blobs, far.rows, far.keys, clean.blobs, clean.rows, clean.keys]) await store.close()
      await tables.drop([table, keyTable])
    },
  }
}
