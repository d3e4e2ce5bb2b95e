import 'reflect-metadata'
import { join } from 'node:path'
import { Kernel, LocalRootKeys, openBlobStore, openMetadataStore } from '#core/host'
import { serve } from '../../host/serve.js'
import { HastyStore } from './hasty-store.js'

/** The server as a user starts it, over a store that acknowledges too early. */
await serve(undefined, async ({ folder, keyFile, log }) => {
  const metadata = new HastyStore(await openMetadataStore('embedded', { folder: join(folder, 'metadata'), ballastBytes: 0 }))
  const keyStore = await openMetadataStore('embedded', { folder: join(folder, 'keys'), ballastBytes: 0 })
  const blobs = await openBlobStore('files', { folder: join(folder, 'blobs') })
  return Kernel.open({ blobs, metadata, keyStore, rootKey: await LocalRootKeys.fromFile(keyFile), logger: log })
})
