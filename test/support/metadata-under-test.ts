import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'

/** An empty store for suites that say nothing about which: in memory, or with CLOUDREPO_TEST_METADATA=dynamodb a table of a real server. */
export async function emptyMetadataStore(): Promise<MetadataStore> {
  const name = process.env['CLOUDREPO_TEST_METADATA'] ?? 'memory'
  if (name === 'memory') return new MemoryMetadataStore()
  if (name !== 'dynamodb') throw new Error(`CLOUDREPO_TEST_METADATA is 'memory' or 'dynamodb', and not '${name}'`)
  const { DynamoTables } = await import('./dynamo-tables.js')
  return (await DynamoTables.shared()).open()
}
