import { join, resolve } from 'node:path'
import { checkData, type DataCount, type DataProblem, openBlobStore, openMetadataStore } from '#core/host'
import type { Settings } from '../config/settings.js'

export interface ContentsWatch {
  readonly onProblem: (problem: DataProblem) => void
  /** How many rows there are, where the store knows. */
  readonly onRows?: (rows: number) => void
  readonly onRow?: () => void
}

/** Every row and every blob of the stores that the settings name, while a house may serve them. Throws where they cannot be read. */
export async function examineContents(settings: Settings, watch: ContentsWatch): Promise<DataCount> {
  const folder = resolve(settings.data)
  const metadata = await openMetadataStore(settings.metadata, { folder: join(folder, 'metadata'), readOnly: true })
  try {
    const blobs = await openBlobStore(settings.blobs, { folder: join(folder, 'blobs') })
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
