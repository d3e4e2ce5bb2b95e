import { internal, RegistryError, unavailable } from '../../errors/registry-error.js'
import { type Clock, SystemClock } from '../../runtime/clock.js'
import { randomHex } from '../../runtime/identifiers.js'
import { SingleFlight } from '../../runtime/single-flight.js'
import type { Entry, Key, MetadataStore } from '../metadata-store.js'
import { numeral } from '../tenant-keys.js'
import { unwrapKey, wrapContext, wrapKey } from './key-wrap.js'
import type { KeyPurpose, OrganizationKeys, WrappedKey } from './keys.js'
import type { RootKeyContext, RootKeyProvider } from './root-key.js'

const rowGoodFor = 60_000
const keyGoodFor = 900_000

interface ClearKeys {
  readonly byVersion: ReadonlyMap<number, Uint8Array>
  readonly current: number
  /** Revisions of the rows they came from: equal rows need no second unwrapping. */
  readonly rows: string
  readonly openedAt: number
  readAt: number
}

/** The keys of organizations as rows of a store of their own, each version one row `{org} k`; clear in memory for 15 minutes at most. */
export class StoredOrganizationKeys implements OrganizationKeys {
  readonly #clear = new Map<string, ClearKeys>()
  readonly #loading = new SingleFlight<ClearKeys>()
  readonly #sweep: NodeJS.Timeout

  constructor(
    private readonly store: MetadataStore,
    private readonly root: RootKeyProvider,
    private readonly clock: Clock = new SystemClock(),
  ) {
    this.#sweep = setInterval(() => this.forgetOld(), rowGoodFor).unref()
  }

  async create(organizationId: string): Promise<void> {
    await this.#addVersion(organizationId, 1).catch((thrown: unknown) => {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'conflict') throw thrown
    })
  }

  /** A new version wraps from now on; older ones still open. */
  async rotate(organizationId: string): Promise<void> {
    const { current } = await this.#load(organizationId)
    await this.#addVersion(organizationId, current + 1)
    this.#clear.delete(organizationId)
  }

  async wrap(organizationId: string, purpose: KeyPurpose, objectId: string, key: Uint8Array): Promise<WrappedKey> {
    const keys = await this.#keys(organizationId)
    return {
      v: keys.current,
      k: wrapKey(versionOf(keys, keys.current), key, wrapContext(purpose, organizationId, objectId, keys.current)),
    }
  }

  async unwrap(organizationId: string, purpose: KeyPurpose, objectId: string, wrapped: WrappedKey): Promise<Uint8Array> {
    let keys = await this.#keys(organizationId)
    // Another process may have added a version since the rows were read.
    if (wrapped.v > keys.current) keys = await this.#load(organizationId)
    try {
      return unwrapKey(versionOf(keys, wrapped.v), wrapped.k, wrapContext(purpose, organizationId, objectId, wrapped.v))
    } catch (cause) {
      throw cause instanceof RegistryError ? cause : internal(cause)
    }
  }

  async destroy(organizationId: string): Promise<void> {
    const rows = await this.#rows(organizationId)
    for (let at = 0; at < rows.length; at += 100) {
      await this.store.commit(
        rows.slice(at, at + 100).map(({ key }) => ({ op: 'delete', key })),
        randomHex(),
      )
    }
    this.#clear.delete(organizationId)
  }

  /** Brings every key under the current root key; resumable, harmless to repeat. Answers how many were not. */
  async rewrap(): Promise<number> {
    let count = 0
    for await (const { entry } of this.store.scan()) {
      const organizationId = organizationOf(entry.key)
      if (organizationId === undefined) continue
      const before = wrappedIn(entry)
      const wrapped = await this.root.rewrap(contextOf(organizationId, versionIn(entry.key)), before)
      if (wrapped === before) continue
      await this.store.commit(
        [{ op: 'put', key: entry.key, if: { revision: entry.revision }, value: { v: 1, wrapped } }],
        randomHex(),
      )
      count += 1
    }
    return count
  }

  /** Drops clear keys that are past their time and unasked for. */
  forgetOld(): void {
    const now = this.clock.monotonic()
    for (const [organizationId, keys] of this.#clear) if (now - keys.openedAt >= keyGoodFor) this.#clear.delete(organizationId)
  }

  close(): void {
    clearInterval(this.#sweep)
    this.#clear.clear()
  }

  async #addVersion(organizationId: string, version: number): Promise<void> {
    const { wrapped } = await this.#provider(() => this.root.generate(contextOf(organizationId, version)))
    const value = { v: 1, wrapped }
    await this.store.commit([{ op: 'put', key: rowKey(organizationId, version), if: 'absent', value }], randomHex())
  }

  async #keys(organizationId: string): Promise<ClearKeys> {
    const keys = this.#clear.get(organizationId)
    const now = this.clock.monotonic()
    if (keys !== undefined && now - keys.readAt < rowGoodFor && now - keys.openedAt < keyGoodFor) return keys
    return this.#load(organizationId)
  }

  /** Callers that come together wait for one. */
  #load(organizationId: string): Promise<ClearKeys> {
    return this.#loading.run(organizationId, () => this.#read(organizationId))
  }

  async #read(organizationId: string): Promise<ClearKeys> {
    const readAt = this.clock.monotonic()
    const entries = await this.#rows(organizationId)
    const known = this.#clear.get(organizationId)
    if (entries.length === 0) {
      this.#clear.delete(organizationId)
      throw unavailable('The key of the organization is gone', 30)
    }
    const rows = entries.map(({ revision }) => revision).join(' ')
    if (known !== undefined && known.rows === rows && readAt - known.openedAt < keyGoodFor) {
      known.readAt = readAt
      return known
    }
    const byVersion = new Map<number, Uint8Array>()
    for (const entry of entries) {
      const version = versionIn(entry.key)
      byVersion.set(version, await this.#provider(() => this.root.unwrap(contextOf(organizationId, version), wrappedIn(entry))))
    }
    const keys: ClearKeys = { byVersion, current: Math.max(...byVersion.keys()), rows, openedAt: readAt, readAt }
    this.#clear.set(organizationId, keys)
    return keys
  }

  async #rows(organizationId: string): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for await (const entry of this.store.range(`${organizationId}\0k`, {})) entries.push(entry)
    return entries
  }

  async #provider<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      throw unavailable('The root key is out of reach', 30, { cause })
    }
  }
}

function versionOf(keys: ClearKeys, version: number): Uint8Array {
  const key = keys.byVersion.get(version)
  if (key === undefined) throw unavailable('That version of the key of the organization is gone', 30)
  return key
}

function wrappedIn(entry: Entry): string {
  return (entry.value as { readonly wrapped: string }).wrapped
}

function rowKey(organizationId: string, version: number): Key {
  return { partition: `${organizationId}\0k`, path: [numeral(version)] }
}

function versionIn(key: Key): number {
  return Number(key.path[0])
}

function organizationOf(key: Key): string | undefined {
  return key.partition.endsWith('\0k') ? key.partition.slice(0, -2) : undefined
}

function contextOf(organizationId: string, version: number): RootKeyContext {
  return { purpose: 'organization', organizationId, version }
}
