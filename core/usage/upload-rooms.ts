import { unavailable } from '../errors/registry-error.js'
import { randomHex } from '../runtime/identifiers.js'
import type { KeyedQueue } from '../runtime/keyed-queue.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { isLostRace, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Hold } from './allowances.js'
import { limitOf, noRoom, roomLeft } from './quota-room.js'
import type { AllowanceRow, UsageRow } from './usage-rows.js'

const hour = 3_600_000
/** An upload that does not say how long it will be takes this much at once, or this part of what is free, whichever is less. */
const portion = 64 * 1024 ** 2
const part = 64

/** Room under a quota for uploads that come in several requests: an allowance row each, under the upload's id. It stays between two requests, whatever becomes
 *  of the process, and ends with the upload. */
export class UploadRooms {
  constructor(
    private readonly store: MetadataStore,
    private readonly queue: KeyedQueue,
  ) {}

  /** Takes room as the bytes come; `expires` is the upload's own end, in milliseconds since 1970. Shrinking it leaves what is durable where it is. */
  of(org: string, name: string, upload: string, expires: number, exact: boolean): Hold {
    let size = 0
    return {
      get size() {
        return size
      },
      ensure: (bytes) => {
        if (bytes <= size) return undefined
        return this.queue.run([org], async () => {
          size = await this.raise(org, name, upload, bytes, expires, exact)
        })
      },
      shrink: () => {},
    }
  }

  /** The upload is over, and its bytes are gone. */
  async release(org: string, upload: string): Promise<void> {
    await this.queue.run([org], () =>
      this.repeated(async () => {
        const own = await this.store.get(tenantKeys.allowance(org, upload))
        const usage = await this.store.get(tenantKeys.usage(org))
        if (!own || !usage) return
        const { granted, counted } = own.value as AllowanceRow
        const row = usage.value as UsageRow
        const next = asJson({ ...row, reserved: row.reserved - (granted - counted) })
        const gone: Mutation = { op: 'delete', key: own.key, if: seen(own) }
        await this.store.commit([gone, { op: 'put', key: usage.key, value: next, if: seen(usage) }], randomHex())
      }),
    )
  }

  /** To so many bytes or more; answers how many it has. Throws `too-large` with the code `quota`. */
  private raise(org: string, name: string, upload: string, bytes: number, expires: number, exact: boolean): Promise<number> {
    return this.repeated(async () => {
      const key = tenantKeys.allowance(org, upload)
      const [usage, organization, own] = [
        await this.store.get(tenantKeys.usage(org)),
        await this.store.get(tenantKeys.organization(org)),
        await this.store.get(key),
      ]
      if (!usage) throw unavailable('What this organization stores is being counted; send the request again', 30)
      const before = (own?.value as AllowanceRow | undefined) ?? { v: 1, granted: 0, counted: 0, expires: 0 }
      const row = usage.value as UsageRow
      const need = bytes - before.granted
      if (need <= 0) {
        if (before.expires < expires - hour)
          await this.store.commit([{ op: 'put', key, value: asJson({ ...before, expires }), if: seen(own) }], randomHex())
        return before.granted
      }
      const limit = limitOf(organization?.value)
      const rest = await roomLeft(this.store, org, row, limit)
      if (need > rest) throw noRoom(name, limit ?? 0)
      const more = exact ? need : Math.min(rest, Math.max(need, Math.min(portion, Math.floor(rest / part))))
      const allowance: AllowanceRow = { ...before, granted: before.granted + more, expires: Math.max(expires, before.expires) }
      await this.store.commit(
        [
          { op: 'check', key: tenantKeys.organization(org), if: seen(organization) },
          { op: 'put', key: usage.key, value: asJson({ ...row, reserved: row.reserved + more }), if: seen(usage) },
          { op: 'put', key, value: asJson(allowance), if: seen(own) },
        ],
        randomHex(),
      )
      return allowance.granted
    })
  }

  private async repeated<T>(attempt: () => Promise<T>): Promise<T> {
    for (let count = 1; ; count++) {
      try {
        return await attempt()
      } catch (thrown) {
        if (!isLostRace(thrown)) throw thrown
        if (count === 60) throw unavailable('Too many uploads at once; try again', 1, { cause: thrown })
      }
    }
  }
}
