import type { PackageVersion } from '../plugin/package-keeping.js'
import type { DownloadCounts } from '../usage/download-counts.js'
import type { LastDownloads } from './cleanup.js'
import type { PackageUse } from './cleanup-plan.js'

/** When versions were last fetched, as the house counts it: up to a minute of each process is still on its way. */
export class CountedDownloads implements LastDownloads {
  constructor(private readonly counts: DownloadCounts) {}

  async of(organization: string, repository: string, pkg: string, versions: readonly PackageVersion[]): Promise<PackageUse> {
    const since = await this.counts.since()
    const last = new Map<string, number>()
    for await (const { version, last: at } of this.counts.versions(organization, repository, pkg)) last.set(version, at.getTime())
    for (const { version, countedAs } of versions) {
      if (countedAs === undefined) continue
      const at = await this.counts.lastDownload(organization, repository, countedAs)
      if (at) last.set(version, at.getTime())
    }
    return { countedSince: since?.getTime(), lastDownload: (version) => last.get(version) }
  }
}
