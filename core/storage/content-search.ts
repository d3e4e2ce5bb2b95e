import { artifactRow } from './batch-rows.js'
import { type BlobRow, type DigestRow, row } from './storage-rows.js'
import { StoredArtifact } from './stored-artifact.js'
import type { ArtifactStores } from './stored-artifact-reader.js'
import { tenantKeys } from './tenant-keys.js'

/** So many names of one content are looked at. */
const namesAtMost = 500

/** A file of this organization that has these bytes and that the caller may read; undefined also where others have them. By its digest alone nobody
 *  learns what he could not have read. */
export async function findContent(
  stores: ArtifactStores,
  org: string,
  sha256: string,
  mayRead: (repositoryId: string, path: string) => boolean,
): Promise<StoredArtifact | undefined> {
  for await (const { value } of stores.metadata.range(tenantKeys.digests(org, sha256), {})) {
    const { blob } = row<DigestRow>(value)
    const entry = await stores.metadata.get(tenantKeys.blob(org, blob))
    if (entry === undefined || row<BlobRow>(entry.value).state !== 'live') continue
    const names = stores.metadata.range(tenantKeys.references(org, blob), { prefix: ['ref'], limit: namesAtMost })
    for await (const { value: name } of names) {
      const { repo, path } = name as { readonly repo: string; readonly path: string }
      if (!mayRead(repo, path)) continue
      const standing = await stores.metadata.get(tenantKeys.artifact(org, repo, path))
      const current = standing && (await artifactRow(stores.metadata, org, standing.value))
      if (current?.state === 'present' && current.blob === blob) return new StoredArtifact(stores.blobs, org, path, current)
    }
  }
  return undefined
}
