import { metadataStoreContract } from '../../../contract/index.js'
import { DynamoTables } from '../../../support/dynamo-tables.js'
import { rangesAsInMemory } from '../../../support/ranges-as-in-memory.js'

describe('DynamoDB, a real server', () => {
  let tables: DynamoTables
  before(async function () {
    tables = await DynamoTables.start(this)
  })
  metadataStoreContract('DynamoMetadataStore', () => tables.open())
  rangesAsInMemory('DynamoMetadataStore', () => tables.open())
})
