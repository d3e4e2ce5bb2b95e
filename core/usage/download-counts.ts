import { inject, injectable } from 'tsyringe'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { CountingRow, DayRow, DownloadRow } from './download-rows.js'

export interface PackageDownloads {
  /** Since counting began. */
  readonly total: number
  readonly last?: Date
  /** '2026-11-25' (UTC) and how many; days without any are left out. */
  readonly days: readonly { readonly day: string; readonly count: number }[]
}
export interface VersionDownloads {
  readonly version: string
  readonly total: number
  readonly last: Date
}

/** What the rows say of downloads; up to a minute of each process is still on its way. */
@injectable()
export class DownloadCounts {
  constructor(@inject(MetadataStore) private readonly store: MetadataStore) {}

  /** When this instance began to count; undefined before that: of nothing can then be said that nobody wanted it. */
  async since(): Promise<Date | undefined> {
    const entry = await this.store.get(tenantKeys.instance('downloads'))
    return entry && new Date((entry.value as CountingRow).since)
  }

  /** The last download of a package, by ids; undefined where there was none since counting began. */
  async lastDownload(organizationId: string, repositoryId: string, pkg: string): Promise<Date | undefined> {
    const entry = await this.store.get(tenantKeys.downloads(organizationId, repositoryId, pkg))
    return entry && new Date((entry.value as DownloadRow).at)
  }

  /** Of each version that was ever downloaded, where the format tells versions; in byte order. */
  async *versions(organizationId: string, repositoryId: string, pkg: string): AsyncIterable<VersionDownloads> {
    const partition = tenantKeys.downloads(organizationId, repositoryId, pkg).partition
    for await (const { key, value } of this.store.range(partition, { prefix: ['version'] })) {
      const { n, at } = value as DownloadRow
      yield { version: key.path[1] ?? '', total: n, last: new Date(at) }
    }
  }

  /** `from` and `to` are days, both included. */
  async of(
    organizationId: string,
    repositoryId: string,
    pkg: string,
    { from, to }: { readonly from?: string; readonly to?: string } = {},
  ): Promise<PackageDownloads> {
    const key = tenantKeys.downloads(organizationId, repositoryId, pkg)
    const row = (await this.store.get(key))?.value as DownloadRow | undefined
    const days: { day: string; count: number }[] = []
    for await (const entry of this.store.range(key.partition, { prefix: ['day'] })) {
      const day = entry.key.path[1] ?? ''
      if (to !== undefined && day > to) break
      if (from === undefined || day >= from) days.push({ day, count: (entry.value as DayRow).n })
    }
    return { total: row?.n ?? 0, ...(row ? { last: new Date(row.at) } : {}), days }
  }
}
