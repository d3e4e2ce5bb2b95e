import {
  type AttributeValue,
  DescribeContinuousBackupsCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import type { TableInspection } from './cloud-inspection.js'
import { type DynamoPlace, openDynamoClient } from './dynamodb-client.js'
import { describeTable, wrongShape } from './dynamodb-table.js'
import { watchServerTime } from './server-time.js'

/** Keys of no partition of ours: each of them begins with an organization or a dot. */
const key = (name: string): Record<string, AttributeValue> => ({
  p: { B: Buffer.from(`\0doctor ${name}`) },
  s: { B: Buffer.from('doctor\0') },
})
const impossible = 'attribute_exists(p)'
/** Of all attempts of a call. */
const within = () => ({ abortSignal: AbortSignal.timeout(30_000) })

export function inspectTable(place: DynamoPlace): TableInspection {
  const client = openDynamoClient(place, { maxAttempts: 4 })
  const serverTime = watchServerTime(client)
  const TableName = place.table
  const expecting = async (refusal: string, work: Promise<unknown>) => {
    await work.catch((thrown: Error) => {
      if (thrown.name !== refusal) throw thrown
    })
  }
  return {
    serverTime,
    async describe() {
      const found = await describeTable(client, TableName)
      if (found === undefined) return undefined
      return {
        status: found.TableStatus ?? 'unknown',
        wrongShape: wrongShape(found),
        onDemand: found.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST',
        protectedFromDeletion: found.DeletionProtectionEnabled === true,
        encryption: found.SSEDescription?.SSEType,
      }
    },
    async read() {
      await client.send(new GetItemCommand({ TableName, Key: key('read'), ConsistentRead: true }), within())
    },
    async query() {
      const values = { ':p': { B: Buffer.from('\0doctor query') } }
      const condition = { KeyConditionExpression: 'p = :p', ExpressionAttributeValues: values }
      await client.send(new QueryCommand({ TableName, ...condition, ConsistentRead: true, Limit: 1 }), within())
    },
    async scan() {
      await client.send(new ScanCommand({ TableName, Limit: 1 }), within())
    },
    async put() {
      const command = new PutItemCommand({ TableName, Item: key('put'), ConditionExpression: impossible })
      await expecting('ConditionalCheckFailedException', client.send(command, within()))
    },
    async transact() {
      const command = new TransactWriteItemsCommand({
        TransactItems: [
          { ConditionCheck: { TableName, Key: key('check'), ConditionExpression: impossible } },
          { Put: { TableName, Item: key('put') } },
          { Delete: { TableName, Key: key('delete') } },
        ],
      })
      await expecting('TransactionCanceledException', client.send(command, within()))
    },
    async recovery() {
      const { ContinuousBackupsDescription: found } = await client.send(
        new DescribeContinuousBackupsCommand({ TableName }),
        within(),
      )
      const point = found?.PointInTimeRecoveryDescription
      return { enabled: point?.PointInTimeRecoveryStatus === 'ENABLED', days: point?.RecoveryPeriodInDays }
    },
    close: () => client.destroy(),
  }
}
