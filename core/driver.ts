/** The face for storage drivers: the two contracts, their words, and the order of keys that all drivers share. */
export {
  conflict,
  invalid,
  noSpace,
  notFound,
  RegistryError,
  stale,
  tooLarge,
  unavailable,
} from './errors/registry-error.js'
export type { Json } from './runtime/json.js'
export type { BlobKey, BlobWriter } from './storage/blob-store.js'
export { BlobStore } from './storage/blob-store.js'
export type { ByteRange } from './storage/bytes.js'
export type { Condition, Entry, Key, Mutation, RangeQuery } from './storage/metadata-store.js'
export { MetadataStore, metadataLimits } from './storage/metadata-store.js'
