import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { randomHex } from '../../core/runtime/identifiers.js'
import { DynamoCalls } from '../../core/storage/drivers/dynamodb-calls.js'
import { openDynamoClient } from '../../core/storage/drivers/dynamodb-client.js'
import { DynamoMetadataStore } from '../../core/storage/drivers/dynamodb-metadata-store.js'
import { createTable } from '../../core/storage/drivers/dynamodb-table.js'
import { obtain } from '../clients/client-cache.js'
import { cloudCredentials, cloudRegion, cloudServers } from './servers.js'

/** Tables of a real server, each with a name of its own. */
export class DynamoTables {
  constructor(readonly endpoint: string) {}

  /** In a suite's `before`: a server, or a suite that is shown as pending and named at the end of the run. */
  static async start(suite: Mocha.Context): Promise<DynamoTables> {
    return obtain(suite, 'DynamoDB', DynamoTables.shared)
  }

  /** Throws `NotToBeHad`. */
  static async shared(): Promise<DynamoTables> {
    return new DynamoTables((await cloudServers()).endpoint)
  }

  client(credentials = cloudCredentials): DynamoDBClient {
    return openDynamoClient({ table: '', endpoint: this.endpoint, region: cloudRegion }, { credentials })
  }

  /** The name of a new, empty table. */
  async make(): Promise<string> {
    const table = `t-${randomHex(8)}`
    const client = this.client()
    await createTable(client, table, { protect: false, recovery: false })
    client.destroy()
    return table
  }

  async drop(names: readonly string[]): Promise<void> {
    const client = this.client()
    for (const TableName of names) await client.send(new DeleteTableCommand({ TableName }))
    client.destroy()
  }

  async open(calls?: DynamoCalls): Promise<DynamoMetadataStore> {
    return this.openAgain(await this.make(), calls)
  }

  /** As another process has it open. */
  openAgain(table: string, calls = new DynamoCalls()): DynamoMetadataStore {
    return new DynamoMetadataStore(this.client(), table, calls)
  }
}
