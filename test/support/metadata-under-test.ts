import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { MetadataStore } from '../../core/storage/metadata-store.js'

/** An empty store for suites that say nothing about which: in memory, or with CLOUDREPO_TEST_STORE=cloud a table of a real server. */
export async function emptyMetadataStore(): Promise<MetadataStore> {
  if (process.env['CLOUDREPO_TEST_STORE'] !== 'cloud') return new MemoryMetadataStore()
  const { DynamoTables } = await import('./dynamo-tables.js')
  return (await DynamoTables.shared()).open()
}
