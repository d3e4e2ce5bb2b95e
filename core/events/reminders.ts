import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Logger } from '../runtime/logger.js'
import type { DocumentKey } from '../storage/document-reader.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'

const interval = 1_000
const batch = 100

export interface Reminder {
  readonly organizationId: string
  readonly repositoryId: string
  readonly plugin: string
  readonly key: DocumentKey
}

/** Wakes plugins at the times that their change sets left. A row goes when the plugin has done its work: at least once. */
export class Reminders {
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined

  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly wake: (reminder: Reminder) => Promise<void>,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run()
        .catch((thrown: unknown) => this.log.error('reminders.failed', { cause: thrown }))
        .finally(() => {
          this.running = undefined
        })
    }, interval)
    this.timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.running
  }

  /** Everything that is due now. One that fails stays, and the others go on. */
  async run(): Promise<void> {
    const now = String(this.clock.now().getTime()).padStart(15, '0')
    for (let shard = 0; shard < shards; shard++) {
      const due: Entry[] = []
      for await (const entry of this.metadata.range(tenantKeys.due(shard), { limit: batch })) {
        if ((entry.key.path[0] ?? '') > now) break
        due.push(entry)
      }
      for (const entry of due) await this.deliver(entry)
    }
  }

  private async deliver(entry: Entry): Promise<void> {
    const [, organizationId = '', repositoryId = '', plugin = '', pkg = '', ...rest] = entry.key.path
    try {
      await this.wake({ organizationId, repositoryId, plugin, key: [pkg, ...rest] })
      await this.metadata.commit([{ op: 'delete', key: entry.key, if: { revision: entry.revision } }], randomHex())
    } catch (thrown) {
      this.log.warn('reminder.failed', { plugin, cause: thrown })
    }
  }
}
