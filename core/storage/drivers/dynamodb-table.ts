import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { RegistryError, unavailable } from '../../errors/registry-error.js'

const keys = [
  { AttributeName: 'p', KeyType: 'HASH' },
  { AttributeName: 's', KeyType: 'RANGE' },
] as const
const waitSeconds = 120
/** Milliseconds, all attempts: a start and the doctor wait for nobody for ever. */
const describedWithin = 30_000

export interface NewTable {
  /** Against a deletion by mistake; on by default. */
  readonly protect?: boolean
  /** Point-in-time recovery; on by default. */
  readonly recovery?: boolean
  /** How far back; 35 by default. */
  readonly recoveryDays?: number
}

/** Binary keys `p` and `s`, no index, on demand. Resolves when it takes reads and writes; harmless where somebody else makes it at the same time. */
export async function createTable(
  client: DynamoDBClient,
  table: string,
  { protect = true, recovery = true, recoveryDays }: NewTable = {},
): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        KeySchema: [...keys],
        AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'B' as const })),
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: protect,
      }),
    )
  } catch (thrown) {
    if ((thrown as Error).name !== 'ResourceInUseException') throw thrown
  }
  await waitUntilTableExists({ client, maxWaitTime: waitSeconds, minDelay: 1, maxDelay: 2 }, { TableName: table })
  if (recovery) await enableRecovery(client, table, recoveryDays)
}

/** The service refuses it for a while after it made the table. */
async function enableRecovery(client: DynamoDBClient, table: string, days: number | undefined): Promise<void> {
  const specification = { PointInTimeRecoveryEnabled: true, ...(days === undefined ? {} : { RecoveryPeriodInDays: days }) }
  for (let left = waitSeconds; ; left--) {
    try {
      await client.send(new UpdateContinuousBackupsCommand({ TableName: table, PointInTimeRecoverySpecification: specification }))
      return
    } catch (thrown) {
      if ((thrown as Error).name !== 'ContinuousBackupsUnavailableException' || left === 0) throw thrown
      await pause(1_000)
    }
  }
}

/** Undefined where there is no such table. */
export async function describeTable(client: DynamoDBClient, table: string): Promise<TableDescription | undefined> {
  try {
    const within = { abortSignal: AbortSignal.timeout(describedWithin) }
    return (await client.send(new DescribeTableCommand({ TableName: table }), within)).Table
  } catch (thrown) {
    if ((thrown as Error).name === 'ResourceNotFoundException') return undefined
    throw thrown
  }
}

/** What is wrong with its shape, in one sentence; undefined where nothing is. */
export function wrongShape({
  KeySchema: schema = [],
  AttributeDefinitions: attributes = [],
}: TableDescription): string | undefined {
  const shape = schema.map(({ AttributeName: name, KeyType: type }) => {
    const { AttributeType: of = '?' } = attributes.find(({ AttributeName }) => AttributeName === name) ?? {}
    return `${name ?? '?'} (${of}, ${type ?? '?'})`
  })
  const wanted = keys.map(({ AttributeName, KeyType }) => `${AttributeName} (B, ${KeyType})`)
  return shape.join() === wanted.join() ? undefined : `its keys are ${shape.join(', ') || 'unknown'} and not ${wanted.join(', ')}`
}

/** The table is there and can hold our rows; made where it is absent. Throws `unavailable` with a sentence for the operator. */
export async function prepareTable(client: DynamoDBClient, table: string, recoveryDays?: number): Promise<void> {
  try {
    const found = await describeTable(client, table)
    const wrong = found && wrongShape(found)
    if (wrong !== undefined) throw unavailable(`The table '${table}' is none of this house: ${wrong}`, 30)
    if (found === undefined || found.TableStatus === 'CREATING')
      await createTable(client, table, recoveryDays === undefined ? {} : { recoveryDays })
  } catch (thrown) {
    if (thrown instanceof RegistryError) throw thrown
    const { name, message } = thrown as Error
    throw unavailable(`The table '${table}' cannot be opened: ${name}: ${message}`, 30, { cause: thrown })
  }
}
