import { inject, injectable } from 'tsyringe'
import { sourceOf } from '../auth/client-address.js'
import { counterHash, FailureCounters, type Failures } from '../auth/failure-counters.js'
import { type RegistryError, throttled } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import type { Key, Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'

const hour = 3_600_000

/** What one address may do so often in an hour, counted in rows: the same in every process. */
@injectable()
export class HourlyAttempts {
  constructor(
    @inject(FailureCounters) private readonly counters: FailureCounters,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Throws `throttled` where the address has had its share. */
  async hold(what: string, address: string, most: number): Promise<void> {
    const count = await this.counters.read(keyOf(what, address))
    if (count !== undefined && count.count >= most) throw this.tooMany(count)
  }

  /** Counts one, in one commit with these mutations. Throws `throttled` instead, and nothing is written. */
  async spend(what: string, address: string, most: number, mutations: readonly Mutation[] = []): Promise<void> {
    await this.hold(what, address, most)
    const key = keyOf(what, address)
    const life = (before: Failures | undefined, now: number) => before?.until ?? now + hour
    const counted = await this.counters.add([{ key, life }], ([count = 0]) => {
      if (count > most) throw throttled('Too many attempts from this address', 1)
      return mutations
    })
    // Only a flood from one address loses each time.
    if (!counted) throw throttled('Too many attempts at the same moment', 1)
  }

  private tooMany({ until }: Failures): RegistryError {
    const seconds = Math.ceil((until - this.clock.now().getTime()) / 1_000)
    return throttled('Too many attempts from this address', Math.max(1, seconds))
  }
}

function keyOf(what: string, address: string): Key {
  return tenantKeys.secret('.', counterHash(what, sourceOf(address)), 'failures')
}
