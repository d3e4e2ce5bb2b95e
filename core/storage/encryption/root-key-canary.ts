import { RegistryError, unavailable } from '../../errors/registry-error.js'
import { randomHex } from '../../runtime/identifiers.js'
import type { Key, MetadataStore } from '../metadata-store.js'
import type { RootKeyContext, RootKeyProvider } from './root-key.js'

const key: Key = { partition: ['.', 'canary'].join('\0'), path: ['canary'] }
const context: RootKeyContext = { purpose: 'canary', organizationId: '.', version: 1 }

/** Proves that the root key is the one the stored keys were wrapped by, before anything else is done. An unused store gets its canary; a used one
 *  without it, or with one that does not open, is refused (`unavailable`), and nothing is written. */
export async function checkCanary(keyStore: MetadataStore, metadata: MetadataStore, rootKey: RootKeyProvider): Promise<void> {
  if (await canaryOpens(keyStore, rootKey)) return
  for (const store of [keyStore, metadata])
    for await (const _ of store.scan())
      throw unavailable('The keys of this data are missing: its key store is empty, the data is not; nothing was changed')
  const { wrapped } = await rootKey.generate(context)
  try {
    await keyStore.commit([{ op: 'put', key, value: { v: 1, wrapped }, if: 'absent' }], randomHex())
  } catch (thrown) {
    // Another process of this house placed it at the same moment: then it has to open as well.
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'conflict') throw thrown
    await canaryOpens(keyStore, rootKey)
  }
}

/** Brings the canary under the current root key; the last step of a change of root keys, after which the old one may go. */
export async function rewrapCanary(keyStore: MetadataStore, rootKey: RootKeyProvider): Promise<void> {
  const entry = await keyStore.get(key)
  if (entry === undefined) throw unavailable('The key store has no canary')
  const before = (entry.value as { readonly wrapped: string }).wrapped
  const wrapped = await rootKey.rewrap(context, before)
  if (wrapped === before) return
  await keyStore.commit([{ op: 'put', key, value: { v: 1, wrapped }, if: { revision: entry.revision } }], randomHex())
}

/** Does the root key open it? False where there is none yet; throws `unavailable` where it does not. Changes nothing. */
export async function canaryOpens(keyStore: MetadataStore, rootKey: RootKeyProvider): Promise<boolean> {
  const entry = await keyStore.get(key)
  if (entry === undefined) return false
  await rootKey.unwrap(context, (entry.value as { readonly wrapped: string }).wrapped).catch((cause: unknown) => {
    throw unavailable('The root key is not the one that this data was stored under; nothing was changed', 5, { cause })
  })
  return true
}
