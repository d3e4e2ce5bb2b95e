import { LocalRootKeys } from '../../core/storage/encryption/root-key.js'

/** A root key that is nowhere but here. */
export function memoryRootKey(key: Uint8Array): LocalRootKeys {
  return new LocalRootKeys([{ id: 'test', key }])
}
