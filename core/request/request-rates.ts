import { inject, injectable } from 'tsyringe'
import { sourceOf } from '../auth/client-address.js'
import { type Principal, principalId } from '../auth/principal.js'
import { throttled } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { Limits } from '../runtime/limits.js'

/** What costs so much that one caller gets only so many in a time; `scim`: requests of an identity provider. */
export type Rate = 'search' | 'audit' | 'scim'

/** So that four seconds' worth may come at once. */
const scimWindow = 4_000
/** Callers that are remembered. */
const callers = 10_000

/** Requests of one caller within a window, in this process (security guide 3.7): by principal, of strangers by address, of an identity provider by
 *  its connection, whichever of its tokens it uses. */
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
    const { most, window, words } = this.window(rate)
    const now = this.clock.monotonic()
    const key = `${rate} ${organizationId} ${callerOf(principal, address)}`
    const recent = (this.seen.get(key) ?? []).filter((at) => at > now - window)
    if (recent.length >= most) {
      const wait = Math.max(1, Math.ceil(((recent.at(-most) ?? now) + window - now) / 1_000))
      throw throttled(words, wait)
    }
    this.seen.set(key, [...recent, now])
  }

  /** So many more, in one request that was let in: each at the time that it would have had to come by itself. */
  charge(rate: Rate, organizationId: string, principal: Principal, address: string, count: number): void {
    const { most, window } = this.window(rate)
    const now = this.clock.monotonic()
    const key = `${rate} ${organizationId} ${callerOf(principal, address)}`
    const recent = (this.seen.get(key) ?? []).filter((at) => at > now - window)
    const from = Math.max(now, recent.at(-1) ?? now)
    const free = Math.max(0, most - recent.length)
    const times = Array.from({ length: count }, (_, at) => from + (Math.max(0, at + 1 - free) * window) / most)
    this.seen.set(key, [...recent, ...times])
  }

  private window(rate: Rate) {
    if (rate === 'scim') {
      const most = (this.limits.scimRequestsPerSecond * scimWindow) / 1_000
      return { most, window: scimWindow, words: `At most ${most} requests in ${scimWindow / 1_000} seconds` }
    }
    const { searchesPerMinute, auditsPerMinute } = this.limits
    const [most, what] = rate === 'search' ? [searchesPerMinute, 'searches'] : [auditsPerMinute, 'audits']
    return { most, window: 60_000, words: `At most ${most} ${what} a minute` }
  }
}

function callerOf(principal: Principal, address: string): string {
  if (principal.kind === 'anonymous') return sourceOf(address)
  return principal.kind === 'scim' ? principal.connection : principalId(principal)
}
