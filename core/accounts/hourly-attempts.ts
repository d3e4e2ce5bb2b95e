import { createHash } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { z } from 'zod'
import { sourceOf } from '../auth/client-address.js'
import { type RegistryError, throttled } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { type Entry, type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** `. t {hash} failures`, as guesses at passwords are counted. Times in milliseconds. */
const countRow = z.object({ v: z.literal(1), count: z.number(), from: z.number(), last: z.number(), until: z.number() })
type Count = z.infer<typeof countRow>

const hour = 3_600_000
const races = 5

/** What one address may do so often in an hour, counted in rows: the same in every process. */
@injectable()
export class HourlyAttempts {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Throws `throttled` where the address has had its share. */
  async hold(what: string, address: string, most: number): Promise<void> {
    const now = this.clock.now().getTime()
    const count = current(await this.store.get(keyOf(what, address)), now)
    if (count !== undefined && count.count >= most) throw tooMany(count, now)
  }

  /** Counts one, in one commit with these mutations. Throws `throttled` instead, and nothing is written. */
  async spend(what: string, address: string, most: number, mutations: readonly Mutation[] = []): Promise<void> {
    const key = keyOf(what, address)
    for (let race = 1; race <= races; race += 1) {
      const now = this.clock.now().getTime()
      const entry = await this.store.get(key)
      const before = current(entry, now)
      if (before !== undefined && before.count >= most) throw tooMany(before, now)
      const value: Count = {
        v: 1,
        count: (before?.count ?? 0) + 1,
        from: before?.from ?? now,
        last: now,
        until: before?.until ?? now + hour,
      }
      if (await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: seen(entry) }, ...mutations])) return
    }
    // Only a flood from one address loses so often.
    throw throttled('Too many attempts at the same moment', 1)
  }
}

function keyOf(what: string, address: string): Key {
  const hash = createHash('sha256')
    .update(`${what}\0${sourceOf(address)}`)
    .digest('hex')
  return tenantKeys.secret('.', hash, 'failures')
}
function current(entry: Entry | undefined, now: number): Count | undefined {
  const parsed = entry && countRow.safeParse(entry.value)
  return parsed?.success && now < parsed.data.until ? parsed.data : undefined
}
function tooMany({ until }: Count, now: number): RegistryError {
  return throttled('Too many attempts from this address', Math.max(1, Math.ceil((until - now) / 1_000)))
}
