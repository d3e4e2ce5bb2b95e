import { logMutation } from '../audit/log-row.js'
import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { BlobStore } from '../storage/blob-store.js'
import type { OrganizationKeys } from '../storage/encryption/keys.js'
import type { Entry, Key, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { readDeletedRepository } from './organization-rows.js'
import type { Tenancy } from './tenancy.js'

const batch = 90

/** Until it is looked at again, in milliseconds: while nothing may be removed, or it may come back. */
const later = 3_600_000

export interface RemovalParts {
  readonly metadata: MetadataStore
  readonly blobs: BlobStore
  readonly keys: OrganizationKeys
  readonly tenancy: Tenancy
  readonly clock: Clock
  /** Is nothing to be removed here for now: a clock that was moved, a restore that is open, an organization or instance that is read-only? */
  rests(organizationId: string): Promise<boolean>
}

/** What lies behind after a repository or an organization has vanished by one row: taken away ten minutes later, and again after a day, late commits
 *  included (architecture guide, part b); of a repository, once nobody can bring it back. Ids are never used twice, so nothing of anybody else can
 *  be met. */
export class Removal {
  constructor(private readonly parts: RemovalParts) {}

  /** `repository` is '-' where the whole organization went. Does nothing while it stands. When to look again, where it is too early. */
  async sweep(organization: string, repository: string): Promise<Date | undefined> {
    const { tenancy, keys, blobs } = this.parts
    const tenant = await tenancy.openById(organization)
    if (repository !== '-') {
      if (tenant.findRepositoryById(repository) !== undefined) return undefined
      const again = await this.giveUp(organization, repository)
      if (again === undefined) await this.deleteRows((entry) => ofRepository(entry, organization, repository))
      return again
    }
    if (tenant.exists) return undefined
    await keys.destroy(organization)
    await this.deleteRows(({ key }) => key.partition.startsWith(`${organization}\0`))
    for await (const key of blobs.list(`${organization}/`)) await blobs.delete(key)
    return undefined
  }

  /** For whoever has something to do in a repository that is not there: when to ask again, where it may come back; undefined where it never does. */
  async mayReturn(organization: string, repository: string): Promise<Date | undefined> {
    const kept = await this.parts.metadata.get(tenantKeys.deletedRepository(organization, repository))
    return kept && this.inAWhile()
  }

  /** From here on nobody can bring it back: it is decided in one commit, before anything of it goes. When to look again, where it is too early. */
  private async giveUp(organization: string, repository: string): Promise<Date | undefined> {
    const { metadata, clock } = this.parts
    const kept = await metadata.get(tenantKeys.deletedRepository(organization, repository))
    if (!kept) return undefined
    const { purgeAfter } = readDeletedRepository(kept)
    const now = clock.now()
    if (purgeAfter > now || (await this.parts.rests(organization))) return this.inAWhile()
    const log = logMutation(organization, {
      at: now,
      actor: { kind: 'house', id: 'removal' },
      action: 'repository.purge',
      target: { kind: 'repository', id: repository },
    })
    const over: Mutation = { op: 'delete', key: kept.key, if: { revision: kept.revision } }
    return (await commitUnlessMoved(metadata, [over, log])) ? undefined : this.inAWhile()
  }

  private inAWhile(): Date {
    return new Date(this.parts.clock.now().getTime() + later)
  }

  private async deleteRows(belongs: (entry: Entry) => boolean): Promise<void> {
    let doomed: Key[] = []
    const flush = async () => {
      if (doomed.length > 0)
        await this.parts.metadata.commit(
          doomed.map((key) => ({ op: 'delete' as const, key })),
          randomHex(),
        )
      doomed = []
    }
    for await (const { entry } of this.parts.metadata.scan()) {
      if (!belongs(entry)) continue
      doomed.push(entry.key)
      if (doomed.length === batch) await flush()
    }
    await flush()
  }
}

/** Its files, versions, documents, names, downloads and rules; and the references that its files held, so that their blobs can be collected. The log stays. */
function ofRepository({ key, value }: Entry, organization: string, repository: string): boolean {
  const [org, kind, repo] = key.partition.split('\0')
  if (org !== organization) return false
  if (kind === 'f' || kind === 'v' || kind === 'p' || kind === 'n' || kind === 'g' || kind === 'w' || kind === 'u')
    return repo === repository
  const [what, of] = key.path
  if (kind === 'o') return (what === 'cleanup' || what === 'reindex') && of === repository
  return kind === 'b' && key.path[0] === 'ref' && (value as { readonly repo?: string }).repo === repository
}
