import { invalid, type RegistryError } from '../../errors/registry-error.js'
import type { Logger } from '../../runtime/logger.js'
import type { BlobStore } from '../blob-store.js'
import type { MetadataStore } from '../metadata-store.js'
import type { DynamoPlace } from './dynamodb-client.js'
import type { S3Place } from './s3-client.js'
import type { Reserve } from './volume.js'

export interface BlobDriverOptions {
  /** On this machine: all of it, or what is on its way. */
  readonly folder: string
  readonly reserve?: Reserve
  /** Of 's3'. */
  readonly s3?: S3Place
}

export interface MetadataDriverOptions {
  /** Of 'embedded'. */
  readonly folder: string
  /** Of 'dynamodb'. */
  readonly dynamodb?: DynamoPlace
  readonly readOnly?: boolean
  readonly ballastBytes?: number
  /** Called once, when the store takes no more writes and the process has to end. */
  readonly onFatal?: (failure: RegistryError) => void
  readonly logger?: Logger
}

/** Imported by name, so that a library that is not used is not loaded. */
const blobDrivers: Readonly<Record<string, (options: BlobDriverOptions) => Promise<BlobStore>>> = {
  files: async (options) => (await import('./fs-blob-store.js')).FsBlobStore.open(options),
  s3: async ({ folder, reserve, s3 }) => {
    if (s3 === undefined) throw invalid('The blob store is told no bucket')
    silenceVersionWarning()
    const { S3BlobStore } = await import('./s3-blob-store.js')
    return S3BlobStore.open({ place: s3, spool: folder, ...(reserve === undefined ? {} : { reserve }) })
  },
  memory: async () => new (await import('./memory-blob-store.js')).MemoryBlobStore(),
}
const metadataDrivers: Readonly<Record<string, (options: MetadataDriverOptions) => Promise<MetadataStore>>> = {
  embedded: async (options) => (await import('./lmdb-metadata-store.js')).LmdbMetadataStore.open(options),
  dynamodb: async ({ dynamodb }) => {
    if (dynamodb === undefined) throw invalid('The metadata store is told no table')
    silenceVersionWarning()
    return (await import('./dynamodb-metadata-store.js')).DynamoMetadataStore.open(dynamodb)
  },
  memory: async () => new (await import('./memory-metadata-store.js')).MemoryMetadataStore(),
}

/** 'files', 's3' or 'memory'. Throws `invalid` for another name. */
export async function openBlobStore(name: string, options: BlobDriverOptions): Promise<BlobStore> {
  return driverOf(blobDrivers, 'blob', name)(options)
}

/** 'embedded', 'dynamodb' or 'memory'. Throws `invalid` for another name. */
export async function openMetadataStore(name: string, options: MetadataDriverOptions): Promise<MetadataStore> {
  return driverOf(metadataDrivers, 'metadata', name)(options)
}

function driverOf<Driver>(drivers: Readonly<Record<string, Driver>>, what: string, name: string): Driver {
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined
  if (driver === undefined) throw invalid(`There is no ${what} store '${name}': ${Object.keys(drivers).join(', ')}`)
  return driver
}

/** The SDK says on each start that releases of 2027 want a newer Node. The release that is pinned does not, and the README tells of it. */
export function silenceVersionWarning(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
}
