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
export { checkBlobKey, checkBlobPrefix, checkRange } from './storage/blob-key.js'
export type { BlobKey, BlobWriter, Stray } from './storage/blob-store.js'
export { BlobStore } from './storage/blob-store.js'
export type { ByteRange } from './storage/bytes.js'
export type { CheckedMutation } from './storage/commit-check.js'
export { checkCommit, commitFingerprint, conditionFailure } from './storage/commit-check.js'
export { CommitMemory } from './storage/commit-memory.js'
export type { KeySpan } from './storage/key-order.js'
export {
  checkLimit,
  decodeCursor,
  decodeKey,
  decodePath,
  encodeCursor,
  encodeKey,
  encodePartition,
  encodePath,
  keySpan,
  pathSpan,
} from './storage/key-order.js'
export type { Condition, Entry, Key, Mutation, RangeQuery } from './storage/metadata-store.js'
export { MetadataStore, metadataLimits } from './storage/metadata-store.js'
