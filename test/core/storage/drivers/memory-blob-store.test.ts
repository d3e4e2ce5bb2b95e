import { MemoryBlobStore } from '../../../../core/storage/drivers/memory-blob-store.js'
import { blobStoreContract } from '../../../contract/index.js'

blobStoreContract('MemoryBlobStore', async () => new MemoryBlobStore(2 ** 40))
