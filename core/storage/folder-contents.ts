import { artifactRow } from './batch-rows.js'
import type { MetadataStore } from './metadata-store.js'
import { tenantKeys } from './tenant-keys.js'

/** Does a file lie in the folder, or below it? Rows of child folders are hints (architecture guide, part b). Undefined where `reach` rows did not tell:
 *  a tree of deleted files can be of any size. */
export async function holdsFile(
  metadata: MetadataStore,
  place: { readonly organizationId: string; readonly repositoryId: string; readonly folder: string },
  reach = 1_000,
): Promise<boolean | undefined> {
  let left = reach
  const look = async (folder: string): Promise<boolean | undefined> => {
    const partition = tenantKeys.folder(place.organizationId, place.repositoryId, folder)
    for await (const entry of metadata.range(partition, { prefix: ['a'] })) {
      if (left-- <= 0) return undefined
      if ((await artifactRow(metadata, place.organizationId, entry.value)).state === 'present') return true
    }
    for await (const entry of metadata.range(partition, { prefix: ['d'] })) {
      if (left-- <= 0) return undefined
      const name = entry.key.path[1] ?? ''
      const found = await look(folder === '' ? name : `${folder}/${name}`)
      if (found !== false) return found
    }
    return false
  }
  return look(place.folder)
}
