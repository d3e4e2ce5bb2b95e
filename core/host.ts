/** The face for whoever composes a house. */

export type { LeakedPasswords } from './auth/leaked-passwords.js'
export type { HouseParts } from './container.js'
export { HouseSetup } from './house-setup.js'
export { checkData, type DataCount, type DataProblem } from './housekeeping/data-check.js'
export { type KindCensus, keyCensus } from './housekeeping/key-census.js'
export * from './index.js'
export { type InstallablePlugin, Kernel } from './kernel.js'
export { type Mail, Mailer, UndeliverableMail } from './mail/mailer.js'
export type { HouseRequest } from './request/house-request.js'
export { SystemClock } from './runtime/clock.js'
export type { Limits } from './runtime/limits.js'
export { silentLogger } from './runtime/logger.js'
export { PinoLogger, type StandardErrorLog } from './runtime/pino-logger.js'
export { several } from './runtime/several.js'
export type { BlobStore } from './storage/blob-store.js'
export {
  type BucketInspection,
  inspectBucket,
  inspectTable,
  type LifecycleRule,
  type TableFacts,
  type TableInspection,
} from './storage/drivers/cloud-inspection.js'
export { openBlobStore, openMetadataStore } from './storage/drivers/driver-catalog.js'
export { LocalRootKeys, type RootKeyProvider } from './storage/encryption/root-key.js'
export { canaryOpens } from './storage/encryption/root-key-canary.js'
export type { Entry, Key, MetadataStore, Mutation } from './storage/metadata-store.js'
export { tenantKeys } from './storage/tenant-keys.js'
export { readOnlyRow } from './tenancy/read-only.js'
