import { inject, injectable } from 'tsyringe'
import { z } from 'zod'
import { logMutation } from '../audit/log-row.js'
import { throttled } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { type Key, MetadataStore } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { sourceOf } from './client-address.js'
import { type Counter, counterHash, delayAfter, FailureCounters, type Failures } from './failure-counters.js'

/** The login that is being tried; `org` is '.' for an organization that does not exist, so that none of its rows are made. */
export interface Account {
  readonly org: string
  readonly login: string
}
/** Whence it is tried: an address, and the secret of a browser that has been here before. */
export interface Place {
  readonly address: string
  readonly device?: string | undefined
  /** By a session: who is in already, and shows the password once more, is known. */
  readonly inside?: boolean
}
/** `known`: this account has been entered from there within 30 days. `attacked`: more than a hundred failures, wherever they came from, since anybody
 *  got in. */
export interface Standing {
  readonly known: boolean
  readonly attacked: boolean
}

const knownRow = z.object({ v: z.literal(1), until: z.number() })

const free = 10
const attackedFrom = 100
const hour = 60 * 60 * 1_000
const forgotten = 24 * hour
const knownFor = 30 * 24 * hour
const knownAgain = 24 * hour
const sourceLimit = 100
const sourceWindow = 10 * 60 * 1_000

/** Failed guesses as rows, shared by every process (identity dossier 9): the source that fails waits, nobody else does, and nobody is locked out. Places
 *  from which an account was entered before keep on working whatever others try. */
@injectable()
export class GuessThrottle {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(FailureCounters) private readonly counters: FailureCounters,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Before a password is tried. Throws `throttled`. */
  async check(place: Place, account: Account): Promise<Standing> {
    const known = place.inside === true || (await this.isKnown(place, account))
    // Behind one address there may be many: what others do there is held against nobody who got in from it.
    if (!known) this.refuseSource(await this.counters.read(sourceKey(place.address)))
    const pair = await this.counters.read(pairKey(place.address, account))
    const ready = pair === undefined ? 0 : pair.last + delayAfter(pair.count, free) * 1_000
    const now = this.now()
    if (now < ready) throw throttled('Too many failed attempts', Math.ceil((ready - now) / 1_000))
    const all = await this.counters.read(accountKey(account))
    return { known, attacked: (all?.count ?? 0) >= attackedFrom }
  }

  async failed({ address }: Place, account: Account): Promise<void> {
    await this.counters.add([
      { key: sourceKey(address), life: sourceLife },
      { key: pairKey(address, account), life: sliding },
    ])
    // Of its own: every source that tries this account meets in this row, and none of them must lose its other counts there.
    await this.counters.add([{ key: accountKey(account), life: sliding }], ([count]) =>
      count === attackedFrom && account.org !== '.' ? [this.attackNote(account)] : [],
    )
  }

  /** Of a token, which cannot be guessed: the source alone counts. Throws `throttled` instead of counting past the limit. */
  async failedToken(address: string): Promise<void> {
    const source: Counter = { key: sourceKey(address), life: sourceLife }
    this.refuseSource(await this.counters.read(source.key))
    await this.counters.add([source])
  }

  /** Forgets what this source did wrong at this account, and remembers that it is known there; the failures of others too, unless they are an attack. */
  async succeeded(place: Place, account: Account): Promise<void> {
    await this.counters.forget(pairKey(place.address, account))
    const all = await this.counters.read(accountKey(account))
    if (all !== undefined && all.count < attackedFrom) await this.counters.forget(accountKey(account))
    for (const key of knownKeys(place, account)) await this.know(key)
  }

  async isKnown(place: Place, account: Account): Promise<boolean> {
    for (const key of knownKeys(place, account)) if (((await this.knownUntil(key)) ?? 0) > this.now()) return true
    return false
  }

  private async know(key: Key): Promise<void> {
    const entry = await this.store.get(key)
    const until = entry === undefined ? undefined : knownRow.safeParse(entry.value).data?.until
    const now = this.now()
    if (until !== undefined && until - now > knownFor - knownAgain) return
    const value = { v: 1, until: now + knownFor }
    await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: seen(entry) }])
  }

  private async knownUntil(key: Key): Promise<number | undefined> {
    const entry = await this.store.get(key)
    return entry === undefined ? undefined : knownRow.safeParse(entry.value).data?.until
  }

  private attackNote(account: Account) {
    const target = { kind: 'login', id: counterHash('login', account.login).slice(0, 16) }
    const actor = { kind: 'anonymous', id: 'anonymous' }
    return logMutation(account.org, { at: this.clock.now(), actor, action: 'throttle.attack', target })
  }

  private refuseSource(failures: Failures | undefined): void {
    if (failures === undefined || failures.count < sourceLimit) return
    throw throttled('Too many failed attempts from this address', Math.ceil((failures.until - this.now()) / 1_000))
  }
  private now(): number {
    return this.clock.now().getTime()
  }
}

function sourceLife(failures: Failures | undefined, now: number): number {
  return failures?.until ?? now + sourceWindow
}
function sliding(_: Failures | undefined, now: number): number {
  return now + forgotten
}
function sourceKey(address: string): Key {
  return tenantKeys.secret('.', counterHash('source', sourceOf(address)), 'failures')
}
function pairKey(address: string, { org, login }: Account): Key {
  return tenantKeys.secret(org, counterHash('pair', sourceOf(address), login), 'failures')
}
function accountKey({ org, login }: Account): Key {
  return tenantKeys.secret(org, counterHash('account', login), 'failures')
}
/** Of an organization that does not exist nothing is known. */
function knownKeys({ address, device }: Place, { org, login }: Account): readonly Key[] {
  if (org === '.') return []
  const places = [counterHash('known source', sourceOf(address), login)]
  if (device !== undefined) places.push(counterHash('known device', device, login))
  return places.map((hash) => tenantKeys.secret(org, hash, 'known'))
}
