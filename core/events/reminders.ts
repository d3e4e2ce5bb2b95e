import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Logger } from '../runtime/logger.js'
import type { DocumentKey } from '../storage/document-reader.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { numeral, shards, tenantKeys } from '../storage/tenant-keys.js'

const batch = 100
/** Whoever asks to be woken sooner than this nudges. */
export const remindersRest = 20_000
/** A reminder that failed comes again after this; then after four times as long each time, up to an hour. */
const firstPause = 30_000
const longestPause = 3_600_000

export interface Reminder {
  readonly organizationId: string
  readonly repositoryId: string
  readonly plugin: string
  readonly key: DocumentKey
}

/** Wakes plugins at the times that their change sets left. A row goes when the plugin has done its work: at least once. */
export class Reminders implements Chore {
  readonly name = 'reminders'
  readonly interval = 1_000
  readonly resident = true
  private earliest = Number.POSITIVE_INFINITY

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    /** When to come again, where it is too early. */
    private readonly wake: (reminder: Reminder) => Promise<Date | undefined>,
    private readonly log: Logger,
  ) {}

  idleFor(): number {
    return Math.min(remindersRest, this.earliest - this.clock.now().getTime())
  }

  /** Everything that is due now. One that fails comes again later, and later each time: it holds nobody up. */
  async run({ lease, signal }: Pick<ChoreWork, 'lease' | 'signal'>): Promise<JsonObject | undefined> {
    const now = this.clock.now().getTime()
    const told = { woken: 0, failed: 0 }
    this.earliest = Number.POSITIVE_INFINITY
    for (let shard = 0; shard < shards; shard++) {
      let page: readonly Entry[] = await this.due(shard, now)
      while (page.length > 0) {
        for (const entry of page) {
          if (signal.aborted) return told
          lease.check()
          told[(await this.deliver(entry, shard, now)) ? 'woken' : 'failed'] += 1
        }
        page = page.length < batch ? [] : await this.due(shard, now, page.at(-1)?.key.path)
      }
    }
    return told.woken + told.failed > 0 ? told : undefined
  }

  private async due(shard: number, now: number, after?: readonly string[]): Promise<readonly Entry[]> {
    const due: Entry[] = []
    const query = { limit: batch, ...(after === undefined ? {} : { after }) }
    for await (const entry of this.metadata.range(tenantKeys.due(shard), query)) {
      const at = entry.key.path[0] ?? ''
      if (at > timeOf(now)) {
        this.earliest = Math.min(this.earliest, Number(at))
        break
      }
      due.push(entry)
    }
    return due
  }

  private async deliver(entry: Entry, shard: number, now: number): Promise<boolean> {
    const [, organizationId = '', repositoryId = '', plugin = '', pkg = '', ...rest] = entry.key.path
    const over: Mutation = { op: 'delete', key: entry.key, if: { revision: entry.revision } }
    const change: Mutation[] = [over]
    const again = (at: number) => tenantKeys.reminder(shard, timeOf(at), organizationId, repositoryId, plugin, pkg, ...rest)
    let woken = true
    try {
      const later = await this.wake({ organizationId, repositoryId, plugin, key: [pkg, ...rest] })
      if (later) change.push({ op: 'put', key: again(later.getTime()), value: { v: 1 } })
    } catch (thrown) {
      woken = false
      const tries = (entry.value as { readonly tries?: number }).tries ?? 0
      this.log.warn('reminder.failed', { plugin, tries, cause: thrown })
      const key = again(now + Math.min(firstPause * 4 ** tries, longestPause))
      change.push({ op: 'put', key, value: { v: 1, tries: tries + 1 } })
    }
    // Where it was asked for anew while it was at work, that one is still to come.
    await commitUnlessMoved(this.metadata, change)
    return woken
  }
}

function timeOf(milliseconds: number): string {
  return numeral(milliseconds).padStart(15, '0')
}
