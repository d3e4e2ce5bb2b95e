import { invalid, type RegistryError } from '../../errors/registry-error.js'
import type { Logger } from '../../runtime/logger.js'
import type { BlobStore } from '../blob-store.js'
import type { MetadataStore } from '../metadata-store.js'
import type { Reserve } from './volume.js'

export interface BlobDriverOptions {
  /** For drivers that lie on this machine. */
  readonly folder: string
  readonly reserve?: Reserve
}

export interface MetadataDriverOptions {
  readonly folder: string
  readonly readOnly?: boolean
  readonly ballastBytes?: number
  /** Called once, when the store takes no more writes and the process has to end. */
  readonly onFatal?: (failure: RegistryError) => void
  readonly logger?: Logger
}

/** Imported by name, so that a library that is not used is not loaded. */
const blobDrivers: Readonly<Record<string, (options: BlobDriverOptions) => Promise<BlobStore>>> = {
  files: async (options) => (await import('./fs-blob-store.js')).FsBlobStore.open(options),
  memory: async () => new (await import('./memory-blob-store.js')).MemoryBlobStore(),
}
const metadataDrivers: Readonly<Record<string, (options: MetadataDriverOptions) => Promise<MetadataStore>>> = {
  embedded: async (options) => (await import('./lmdb-metadata-store.js')).LmdbMetadataStore.open(options),
  memory: async () => new (await import('./memory-metadata-store.js')).MemoryMetadataStore(),
}

/** 'files' or 'memory'. Throws `invalid` for another name. */
export async function openBlobStore(name: string, options: BlobDriverOptions): Promise<BlobStore> {
  return driverOf(blobDrivers, 'blob', name)(options)
}

/** 'embedded' or 'memory'. Throws `invalid` for another name. */
export async function openMetadataStore(name: string, options: MetadataDriverOptions): Promise<MetadataStore> {
  return driverOf(metadataDrivers, 'metadata', name)(options)
}

function driverOf<Driver>(drivers: Readonly<Record<string, Driver>>, what: string, name: string): Driver {
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined
  if (driver === undefined) throw invalid(`There is no ${what} store '${name}': ${Object.keys(drivers).join(', ')}`)
  return driver
}
