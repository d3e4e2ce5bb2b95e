import 'reflect-metadata'
import { join } from 'node:path'
import { Kernel, LocalRootKeys, openBlobStore, openMetadataStore, PinoLogger } from '#core/host'
import { compose } from '../../host/compose.js'
import { readSettings } from '../../host/config/read-settings.js'
import { HastyStore } from './hasty-store.js'

/** The server as a user starts it, over a store that acknowledges too early. */
const settings = await readSettings(process.env, undefined)
const { log } = PinoLogger.standardError('error')
const house = await compose(settings, log, async ({ folder, keyFile }) => {
  const metadata = new HastyStore(await openMetadataStore('embedded', { folder: join(folder, 'metadata'), ballastBytes: 0 }))
  const keyStore = await openMetadataStore('embedded', { folder: join(folder, 'keys'), ballastBytes: 0 })
  const blobs = await openBlobStore('files', { folder: join(folder, 'blobs') })
  return Kernel.open({ blobs, metadata, keyStore, rootKey: await LocalRootKeys.fromFile(keyFile), logger: log })
})
process.stdout.write(`${house.greeting ?? ''}ready ${house.url}\n`)
