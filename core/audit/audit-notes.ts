import { inject, injectable } from 'tsyringe'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { type LogEntry, logMutation } from './log-row.js'

type Note = Omit<LogEntry, 'at' | 'count'>
interface Window {
  written: number
  /** By action, and the last note of it. */
  readonly held: Map<string, { readonly note: Note; count: number }>
}

const minute = 60_000
const perSource = 100
/** Of an organization, whatever the number of sources: so much may a flood of guesses write in a minute. */
const perOrganization = 1_000
const mostSources = 10_000

/** Audit rows of acts that change no other row: a login, a refusal. Each in a commit of its own. */
@injectable()
export class AuditNotes {
  private readonly windows = new Map<string, Window>()
  private begun = Number.NEGATIVE_INFINITY
  private timer: NodeJS.Timeout | undefined
  private readonly underWay = new Set<Promise<void>>()

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly log: Logger,
  ) {}

  /** Durable when it resolves. Throws where the store does. */
  async write(org: string, note: Note): Promise<void> {
    await this.store.commit([logMutation(org, { ...note, at: this.clock.now() })], randomHex())
  }

  /** What anybody may cause, as often as they like: a wrong password, a token that is none. The first 100 of a source in a minute have a row each, the
   *  rest of them one row with their `count` when the minute is over. Never throws: a refusal is a refusal whether or not it could be written down.
   *  A process that dies loses the counts of its last minute. */
  refused(org: string, note: Omit<Note, 'result'>): Promise<void> {
    const work = this.take(org, note).finally(() => this.underWay.delete(work))
    this.underWay.add(work)
    return work
  }

  private async take(org: string, note: Omit<Note, 'result'>): Promise<void> {
    await this.turn()
    const whole = this.window(org)
    const ofSource = this.window(org, this.windows.size < mostSources ? (note.source?.ip ?? '-') : 'others')
    const refusal: Note = { ...note, result: 'refused' }
    if (whole.written < perOrganization && ofSource.written < perSource) {
      whole.written += 1
      ofSource.written += 1
      return this.keep(org, refusal, undefined)
    }
    const before = ofSource.held.get(note.action)
    if (before) before.count += 1
    // Whom it was about differs from one to the next: what is left is how many there were, and whence.
    else ofSource.held.set(note.action, { note: withoutTarget(refusal), count: 1 })
  }

  /** Writes what was counted and not yet written. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const windows = [...this.windows]
    this.windows.clear()
    this.begun = this.clock.monotonic()
    for (const [key, { held }] of windows) {
      const [org = ''] = key.split('\0')
      for (const { note, count } of held.values()) await this.keep(org, note, count)
    }
  }

  /** Before the store closes. */
  async close(): Promise<void> {
    await Promise.all(this.underWay)
    await this.flush()
  }

  private async turn(): Promise<void> {
    if (this.clock.monotonic() - this.begun >= minute) await this.flush()
    this.timer ??= setTimeout(() => void this.flush(), minute).unref()
  }

  private window(org: string, source = ''): Window {
    const key = `${org}\0${source}`
    let window = this.windows.get(key)
    if (window === undefined) {
      window = { written: 0, held: new Map() }
      this.windows.set(key, window)
    }
    return window
  }

  private async keep(org: string, note: Note, count: number | undefined): Promise<void> {
    const entry = { ...note, at: this.clock.now(), ...(count === undefined ? {} : { count }) }
    try {
      await this.store.commit([logMutation(org, entry)], randomHex())
    } catch (cause) {
      this.log.warn('audit.note-not-written', { organization: org, action: note.action, cause })
    }
  }
}

function withoutTarget({ target: _, request: _request, ...rest }: Note): Note {
  return rest
}
