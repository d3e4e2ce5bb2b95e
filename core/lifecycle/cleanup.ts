import type { PackageVersion } from '../plugin/package-keeping.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { compareNames } from '../storage/name-order.js'
import { row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { type PackageUse, planOf } from './cleanup-plan.js'
import { type CleanupItem, type CleanupRow, type CleanupRules, isIdle, matchesPackage } from './cleanup-rules.js'
import { repeated } from './repeated-change.js'
import type { Opened } from './repository-access.js'

/** Where last downloads are asked for, a package at a time. */
export interface LastDownloads {
  of(organizationId: string, repositoryId: string, pkg: string, versions: readonly PackageVersion[]): Promise<PackageUse>
}

/** The rules of one repository, what they would take, and taking it. */
export class Cleanup {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly opened: Opened,
    private readonly downloads: LastDownloads,
  ) {}

  /** Throws nothing where there are none: undefined. */
  async rules(): Promise<CleanupRow | undefined> {
    const { organization, repository } = this.opened.context
    const entry = await this.metadata.get(tenantKeys.cleanup(organization.id, repository.id))
    return entry && row<CleanupRow>(entry.value)
  }

  /** What the rules take, in the order of packages, from behind one of them; items that are not due yet say when. */
  async *plan(rules: CleanupRules, activeFrom: number, after?: string): AsyncIterable<CleanupItem> {
    if (isIdle(rules)) return
    for (const pkg of await this.names()) {
      if (!matchesPackage(rules, pkg) || (after !== undefined && compareNames(pkg, after.split('\t')[0] ?? '') < 0)) continue
      const items = [...(await this.planOf(pkg, rules, activeFrom))].sort((a, b) => compareNames(itemKey(a), itemKey(b)))
      for (const item of items) if (after === undefined || compareNames(itemKey(item), after) > 0) yield item
    }
  }

  /** Takes one item by the ordinary removal, judged again at that moment: false where it does not fall under the rules any more. */
  async take(item: CleanupItem, { rules, activeFrom }: CleanupRow, now: Date): Promise<boolean> {
    const { context, keeping } = this.opened
    return repeated(async () => {
      const head = (await context.documents.head(item.package))?.sequence ?? 0
      const still = (await this.planOf(item.package, rules, activeFrom)).find((one) => itemKey(one) === itemKey(item))
      if (still === undefined || still.goesAt > now) return false
      // A publish in between moves the head, or the bytes of the file that is to go: then it is judged anew.
      const change = context.change().requireHead(item.package, head)
      const { package: pkg, version, build } = item
      const whole = build === undefined ? version : `${version} ${build}`
      change.deletion({ package: pkg, version: whole, reason: `retention: ${still.reason}` })
      await keeping.remove(pkg, version, context, change, build)
      await change.commit()
      return true
    })
  }

  private async planOf(pkg: string, rules: CleanupRules, activeFrom: number): Promise<readonly CleanupItem[]> {
    const { context, keeping } = this.opened
    const versions: PackageVersion[] = []
    for await (const version of keeping.versions(pkg, context)) versions.push(version)
    const use = await this.downloads.of(context.organization.id, context.repository.id, pkg, versions)
    return planOf(pkg, versions, rules, use, activeFrom)
  }

  private async names(): Promise<readonly string[]> {
    const { context, keeping } = this.opened
    const names: string[] = []
    if (keeping.names) for await (const name of keeping.names(context)) names.push(name)
    else for await (const { name } of context.packages()) names.push(name)
    return names.sort(compareNames)
  }
}

/** Names hold no tab. */
export function itemKey({ package: pkg, version, build }: CleanupItem): string {
  return [pkg, version, ...(build === undefined ? [] : [build])].join('\t')
}
