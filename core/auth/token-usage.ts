import { inject, injectable } from 'tsyringe'
import { RegistryError } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { readTokenListing } from './token-rows.js'

interface Use {
  readonly org: string
  readonly member: string
  readonly token: string
  readonly at: Date
}

const interval = 60_000
const delay = 5_000
const backlog = 1_000

/** When a token was last used: written behind, at most once a minute for each, and never in the way of a request. */
@injectable()
export class TokenUsage {
  private readonly noted = new BoundedMap<string, number>(20_000)
  private pending: Use[] = []
  private timer: NodeJS.Timeout | undefined

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {}

  note(org: string, member: string, token: string): void {
    const now = this.clock.monotonic()
    const last = this.noted.get(token)
    if (last !== undefined && now - last < interval) return
    // Left out when the store is slow: the next use after it is written instead.
    if (this.pending.length >= backlog) return
    this.noted.set(token, now)
    this.pending.push({ org, member, token, at: this.clock.now() })
    this.timer ??= setTimeout(() => void this.flush(), delay).unref()
  }

  /** Writes what is noted. A failure is logged: no request depends on it. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const uses = this.pending
    this.pending = []
    for (const use of uses) {
      try {
        await this.write(use)
      } catch (cause) {
        this.log.warn('token.last-use-not-written', { token: use.token, cause })
      }
    }
  }

  /** Before the store closes. */
  close(): Promise<void> {
    return this.flush()
  }

  private async write({ org, member, token, at }: Use): Promise<void> {
    const key = tenantKeys.memberToken(org, member, token)
    const entry = await this.store.get(key)
    if (entry === undefined) return
    const value = { ...readTokenListing(entry), lastUsedAt: at.toISOString() }
    try {
      await this.store.commit([{ op: 'put', key, value, if: { revision: entry.revision } }], randomHex())
    } catch (thrown) {
      // Revoked, or written by another process, in the same moment: both say more than we would.
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
}
