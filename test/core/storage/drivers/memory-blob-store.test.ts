import { MemoryBlobStore } from '../../../../core/storage/drivers/memory-blob-store.js'
import { blobCompositionContract, blobStoreContract } from '../../../contract/index.js'

blobStoreContract('MemoryBlobStore', async () => new MemoryBlobStore(2 ** 40))
blobCompositionContract('MemoryBlobStore', async () => new MemoryBlobStore(2 ** 40))
