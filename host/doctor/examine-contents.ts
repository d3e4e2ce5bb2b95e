import { resolve } from 'node:path'
import { checkData, type DataCount, type DataProblem, unavailable } from '#core/host'
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
  const folder = resolve(settings.data)
  // Opening a table that is not there would make it.
  if (settings.metadata === 'dynamodb' && !(await examineCloud(settings, Date.now)).tablesThere)
    throw unavailable('The table cannot be read: `cloudrepo doctor` says why')
  const metadata = await openRows(settings, folder, 'metadata', { readOnly: true })
  try {
    const blobs = await openBytes(settings, folder)
    try {
      const rows = metadata.measure?.().rows
      if (rows !== undefined) watch.onRows?.(rows)
      return await checkData(metadata, blobs, watch)
    } finally {
      await blobs.close()
    }
  } finally {
    await metadata.close()
  }
}
