import { inject, injectable } from 'tsyringe'
import { unavailable } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { isLostRace, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { limitOf, noRoom, roomLeft } from './quota-room.js'
import { UploadRooms } from './upload-rooms.js'
import type { AllowanceRow, UsageRow } from './usage-rows.js'

const minute = 60_000
const life = 10 * minute
const renewal = 4 * minute
/** A process takes this much at once, or this part of what is free, whichever is less; and never less than an upload needs. */
const portion = 256 * 1024 ** 2
const part = 64

/** What this process may still hand out in one organization. `granted` and `spent` count from the beginning. */
interface Account {
  readonly org: string
  readonly name: string
  id: string
  granted: number
  spent: number
  held: number
  /** Monotonic. */
  renewed: number
  touched: number
}

/** Room under an organization's quota, held for one upload while its bytes come in. */
export interface Hold {
  readonly size: number
  /** Throws `too-large` with the code `quota` where the quota has no room for so many bytes. */
  ensure(bytes: number): Promise<void> | undefined
  /** Down to so many bytes; to none when the upload is over. */
  shrink(bytes: number): void
}
/** Room for a commit; its id goes into the log row, by which the bytes are counted. */
export interface Spending {
  readonly id: string
  /** The commit stands, or may stand. */
  spend(): void
  /** It does not. */
  release(): void
  /** It stood, and was taken back before it was counted. */
  refund(): void
}

/** Quotas: an upload takes room from what this process was granted, in memory; a grant is one conditional commit, so that what is used and what is
 *  granted never pass the limit together, over all processes. Only organizations with a quota come here. */
@injectable()
export class Allowances {
  private readonly accounts = new Map<string, Account>()
  private readonly queue = new KeyedQueue()
  private timer: NodeJS.Timeout | undefined
  /** What resumable uploads take, which outlives this process. */
  readonly uploads: UploadRooms

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {
    this.uploads = new UploadRooms(store, this.queue)
  }

  /** `name` is the organization's, for the words of a refusal. */
  hold(org: string, name: string): Hold {
    return this.holdOf(this.account(org, name), 0)
  }

  private holdOf(account: Account, held: number): Hold {
    let size = held
    const take = (more: number) => {
      account.held += more
      size += more
      account.touched = this.clock.monotonic()
    }
    return {
      get size() {
        return size
      },
      ensure: (bytes) => {
        const more = bytes - size
        if (more <= 0) return undefined
        if (this.usable(account) && free(account) >= more) return void take(more)
        return this.draw(account, more, () => take(more))
      },
      shrink: (bytes) => {
        if (bytes >= size) return
        account.held -= size - bytes
        size = bytes
      },
    }
  }

  /** The room of resumable uploads becomes this process's own, all of it in one hold, before anybody else can take it. */
  async adopt(org: string, name: string, uploads: readonly string[]): Promise<Hold> {
    const account = this.account(org, name)
    let held = 0
    for (const upload of uploads) held += await this.queue.run([org], () => this.adoptOne(account, upload))
    return this.holdOf(account, held)
  }

  private async adoptOne(account: Account, upload: string): Promise<number> {
    const { org } = account
    for (let attempt = 1; ; attempt++) {
      const begun = this.clock.monotonic()
      const [theirs, own] = [
        await this.store.get(tenantKeys.allowance(org, upload)),
        await this.store.get(tenantKeys.allowance(org, account.id)),
      ]
      if (!theirs) return 0
      if (!own && account.granted > 0) this.renew(account)
      const { granted, counted } = theirs.value as AllowanceRow
      const room = granted - counted
      const before = own?.value as AllowanceRow | undefined
      const row: AllowanceRow = {
        v: 1,
        granted: account.granted + room,
        counted: before?.counted ?? 0,
        expires: this.clock.now().getTime() + life,
      }
      try {
        await this.store.commit(
          [
            { op: 'delete', key: theirs.key, if: seen(theirs) },
            { op: 'put', key: tenantKeys.allowance(org, account.id), value: asJson(row), if: seen(own) },
          ],
          randomHex(),
        )
        account.granted += room
        account.held += room
        account.renewed = begun
        account.touched = begun
        return room
      } catch (thrown) {
        if (!isLostRace(thrown) || attempt === 60) throw thrown
      }
    }
  }

  /** For a commit of `bytes`, part of which uploads hold already. */
  async cover(org: string, name: string, bytes: number, holds: readonly Hold[]): Promise<Spending> {
    const account = this.account(org, name)
    const extra = this.hold(org, name)
    await extra.ensure(Math.max(0, bytes - holds.reduce((sum, { size }) => sum + size, 0)))
    if (!this.usable(account) || free(account) < 0) await this.draw(account, 0, () => {})
    const { id } = account
    return {
      id,
      spend: () => {
        for (const hold of holds) hold.shrink(0)
        extra.shrink(0)
        if (account.id === id) account.spent += bytes
      },
      release: () => extra.shrink(0),
      refund: () => {
        if (account.id === id) account.spent -= bytes
      },
    }
  }

  start(): void {
    this.timer = setInterval(() => void this.tend(), minute).unref()
  }

  /** Gives back what nobody used. */
  async close(): Promise<void> {
    clearInterval(this.timer)
    for (const account of this.accounts.values()) {
      account.held = 0
      await this.giveBack(account)
    }
  }

  /** Allowances in use are renewed; one that nobody touched for a minute goes back. */
  async tend(): Promise<void> {
    const now = this.clock.monotonic()
    for (const account of this.accounts.values()) {
      const idle = now - account.touched >= minute
      if (idle) await this.giveBack(account)
      if ((account.held > 0 || !idle) && now - account.renewed >= renewal)
        await this.draw(account, 0, () => {}, true).catch((cause: unknown) => this.log.warn('allowance.not-renewed', { cause }))
    }
  }

  private account(org: string, name: string): Account {
    let account = this.accounts.get(org)
    if (!account) {
      account = { org, name, id: randomHex(8), granted: 0, spent: 0, held: 0, renewed: Number.NEGATIVE_INFINITY, touched: 0 }
      this.accounts.set(org, account)
    }
    return account
  }

  /** Whoever cleans up takes an allowance away only after its end. */
  private usable({ renewed }: Account): boolean {
    return this.clock.monotonic() - renewed < life - minute
  }

  /** It ran out while this process stood still, and what it had spent has been counted. */
  private renew(account: Account): void {
    Object.assign(account, { id: randomHex(8), granted: 0, spent: 0, renewed: Number.NEGATIVE_INFINITY })
  }

  /** Calls `take` as soon as so many bytes are free of the account; one draw at a time for each organization. */
  private draw(account: Account, more: number, take: () => void, renew = false): Promise<void> {
    return this.queue.run([account.org], async () => {
      for (let attempt = 1; ; attempt++) {
        // Asked in one go with taking it: others take what is free without a draw.
        if (this.usable(account) && free(account) >= more && !(renew && attempt === 1)) return take()
        try {
          await this.grant(account, more)
        } catch (thrown) {
          if (!isLostRace(thrown)) throw thrown
          if (attempt === 60) throw unavailable('Too many uploads at once; try again', 1, { cause: thrown })
        }
      }
    })
  }

  private async grant(account: Account, more: number): Promise<void> {
    const { org } = account
    const begun = this.clock.monotonic()
    const key = tenantKeys.allowance(org, account.id)
    const [usage, organization, own] = [
      await this.store.get(tenantKeys.usage(org)),
      await this.store.get(tenantKeys.organization(org)),
      await this.store.get(key),
    ]
    if (!usage) throw unavailable('What this organization stores is being counted; send the request again', 30)
    if (!own && account.granted > 0) {
      this.renew(account)
      return this.grant(account, more)
    }
    const row = usage.value as UsageRow
    const before = own?.value as AllowanceRow | undefined
    const need = Math.max(0, more - free(account))
    const limit = limitOf(organization?.value)
    const rest = await roomLeft(this.store, org, row, limit)
    if (need > rest) throw noRoom(account.name, limit ?? 0)
    const wish = more === 0 ? 0 : Math.min(portion, Math.floor(rest / part))
    const granted = account.granted + Math.min(rest, Math.max(need, wish))
    const reserved = row.reserved + granted - (before?.granted ?? 0)
    const allowance: AllowanceRow = {
      v: 1,
      granted,
      counted: before?.counted ?? 0,
      expires: this.clock.now().getTime() + life,
    }
    await this.store.commit(
      [
        { op: 'check', key: tenantKeys.organization(org), if: seen(organization) },
        { op: 'put', key: usage.key, value: asJson({ ...row, reserved }), if: seen(usage) },
        { op: 'put', key, value: asJson(allowance), if: seen(own) },
      ],
      randomHex(),
    )
    account.granted = granted
    account.renewed = begun
  }

  private async giveBack(account: Account): Promise<void> {
    const { org } = account
    if (free(account) <= 0) return
    await this.queue
      .run([org], async () => {
        const [usage, own] = [
          await this.store.get(tenantKeys.usage(org)),
          await this.store.get(tenantKeys.allowance(org, account.id)),
        ]
        const over = free(account)
        if (!usage || !own || over <= 0) return
        const row = usage.value as UsageRow
        const before = own.value as AllowanceRow
        // First in memory: nobody takes it while it is on its way back.
        account.granted -= over
        try {
          await this.store.commit(
            [
              { op: 'put', key: usage.key, value: asJson({ ...row, reserved: row.reserved - over }), if: seen(usage) },
              { op: 'put', key: own.key, value: asJson({ ...before, granted: before.granted - over }), if: seen(own) },
            ],
            randomHex(),
          )
        } catch (thrown) {
          if (!isLostRace(thrown)) throw thrown
          account.granted += over
        }
      })
      .catch((cause: unknown) => this.log.warn('allowance.not-given-back', { cause }))
  }
}

function free({ granted, spent, held }: Account): number {
  return granted - spent - held
}
