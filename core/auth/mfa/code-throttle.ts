import { inject, injectable } from 'tsyringe'
import { throttled } from '../../errors/registry-error.js'
import { Clock } from '../../runtime/clock.js'
import type { Key } from '../../storage/metadata-store.js'
import { tenantKeys } from '../../storage/tenant-keys.js'
import { counterHash, delayAfter, FailureCounters } from '../failure-counters.js'

const free = 5
const window = 5 * 60 * 1_000

/** Wrong one-time codes of one member: five within five minutes, then each waits longer. Those who come from places that the member is known at are
 *  counted apart, so that somebody else with the password does not keep the member out. */
@injectable()
export class CodeThrottle {
  constructor(
    @inject(FailureCounters) private readonly counters: FailureCounters,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Throws `throttled`, before a code is looked at. */
  async check(org: string, member: string, known: boolean): Promise<void> {
    const failures = await this.counters.read(keyOf(org, member, known))
    const now = this.clock.now().getTime()
    const ready = failures === undefined ? 0 : failures.last + delayAfter(failures.count, free) * 1_000
    if (now < ready) throw throttled('Too many wrong one-time codes', Math.ceil((ready - now) / 1_000))
  }
  async failed(org: string, member: string, known: boolean): Promise<void> {
    await this.counters.add([{ key: keyOf(org, member, known), life: (_, now) => now + window }])
  }
  succeeded(org: string, member: string, known: boolean): Promise<void> {
    return this.counters.forget(keyOf(org, member, known))
  }
}

function keyOf(org: string, member: string, known: boolean): Key {
  return tenantKeys.secret(org, counterHash(known ? 'code' : 'code of a stranger', member), 'failures')
}
