import { LocalRootKeys } from '../../core/storage/encryption/root-key.js'

/** A root key that is nowhere but here. */
export function memoryRootKey(key: Uint8Array): LocalRootKeys {
  return new LocalRootKeys([{ id: 'test', key }])
}

/** Root keys that anybody can make again, of ids and seeds; the first wraps. */
export function seededRootKeys(...pairs: readonly (readonly [id: string, seed: number])[]): LocalRootKeys {
  return new LocalRootKeys(
    pairs.map(([id, seed]) => ({ id, key: Buffer.from(Array.from({ length: 32 }, (_, at) => (seed * 31 + at) % 256)) })),
  )
}
