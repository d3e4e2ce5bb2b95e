import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type TableDescription,
  type UpdateContinuousBackupsCommandInput,
} from '@aws-sdk/client-dynamodb'
import { expect } from 'chai'
import { openDynamoClient } from '../../../../core/storage/drivers/dynamodb-client.js'
import { createTable, prepareTable, wrongShape } from '../../../../core/storage/drivers/dynamodb-table.js'
import { failure } from '../../../contract/metadata-words.js'
import { DynamoTables } from '../../../support/dynamo-tables.js'
import { cloudCredentials, cloudRegion } from '../../../support/servers.js'

describe('The table of a house', () => {
  let tables: DynamoTables
  let client: DynamoDBClient
  before(async function () {
    tables = await DynamoTables.start(this)
    client = tables.client()
  })
  after(() => client?.destroy())
  const described = async (table: string) => (await client.send(new DescribeTableCommand({ TableName: table }))).Table

  it('is made at the start: binary keys, no index, on demand, protected, with recovery to a point in time', async () => {
    await prepareTable(client, 'made')
    const made = (await described('made')) as TableDescription
    expect(wrongShape(made)).to.equal(undefined)
    expect(made.BillingModeSummary?.BillingMode).to.equal('PAY_PER_REQUEST')
    expect(made.DeletionProtectionEnabled).to.equal(true)
    expect(made.GlobalSecondaryIndexes ?? []).to.deep.equal([])
    const backups = await client.send(new DescribeContinuousBackupsCommand({ TableName: 'made' }))
    expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).to.equal('ENABLED')
  })

  it('goes back as many days as it is told: the table of keys not as far as that of the rows', async () => {
    const asked: unknown[] = []
    const listening = tables.client()
    listening.middlewareStack.add(
      (next) => (given) => {
        const { PointInTimeRecoverySpecification: specification } = given.input as UpdateContinuousBackupsCommandInput
        if (specification) asked.push(specification)
        return next(given)
      },
      { step: 'initialize' },
    )
    try {
      await prepareTable(listening, 'short', 7)
      await prepareTable(listening, 'long')
    } finally {
      listening.destroy()
    }
    expect(asked).to.deep.equal([
      { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
      { PointInTimeRecoveryEnabled: true },
    ])
  })

  it('is taken as it is where it is there, and made once where several nodes start together', async () => {
    await Promise.all(Array.from({ length: 5 }, () => prepareTable(client, 'together')))
    const before = await described('together')
    await prepareTable(client, 'together')
    expect(await described('together')).to.deep.equal(before)
  })

  it('stops the start where it has another shape, and is left alone', async () => {
    await client.send(
      new CreateTableCommand({
        TableName: 'strange',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    const refused = await failure(prepareTable(client, 'strange'))
    expect([refused.kind, refused.message]).to.deep.equal([
      'unavailable',
      "The table 'strange' is none of this house: its keys are id (S, HASH) and not p (B, HASH), s (B, RANGE)",
    ])
  })

  it('stops the start where the credentials are unknown, or nobody listens', async () => {
    const stranger = tables.client({ ...cloudCredentials, accessKeyId: 'AKIASTRANGER' })
    const refused = await failure(prepareTable(stranger, 'made'))
    expect(refused.kind).to.equal('unavailable')
    expect(refused.message).to.match(/^The table 'made' cannot be opened: UnrecognizedClientException: /)
    const place = { table: 'made', region: cloudRegion, endpoint: 'http://127.0.0.1:9' }
    const nowhere = openDynamoClient(place, { credentials: cloudCredentials })
    expect((await failure(prepareTable(nowhere, 'made'))).message).to.match(
      /^The table 'made' cannot be opened: Error: connect ECONNREFUSED /,
    )
    for (const used of [stranger, nowhere]) used.destroy()
  })

  it('may be made without protection and recovery, for tests', async () => {
    await createTable(client, 'passing', { protect: false, recovery: false })
    expect((await described('passing'))?.DeletionProtectionEnabled).to.equal(false)
  })
})
