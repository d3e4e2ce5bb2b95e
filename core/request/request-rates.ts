import { inject, injectable } from 'tsyringe'
import { sourceOf } from '../auth/client-address.js'
import { type Principal, principalId } from '../auth/principal.js'
import { throttled } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { Limits } from '../runtime/limits.js'

/** What costs so much that one caller gets only so many a minute. */
export type Rate = 'search'

const window = 60_000
/** Callers that are remembered. */
const callers = 10_000

/** Requests of one caller within the last minute, in this process (security guide 3.7): by principal, of strangers by address. */
@injectable()
export class RequestRates {
  /** When the last ones came, oldest first; monotonic. */
  private readonly seen = new BoundedMap<string, readonly number[]>(callers)

  constructor(
    @inject(Limits) private readonly limits: Limits,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Counts one before anything is done for it; what is refused does not count. Throws `throttled`. */
  spend(rate: Rate, organizationId: string, principal: Principal, address: string): void {
    const most = this.limits.searchesPerMinute
    const now = this.clock.monotonic()
    const who = principal.kind === 'anonymous' ? sourceOf(address) : principalId(principal)
    const key = `${rate} ${organizationId} ${who}`
    const recent = (this.seen.get(key) ?? []).filter((at) => at > now - window)
    if (recent.length >= most) {
      const wait = Math.max(1, Math.ceil(((recent[0] ?? now) + window - now) / 1_000))
      throw throttled(`At most ${most} searches a minute`, wait)
    }
    this.seen.set(key, [...recent, now])
  }
}
