import { resolve } from 'node:path'
import {
  checkData,
  type DataCount,
  type DataProblem,
  type KindCensus,
  keyCensus,
  type MetadataStore,
  unavailable,
} from '#core/host'
import type { Settings } from '../config/settings.js'
import { openBytes, openRows } from '../open-stores.js'
import { examineCloud } from './examine-cloud.js'

export interface ContentsWatch {
  readonly onProblem: (problem: DataProblem) => void
  /** How many rows there are, where the store knows. */
  readonly onRows?: (rows: number) => void
  readonly onRow?: () => void
}

/** Every row and every blob of the stores that the settings name, while a house may serve them. Throws where they cannot be read. */
export async function examineContents(settings: Settings, watch: ContentsWatch): Promise<DataCount> {
  return withRows(settings, watch, async (metadata) => {
    const blobs = await openBytes(settings, resolve(settings.data))
    return checkData(metadata, blobs, watch).finally(() => blobs.close())
  })
}

/** How the rows of those stores spread over partitions. */
export async function examineKeys(settings: Settings, watch: Omit<ContentsWatch, 'onProblem'>): Promise<readonly KindCensus[]> {
  return withRows(settings, watch, (metadata) => keyCensus(metadata, watch.onRow))
}

async function withRows<Result>(
  settings: Settings,
  { onRows }: Pick<ContentsWatch, 'onRows'>,
  work: (metadata: MetadataStore) => Promise<Result>,
): Promise<Result> {
  // Opening a table that is not there would make it.
  if (settings.metadata === 'dynamodb' && !(await examineCloud(settings, Date.now)).tablesThere)
    throw unavailable('The table cannot be read: `cloudrepo doctor` says why')
  const metadata = await openRows(settings, resolve(settings.data), 'metadata', { readOnly: true })
  try {
    const rows = metadata.measure?.().rows
    if (rows !== undefined) onRows?.(rows)
    return await work(metadata)
  } finally {
    await metadata.close()
  }
}
