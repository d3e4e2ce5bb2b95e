import { resolve } from 'node:path'
import type { BlobStore, MetadataStore } from '#core/host'
import { dynamodbPlaceOf, s3PlaceOf } from '../config/cloud-settings.js'
import type { Settings } from '../config/settings.js'
import { openBytes, openRows } from '../open-stores.js'

/** The stores of a house, opened by somebody who is not the house. */
export interface StorePair {
  readonly blobs: BlobStore
  readonly metadata: MetadataStore
  readonly keyStore: MetadataStore
  /** In words for people: '/srv/data'. Two that read alike are one place. */
  readonly place: string
  close(): Promise<void>
}

/** Lays no ballast: whoever serves from there does. */
const ballastBytes = 0

/** Opens, and makes where it is empty, what the settings name. Several processes may have it open. */
export async function openStorePair(settings: Settings): Promise<StorePair> {
  const folder = resolve(settings.data)
  const opened: { close(): Promise<void> }[] = []
  const close = async () => {
    for (const store of opened.splice(0).reverse()) await store.close()
  }
  const open = async <Store extends { close(): Promise<void> }>(opening: Promise<Store>) => {
    const store = await opening
    opened.push(store)
    return store
  }
  try {
    const metadata = await open(openRows(settings, folder, 'metadata', { ballastBytes }))
    const keyStore = await open(openRows(settings, folder, 'keys', { ballastBytes }))
    const blobs = await open(openBytes(settings, folder))
    return { blobs, metadata, keyStore, place: placeOf(settings), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Does anything of it lie on this machine? */
export function isLocal({ blobs, metadata }: Settings): boolean {
  return blobs === 'files' || metadata === 'embedded'
}

function placeOf(settings: Settings): string {
  const folder = resolve(settings.data)
  const { s3 } = s3PlaceOf(settings)
  const { dynamodb } = dynamodbPlaceOf(settings)
  const at = (endpoint: string | undefined) => (endpoint === undefined ? '' : ` at ${endpoint}`)
  const bytes = settings.blobs === 's3' && s3 ? `s3://${s3.bucket}/${s3.prefix ?? ''}${at(s3.endpoint)}` : folder
  const rows = settings.metadata === 'dynamodb' && dynamodb ? `the table ${dynamodb.table}${at(dynamodb.endpoint)}` : folder
  return bytes === rows ? folder : `${bytes} and ${rows}`
}
