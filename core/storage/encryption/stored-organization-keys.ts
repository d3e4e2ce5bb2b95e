import { unavailable } from '../../errors/registry-error.js'
import type { Clock } from '../../runtime/clock.js'
import { randomHex } from '../../runtime/identifiers.js'
import { SingleFlight } from '../../runtime/single-flight.js'
import type { Key, MetadataStore } from '../metadata-store.js'
import { numeral } from '../tenant-keys.js'
import type { KeyPurpose, OrganizationKeys, WrappedKey } from './keys.js'
import { openWrapped, type RootKeyProvider, sealKey } from './root-key.js'

/** A clear key is looked for in its row again after so long: a destroyed one is out of use everywhere within a minute. */
const rowFor = 60_000
/** And is in memory no longer than this without being unwrapped anew. */
const clearFor = 15 * 60_000

interface Held {
  readonly clear: ReadonlyMap<number, Uint8Array>
  readonly wrapped: ReadonlyMap<number, string>
  readonly current: number
  readonly unwrappedAt: number
  readonly lookedAt: number
}

const partition = (organizationId: string) => [organizationId, 'k'].join('\0')
const rowKey = (organizationId: string, version: number): Key => ({
  partition: partition(organizationId),
  path: [numeral(version)],
})

/** Organization keys in rows of a store of their own, wrapped by the root key. */
export class StoredOrganizationKeys implements OrganizationKeys {
  private readonly held = new Map<string, Held>()
  private readonly loading = new SingleFlight<Held>()

  constructor(
    private readonly store: MetadataStore,
    private readonly rootKey: RootKeyProvider,
    private readonly clock: Clock,
  ) {}

  async create(organizationId: string): Promise<void> {
    if ((await this.rows(organizationId)).size > 0) return
    const { wrapped } = await this.rootKey.generate({ purpose: 'organization', organizationId, version: 1 })
    await this.store.commit([{ op: 'put', key: rowKey(organizationId, 1), value: { v: 1, wrapped }, if: 'absent' }], randomHex())
  }

  async wrap(organizationId: string, purpose: KeyPurpose, objectId: string, key: Uint8Array): Promise<WrappedKey> {
    const { clear, current } = await this.keysOf(organizationId)
    const by = clear.get(current)
    if (!by) throw gone()
    return { v: current, k: sealKey(by, aad(purpose, organizationId, objectId, current), key).toString('base64') }
  }

  async unwrap(organizationId: string, purpose: KeyPurpose, objectId: string, { v, k }: WrappedKey): Promise<Uint8Array> {
    const by = (await this.keysOf(organizationId)).clear.get(v)
    if (!by) throw gone()
    return openWrapped(by, aad(purpose, organizationId, objectId, v), Buffer.from(k, 'base64'))
  }

  async destroy(organizationId: string): Promise<void> {
    const versions = [...(await this.rows(organizationId)).keys()]
    this.held.delete(organizationId)
    if (versions.length === 0) return
    await this.store.commit(
      versions.map((version) => ({ op: 'delete' as const, key: rowKey(organizationId, version) })),
      randomHex(),
    )
  }

  private async keysOf(organizationId: string): Promise<Held> {
    const held = this.held.get(organizationId)
    if (held && this.clock.monotonic() - held.lookedAt < rowFor) return held
    return this.loading.run(organizationId, () => this.load(organizationId, held))
  }

  private async load(organizationId: string, before: Held | undefined): Promise<Held> {
    const wrapped = await this.rows(organizationId)
    const now = this.clock.monotonic()
    if (wrapped.size === 0) {
      this.held.delete(organizationId)
      throw gone()
    }
    const fresh = before !== undefined && now - before.unwrappedAt < clearFor
    const clear = new Map<number, Uint8Array>()
    for (const [version, text] of wrapped) {
      const known = fresh && before.wrapped.get(version) === text ? before.clear.get(version) : undefined
      clear.set(version, known ?? (await this.rootKey.unwrap({ purpose: 'organization', organizationId, version }, text)))
    }
    const next: Held = {
      clear,
      wrapped,
      current: Math.max(...wrapped.keys()),
      unwrappedAt: fresh ? before.unwrappedAt : now,
      lookedAt: now,
    }
    this.held.set(organizationId, next)
    return next
  }

  private async rows(organizationId: string): Promise<ReadonlyMap<number, string>> {
    const rows = new Map<number, string>()
    for await (const { key, value } of this.store.range(partition(organizationId), {}))
      rows.set(Number(key.path[0]), (value as { readonly wrapped: string }).wrapped)
    return rows
  }
}

function aad(purpose: KeyPurpose, organizationId: string, objectId: string, version: number): Buffer {
  return Buffer.from(`${purpose}|${organizationId}|${objectId}|${version}`)
}

function gone() {
  return unavailable('The key of this content is out of reach', 60)
}
