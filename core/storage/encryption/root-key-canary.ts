import { randomHex } from '../../runtime/identifiers.js'
import type { Key, MetadataStore } from '../metadata-store.js'
import type { RootKeyContext, RootKeyProvider } from './root-key.js'

const key: Key = { partition: ['.', 'canary'].join('\0'), path: ['canary'] }
const context: RootKeyContext = { purpose: 'canary', organizationId: '.', version: 1 }

/** Proves that the root key is the one the stored keys were wrapped by, before anything else is done. An unused store gets its canary; a used one
 *  without it, or with one that does not open, is refused, and nothing is written. */
export async function checkCanary(keyStore: MetadataStore, metadata: MetadataStore, rootKey: RootKeyProvider): Promise<void> {
  const entry = await keyStore.get(key)
  if (entry) {
    const { wrapped } = entry.value as { readonly wrapped: string }
    await rootKey.unwrap(context, wrapped).catch((cause: unknown) => {
      throw new Error('The root key is not the one that this data was stored under; nothing was changed', { cause })
    })
    return
  }
  for (const store of [keyStore, metadata])
    for await (const _ of store.scan())
      throw new Error('The keys of this data are missing: its key store is empty, the data is not; nothing was changed')
  const { wrapped } = await rootKey.generate(context)
  await keyStore.commit([{ op: 'put', key, value: { v: 1, wrapped }, if: 'absent' }], randomHex())
}
