import { inject, injectable } from 'tsyringe'
import { logMutation } from '../audit/log-row.js'
import { RegistryError } from '../errors/registry-error.js'
import { BoundedMap } from '../runtime/bounded-map.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { Logger } from '../runtime/logger.js'
import { type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'

interface Use {
  readonly listing: Key
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

  /** `listing`: the row that shows when. */
  note(listing: Key): void {
    const now = this.clock.monotonic()
    const token = listing.path.at(-1) ?? ''
    const last = this.noted.get(token)
    if (last !== undefined && now - last < interval) return
    // Left out when the store is slow: the next use after it is written instead.
    if (this.pending.length >= backlog) return
    this.noted.set(token, now)
    this.pending.push({ listing, at: this.clock.now() })
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
        this.log.warn('token.last-use-not-written', { token: use.listing.path.at(-1), cause })
      }
    }
  }

  /** Before the store closes. */
  close(): Promise<void> {
    return this.flush()
  }

  private async write({ listing: key, at }: Use): Promise<void> {
    const entry = await this.store.get(key)
    if (entry === undefined) return
    const before = entry.value as JsonObject
    const value = { ...before, lastUsedAt: at.toISOString() }
    const put: Mutation = { op: 'put', key, value, if: { revision: entry.revision } }
    try {
      await this.store.commit(before['lastUsedAt'] === undefined ? [put, firstUse(key, at, before)] : [put], randomHex())
    } catch (thrown) {
      // Revoked, or written by another process, in the same moment: both say more than we would.
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
}

/** For the log: that a token which was issued is in use, and since when. */
function firstUse({ partition, path }: Key, at: Date, { connection = '' }: JsonObject): Mutation {
  const [org = '', kind, member = ''] = partition.split('\0')
  const id = path.at(-1) ?? ''
  const actor =
    kind === 'm' ? { kind: member.startsWith('s_') ? 'service' : 'member', id: member } : { kind: 'scim', id: String(connection) }
  return logMutation(org, { at, actor: { ...actor, credential: id }, action: 'token.first-use', target: { kind: 'token', id } })
}
