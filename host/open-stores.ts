import { join } from 'node:path'
import { type BlobStore, type MetadataStore, openBlobStore, openMetadataStore } from '#core/host'
import { dynamodbPlaceOf, s3PlaceOf } from './config/cloud-settings.js'
import type { Settings } from './config/settings.js'

/** Rows lie below the data folder, or in the table of the settings; the keys in a store of their own, left out of data backups. */
export function openRows(
  settings: Settings,
  folder: string,
  what: 'metadata' | 'keys',
  options: Omit<Parameters<typeof openMetadataStore>[1], 'folder' | 'dynamodb'> = {},
): Promise<MetadataStore> {
  const place = dynamodbPlaceOf(settings, what === 'keys' ? '-keys' : '')
  return openMetadataStore(settings.metadata, { ...options, ...place, folder: join(folder, what) })
}

/** Bytes lie below the data folder, or in the bucket of the settings: then the folder holds what is on its way. */
export function openBytes(settings: Settings, folder: string): Promise<BlobStore> {
  const place = s3PlaceOf(settings)
  return openBlobStore(settings.blobs, { ...place, folder: join(folder, settings.blobs === 's3' ? 'spool' : 'blobs') })
}
