import type { House } from '../../support/house.js'

/** Removes every file, so that the next story begins with empty repositories. Answers the number of blobs that stay behind for a while. */
export async function emptyShelves(house: House): Promise<number> {
  for (const path of await house.storedFiles()) {
    await house.call('DELETE', `/${path.split('/').map(encodeURIComponent).join('/')}`, { as: 'olga' })
  }
  return house.storedBlobs()
}
