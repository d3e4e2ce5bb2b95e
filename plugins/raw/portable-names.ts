import { invalid, type RepositoryContext } from '#core'

/** Devices of Windows, whatever extension follows; the superscripts count there as digits do. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i

/** Where the repository wants it, a new name has to be one that every client can keep on its disk: no segment that ends in a dot or a space, none that
 *  Windows takes for a device. Throws `invalid`. */
export function refuseUnportable(path: string, { repository }: Pick<RepositoryContext, 'repository'>): void {
  if (repository.portableNames !== true) return
  for (const segment of path.split('/')) {
    if (/[. ]$/.test(segment)) throw invalid(`A name that ends in a dot or a space is not portable: ${segment}`)
    if (device.test(segment)) throw invalid(`Windows takes this name for a device: ${segment}`)
  }
}
