import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Lease } from '../housekeeping/leases.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { Entry, MetadataStore, Mutation, RangeQuery } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import type { MailLinks } from './mail-links.js'
import { dueKey, mailValue, parkedKey, type QueuedMail, readMail, timeText } from './mail-rows.js'
import { type Mail, type Mailer, UndeliverableMail } from './mailer.js'

const minute = 60_000
const hour = 60 * minute
/** Eight attempts within 24 hours; then it is parked until an operator says so, and given up after a month. */
const pauses = [minute / 12, minute, 10 * minute, 30 * minute, 2 * hour, 6 * hour, 15 * hour]
const parkedFor = 30 * 24 * hour
const page = 100
const atOnce = 4

/** Knows what the letters say. */
export interface MailWriter {
  /** The letter, with a new secret where it carries one. Undefined: there is nothing to say any more. */
  compose(queued: QueuedMail): Promise<Mail | undefined>
  /** Is there still somebody to say it to? */
  stands(queued: QueuedMail): Promise<boolean>
}

interface Done {
  sent: number
  dropped: number
  failed: number
  parked: number
}
interface Run {
  readonly done: Done
  readonly lease: Lease
  readonly signal: AbortSignal
}

/** Sends what commits have asked for: each letter at least once, also after a crash; one that fails comes again later and holds nobody up. */
export class MailChore implements Chore {
  readonly name = 'mail'
  readonly interval = 1_000
  readonly resident = true
  /** Nobody nudges: somebody may be waiting for a letter. */
  readonly idleFor = () => 3_000
  private parkedSeen = Number.NEGATIVE_INFINITY

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly mailer: Mailer | undefined,
    private readonly links: MailLinks,
    private readonly writer: MailWriter,
    private readonly log: Logger,
  ) {}

  /** Confirmed: what was parked is tried once more. */
  async run({ lease, signal, confirmed }: Pick<ChoreWork, 'lease' | 'signal' | 'confirmed'>): Promise<JsonObject | undefined> {
    if (this.mailer === undefined || !this.links.known) return undefined
    const run: Run = { done: { sent: 0, dropped: 0, failed: 0, parked: 0 }, lease, signal }
    for (let shard = 0; shard < shards; shard++) {
      let entries = await this.due(shard)
      while (entries.length > 0 && !signal.aborted) {
        await this.deliver(this.mailer, entries, run)
        entries = entries.length < page ? [] : await this.due(shard)
      }
    }
    await this.seeToParked(this.mailer, confirmed === true, run)
    const { done } = run
    return done.sent + done.dropped + done.failed > 0 ? { ...done } : undefined
  }

  private async due(shard: number): Promise<readonly Entry[]> {
    const now = timeText(this.clock.now())
    const entries = await this.rows(shard, { prefix: ['due'], limit: page })
    return entries.filter(({ key }) => (key.path[1] ?? '') <= now)
  }

  private async rows(shard: number, query: RangeQuery): Promise<readonly Entry[]> {
    const found: Entry[] = []
    for await (const entry of this.metadata.range(tenantKeys.mailShard(shard), query)) found.push(entry)
    return found
  }

  /** Once an hour, and when an operator asks. */
  private async seeToParked(mailer: Mailer, again: boolean, run: Run): Promise<void> {
    const now = this.clock.monotonic()
    if (!again && now - this.parkedSeen < hour) return
    this.parkedSeen = now
    for (let shard = 0; shard < shards; shard++) {
      const query = { prefix: ['parked'], limit: page }
      let entries = await this.rows(shard, query)
      while (entries.length > 0 && !run.signal.aborted) {
        if (again) await this.deliver(mailer, entries, run)
        else for (const entry of entries) await this.forget(entry, run)
        entries = await this.rows(shard, { ...query, after: (entries.at(-1) as Entry).key.path })
      }
    }
  }

  private async forget(entry: Entry, { lease, done }: Run): Promise<void> {
    const queued = readMail(entry)
    const old = queued.at.getTime() + parkedFor <= this.clock.now().getTime()
    if (!old && (await this.writer.stands(queued))) return
    await this.settle(lease, [{ op: 'delete', key: entry.key, if: { revision: entry.revision } }])
    done.dropped += 1
  }

  private async deliver(mailer: Mailer, entries: readonly Entry[], run: Run): Promise<void> {
    const waiting = [...entries]
    const work = async () => {
      for (let entry = waiting.shift(); entry && !run.signal.aborted; entry = waiting.shift()) {
        run.lease.check()
        await this.one(mailer, entry, run)
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: atOnce }, work))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }

  private async one(mailer: Mailer, entry: Entry, { done, lease }: Run): Promise<void> {
    const queued = readMail(entry)
    const over: Mutation = { op: 'delete', key: entry.key, if: { revision: entry.revision } }
    try {
      const mail = await this.writer.compose(queued)
      if (mail) await mailer.send(mail)
      await this.settle(lease, [over])
      if (mail) done.sent += 1
      else done.dropped += 1
    } catch (cause) {
      this.log.warn('mail.failed', { organization: queued.org, mail: queued.id, tries: queued.tries, cause })
      done.failed += 1
      const next = this.again(queued, cause, done)
      const stays = next.key.path.join() === entry.key.path.join()
      await this.settle(lease, stays ? [{ ...next, if: { revision: entry.revision } }] : [over, next])
    }
  }

  private again(queued: QueuedMail, cause: unknown, done: Done): Mutation {
    const tries = queued.tries + 1
    const value = mailValue({ ...queued, tries, error: cause instanceof Error ? cause.name : 'Error' })
    const pause = cause instanceof UndeliverableMail ? undefined : pauses[tries - 1]
    if (pause !== undefined) return { op: 'put', key: dueKey(queued.id, new Date(this.clock.now().getTime() + pause)), value }
    done.parked += 1
    this.log.error('mail.parked', { organization: queued.org, mail: queued.id, kind: queued.subject.kind })
    return { op: 'put', key: parkedKey(queued.id), value }
  }

  /** Sent twice is allowed, lost is not: where the lease has gone, its next holder sends it again. */
  private async settle(lease: Lease, mutations: readonly Mutation[]): Promise<void> {
    if (!(await commitUnlessMoved(this.metadata, [lease.guard(), ...mutations]))) await lease.renew()
  }
}
