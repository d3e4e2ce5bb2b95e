import { MemoryMetadataStore } from '../../../../core/storage/drivers/memory-metadata-store.js'
import { metadataStoreContract } from '../../../contract/index.js'

metadataStoreContract('MemoryMetadataStore', async () => new MemoryMetadataStore())
