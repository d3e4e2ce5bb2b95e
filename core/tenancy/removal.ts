import { randomHex } from '../runtime/identifiers.js'
import type { BlobStore } from '../storage/blob-store.js'
import type { OrganizationKeys } from '../storage/encryption/keys.js'
import type { Entry, Key, MetadataStore } from '../storage/metadata-store.js'
import type { Tenancy } from './tenancy.js'

const batch = 90

/** What lies behind after a repository or an organization has vanished by one row: taken away ten minutes later, and again after a day, late commits
 *  included (architecture guide, part b). Ids are never used twice, so nothing of anybody else can be met. */
export class Removal {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly blobs: BlobStore,
    private readonly keys: OrganizationKeys,
    private readonly tenancy: Tenancy,
  ) {}

  /** `repository` is '-' where the whole organization went. Does nothing while it stands. */
  async sweep(organization: string, repository: string): Promise<void> {
    const tenant = await this.tenancy.openById(organization)
    if (repository !== '-') {
      if (tenant.findRepositoryById(repository) === undefined)
        await this.deleteRows((entry) => ofRepository(entry, organization, repository))
      return
    }
    if (tenant.exists) return
    await this.keys.destroy(organization)
    await this.deleteRows(({ key }) => key.partition.startsWith(`${organization}\0`))
    for await (const key of this.blobs.list(`${organization}/`)) await this.blobs.delete(key)
  }

  private async deleteRows(belongs: (entry: Entry) => boolean): Promise<void> {
    let doomed: Key[] = []
    const flush = async () => {
      if (doomed.length > 0)
        await this.metadata.commit(
          doomed.map((key) => ({ op: 'delete' as const, key })),
          randomHex(),
        )
      doomed = []
    }
    for await (const { entry } of this.metadata.scan()) {
      if (!belongs(entry)) continue
      doomed.push(entry.key)
      if (doomed.length === batch) await flush()
    }
    await flush()
  }
}

/** Its files, versions, documents, names and downloads; and the references that its files held, so that their blobs can be collected. The log stays. */
function ofRepository({ key, value }: Entry, organization: string, repository: string): boolean {
  const [org, kind, repo] = key.partition.split('\0')
  if (org !== organization) return false
  if (kind === 'f' || kind === 'v' || kind === 'p' || kind === 'n' || kind === 'g' || kind === 'w' || kind === 'u')
    return repo === repository
  return kind === 'b' && key.path[0] === 'ref' && (value as { readonly repo?: string }).repo === repository
}
