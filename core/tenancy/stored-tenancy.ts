import { createHash } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { AccessEpoch } from './access-epoch.js'
import { organizationName } from './organization.js'
import { readHost, readOrganizationName } from './organization-rows.js'
import type { Repository } from './repository.js'
import type { Tenancy, Tenant } from './tenancy.js'
import { TenantSnapshot } from './tenant-snapshot.js'

interface Known {
  readonly epoch: string
  /** Monotonic, when this process first met the epoch. */
  readonly since: number
  snapshot?: TenantSnapshot
  loading?: Promise<TenantSnapshot | undefined>
}

/** How long rows are not kept after an epoch was first met. In a store that applies a commit item by item, one may read the new epoch
 *  while a row beside it still reads as before; kept, it would outlive the commit that revoked it. */
const settling = 1_000

/** Names to ids, ids to snapshots, each good under exactly the epoch that one strong read has just given. */
@injectable()
export class StoredTenancy implements Tenancy {
  private readonly ids = new BoundedMap<string, string>(10_000)
  private readonly known = new BoundedMap<string, Known>(1_000)

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(AccessEpoch) private readonly epochs: AccessEpoch,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async open(name: string): Promise<Tenant> {
    const known = this.ids.get(name)
    if (known !== undefined) {
      const tenant = await this.current(known, name)
      if (tenant.organization.name === name && tenant.exists) return tenant
      // Removed since, or renamed: the name may mean another organization by now.
      this.ids.delete(name)
    }
    const row = organizationName.test(name) ? await this.store.get(tenantKeys.organizationName(name)) : undefined
    if (row === undefined) return this.current(absentId(name), name)
    const id = readOrganizationName(row)
    const tenant = await this.current(id, name)
    if (tenant.exists) this.ids.set(name, id)
    return tenant
  }

  openById(id: string): Promise<Tenant> {
    return this.current(id, '')
  }

  async findHost(host: string): Promise<{ readonly tenant: Tenant; readonly repository: Repository } | undefined> {
    const row = await this.store.get(tenantKeys.host(host))
    if (row === undefined) return undefined
    const found = readHost(row)
    const tenant = await this.openById(found.organization)
    const repository = tenant.findRepositoryById(found.repository)
    return repository?.host === host ? { tenant, repository } : undefined
  }

  private async current(id: string, name: string): Promise<Tenant> {
    const epoch = await this.epochs.read(id)
    const now = this.clock.monotonic()
    let known = this.known.get(id)
    if (known?.epoch !== epoch) {
      known = { epoch, since: now }
      // What does not exist is not kept: anybody may ask for any name.
      if (epoch !== '') this.known.set(id, known)
    }
    if (known.snapshot !== undefined) return known.snapshot
    if (epoch === '') return TenantSnapshot.empty(this.store, id, name)
    const snapshot = now - known.since < settling ? await this.load(id, epoch) : await this.loadOnce(id, known)
    return snapshot ?? TenantSnapshot.empty(this.store, id, name)
  }

  private loadOnce(id: string, known: Known): Promise<TenantSnapshot | undefined> {
    known.loading ??= this.load(id, known.epoch)
      .then((snapshot) => {
        // Under another epoch than asked for: right for these callers, and the next one reads the epoch anyway.
        if (snapshot?.epoch === known.epoch) known.snapshot = snapshot
        return snapshot
      })
      .finally(() => {
        delete known.loading
      })
    return known.loading
  }

  /** All of it from one moment: read again where the epoch moved meanwhile. */
  private async load(id: string, epoch: string): Promise<TenantSnapshot | undefined> {
    let before = epoch
    for (let attempt = 1; ; attempt += 1) {
      const snapshot = await TenantSnapshot.load(this.store, id, before)
      const after = await this.epochs.read(id)
      if (after === before || attempt === 5) return snapshot
      before = after
    }
  }
}

/** Always the same for a name, and no organization's: real ids are random. */
function absentId(name: string): string {
  return `o_${createHash('sha256').update(`absent\0${name}`).digest('hex').slice(0, 20)}`
}
