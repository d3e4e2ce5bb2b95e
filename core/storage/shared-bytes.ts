import { inject, injectable } from 'tsyringe'
import { MetadataStore } from './metadata-store.js'
import { type DigestRow, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'

const pathsAtMost = 20_000

/** Where the same bytes lie, from the rows that let uploads share them. */
@injectable()
export class SharedBytes {
  constructor(@inject(MetadataStore) private readonly metadata: MetadataStore) {}

  /** Paths of one repository that hold these bytes, or held them a while ago, in order. */
  async pathsOf(organizationId: string, repositoryId: string, sha256: string): Promise<readonly string[]> {
    const paths = new Set<string>()
    const { partition } = tenantKeys.digest(organizationId, sha256, 0)
    for await (const { value } of this.metadata.range(partition, {})) {
      const { blob } = row<DigestRow>(value)
      const references = this.metadata.range(tenantKeys.references(organizationId, blob), { prefix: ['ref'], limit: pathsAtMost })
      for await (const reference of references) {
        const { repo, path } = reference.value as { readonly repo: string; readonly path: string }
        if (repo === repositoryId) paths.add(path)
      }
    }
    return [...paths].sort()
  }
}
