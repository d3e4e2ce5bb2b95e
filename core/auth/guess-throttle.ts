import { createHash } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { z } from 'zod'
import { throttled } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import type { Json } from '../runtime/json.js'
import { type Entry, type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { sourceOf } from './client-address.js'

/** Failures in a row by one source at one account, or of a source within its window. Times in milliseconds. */
const failuresRow = z.object({ v: z.literal(1), count: z.number(), from: z.number(), last: z.number(), until: z.number() })
type Failures = z.infer<typeof failuresRow>

/** The login that is being tried; `org` is '.' for an organization that does not exist, so that none of its rows are made. */
export interface Account {
  readonly org: string
  readonly login: string
}

const free = 10
const longestDelay = 60
const forgotten = 24 * 60 * 60 * 1_000
const sourceLimit = 100
const sourceWindow = 10 * 60 * 1_000
const attempts = 4

/** Failed guesses as rows, shared by every process (identity dossier 9): the source that fails waits, nobody else does, and nobody is locked out. */
@injectable()
export class GuessThrottle {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Before a password is tried. Throws `throttled`. */
  async check(address: string, account: Account): Promise<void> {
    const now = this.now()
    refuseSource(current(await this.store.get(sourceKey(address)), now), now)
    const failures = current(await this.store.get(pairKey(address, account)), now)
    const ready = failures === undefined ? 0 : failures.last + delayAfter(failures.count) * 1_000
    if (now < ready) throw throttled('Too many failed attempts', Math.ceil((ready - now) / 1_000))
  }

  async failed(address: string, account: Account): Promise<void> {
    await this.count([
      { key: sourceKey(address), life: sourceLife },
      { key: pairKey(address, account), life: pairLife },
    ])
  }

  /** Of a token, which cannot be guessed: the source alone counts. Throws `throttled` instead of counting past the limit. */
  async failedToken(address: string): Promise<void> {
    const now = this.now()
    const key = sourceKey(address)
    refuseSource(current(await this.store.get(key), now), now)
    await this.count([{ key, life: sourceLife }])
  }

  /** Forgets what this source did wrong at this account, and nothing else. */
  async succeeded(address: string, account: Account): Promise<void> {
    const key = pairKey(address, account)
    const entry = await this.store.get(key)
    if (entry === undefined) return
    await commitUnlessMoved(this.store, [{ op: 'delete', key, if: { revision: entry.revision } }])
  }

  /** Racing failures may each have to look again; who loses four times was counted by the others often enough. */
  private async count(
    rows: readonly { key: Key; life: (failures: Failures | undefined, now: number) => number }[],
  ): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const now = this.now()
      const mutations: Mutation[] = []
      for (const { key, life } of rows) {
        const entry = await this.store.get(key)
        const before = current(entry, now)
        const value: Json = {
          v: 1,
          count: (before?.count ?? 0) + 1,
          from: before?.from ?? now,
          last: now,
          until: life(before, now),
        }
        mutations.push({ op: 'put', key, value, if: entry === undefined ? 'absent' : { revision: entry.revision } })
      }
      if (await commitUnlessMoved(this.store, mutations)) return
    }
  }
  private now(): number {
    return this.clock.now().getTime()
  }
}

/** Seconds to wait behind the last of so many failures: none for the first ten, then 1, 2, 4, … 60. */
export function delayAfter(failures: number): number {
  return failures < free ? 0 : Math.min(longestDelay, 2 ** (failures - free))
}

function current(entry: Entry | undefined, now: number): Failures | undefined {
  if (entry === undefined) return undefined
  const parsed = failuresRow.safeParse(entry.value)
  return parsed.success && now < parsed.data.until ? parsed.data : undefined
}
function refuseSource(failures: Failures | undefined, now: number): void {
  if (failures === undefined || failures.count < sourceLimit) return
  throw throttled('Too many failed attempts from this address', Math.ceil((failures.until - now) / 1_000))
}
function sourceLife(failures: Failures | undefined, now: number): number {
  return failures?.until ?? now + sourceWindow
}
function pairLife(_: Failures | undefined, now: number): number {
  return now + forgotten
}
function sourceKey(address: string): Key {
  return tenantKeys.secret('.', hashOf('source', sourceOf(address)), 'failures')
}
function pairKey(address: string, { org, login }: Account): Key {
  return tenantKeys.secret(org, hashOf('pair', sourceOf(address), login), 'failures')
}
function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex')
}
