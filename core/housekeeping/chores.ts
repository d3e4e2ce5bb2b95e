import { setTimeout as pause } from 'node:timers/promises'
import { conflict, notFound, RegistryError } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import type { Chore, ChoreDesk, ChoreRun, ChoreStatus, RunOptions } from './chore.js'
import { ChoreRecords } from './chore-records.js'
import { ChoreRest } from './chore-rest.js'
import { type Lease, LeaseLost, type Leases } from './leases.js'

/** A process without the lease looks again after this, where the chore's own interval is not shorter. */
const lookAgain = 60_000
/** What a chore that runs every second has done is written down so often. */
const noteEvery = 10_000
const never = Number.NEGATIVE_INFINITY

interface Slot {
  readonly chore: Chore
  readonly rest: ChoreRest
  /** Monotonic: of the lease; and when it is asked for again where another process has it. */
  renewedAt: number
  askAgainAt: number
  lease?: Lease
  running?: Promise<ChoreRun | undefined>
  timer?: NodeJS.Timeout
  /** Asked for while it ran. */
  again: boolean
  /** Monotonic; and what has not been written down since. */
  notedAt: number
  unnoted: { runs: number; failures: number }
}

/** Runs each chore on whichever process has its lease, again and again; keeps a row of what it last did. */
export class Chores implements ChoreDesk {
  private readonly slots = new Map<string, Slot>()
  private readonly records: ChoreRecords
  private readonly stopping = new AbortController()
  private started = false

  constructor(
    private readonly metadata: MetadataStore,
    private readonly leases: Leases,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.records = new ChoreRecords(metadata, clock)
  }

  add(chore: Chore): void {
    if (this.slots.has(chore.name)) throw new Error(`there are two chores ${chore.name}`)
    this.slots.set(chore.name, {
      chore,
      rest: new ChoreRest(chore.name, this.metadata, this.clock),
      renewedAt: never,
      askAgainAt: never,
      again: false,
      notedAt: never,
      unnoted: { runs: 0, failures: 0 },
    })
  }

  start(): void {
    this.started = true
    for (const slot of this.slots.values()) this.schedule(slot, Math.min(slot.chore.interval, lookAgain))
  }

  /** There is something to do: soon, where this process has the lease; else its holder is woken, and looks each interval. */
  nudge(name: string): void {
    const slot = this.slots.get(name)
    if (!slot || !this.started) return
    slot.rest.wake()
    if (!slot.lease) {
      slot.askAgainAt = never
      slot.rest.ring().catch((cause: unknown) => this.log.warn('chore.bell-failed', { chore: name, cause }))
    } else if (slot.running) slot.again = true
    else this.schedule(slot, 0)
  }

  /** Waits for what is running, and gives every lease back. */
  async stop(): Promise<void> {
    this.stopping.abort()
    for (const slot of this.slots.values()) {
      clearTimeout(slot.timer)
      await slot.running?.catch(() => {})
      await slot.lease
        ?.release()
        .catch((cause: unknown) => this.log.warn('lease.release-failed', { chore: slot.chore.name, cause }))
      delete slot.lease
    }
  }

  async list(): Promise<readonly ChoreStatus[]> {
    return Promise.all([...this.slots.keys()].sort().map((name) => this.get(name)))
  }

  async get(name: string): Promise<ChoreStatus> {
    const { chore } = this.slot(name)
    const holder = await this.leases.holderOf(name)
    const { last, runs, failures } = await this.records.read(name)
    return {
      name,
      interval: chore.interval,
      // A resident lease says who would run it, no more.
      running: chore.resident ? this.slot(name).running !== undefined : holder !== undefined,
      ...(last ? { last } : {}),
      runs,
      failures,
    }
  }

  async run(
    name: string,
    options: RunOptions = {},
    patience = Number.POSITIVE_INFINITY,
  ): Promise<{ readonly done: boolean; readonly status: ChoreStatus }> {
    const slot = this.slot(name)
    while (slot.running) await slot.running.catch(() => {})
    if (this.stopping.signal.aborted) throw conflict('The house is going down')
    // Whoever asks is shown what this run did.
    slot.notedAt = never
    slot.renewedAt = never
    const run = this.begin(slot, options)
    run.catch(() => {})
    if (patience === Number.POSITIVE_INFINITY) await run
    else {
      const waiting = new AbortController()
      await Promise.race([run, pause(patience, undefined, { ref: false, signal: waiting.signal }).catch(() => {})])
      waiting.abort()
    }
    const done = slot.running !== run
    if (done && (await run) === undefined) throw conflict(`The chore ${name} runs on another process`)
    return { done, status: await this.get(name) }
  }

  private slot(name: string): Slot {
    const slot = this.slots.get(name)
    if (!slot) throw notFound('chore', name)
    return slot
  }

  private schedule(slot: Slot, delay: number): void {
    if (this.stopping.signal.aborted) return
    clearTimeout(slot.timer)
    slot.timer = setTimeout(() => void this.tick(slot), delay).unref()
  }

  private async tick(slot: Slot): Promise<void> {
    const { name, interval, resident } = slot.chore
    try {
      const isDue = !slot.running && (resident ? !(await this.rests(slot)) : await this.records.isDue(name, interval))
      // Meanwhile somebody may have begun it, or stopped all.
      if (isDue && !slot.running && !this.stopping.signal.aborted) await this.begin(slot, {})
    } catch (cause) {
      this.log.error('chore.not-begun', { chore: name, cause })
    }
    const again = slot.again
    slot.again = false
    this.schedule(slot, again ? 0 : Math.min(interval, lookAgain))
  }

  private async rests(slot: Slot): Promise<boolean> {
    if (!slot.lease) return this.clock.monotonic() < slot.askAgainAt
    if (!(await slot.rest.goesOn())) return false
    if (this.stopping.signal.aborted) return true
    await this.leaseOf(slot, this.leases.life / 3)
    return true
  }

  /** Undefined where another process has the lease. */
  private begin(slot: Slot, options: RunOptions): Promise<ChoreRun | undefined> {
    const running = this.perform(slot, options).finally(() => {
      delete slot.running
    })
    slot.running = running
    return running
  }

  private async perform(slot: Slot, options: RunOptions): Promise<ChoreRun | undefined> {
    const lease = await this.leaseOf(slot)
    if (!lease) return undefined
    const { chore } = slot
    const begun = this.clock.monotonic()
    const at = this.clock.now()
    const beating = setInterval(() => void lease.renew().catch(() => {}), this.leases.life / 3).unref()
    let outcome: Pick<ChoreRun, 'outcome' | 'result' | 'error'>
    try {
      const result = await chore.run({ ...options, lease, signal: this.stopping.signal })
      if (result || !chore.idleFor) slot.rest.wake()
      else slot.rest.found(chore.idleFor())
      outcome = { outcome: this.stopping.signal.aborted ? 'stopped' : 'done', ...(result ? { result } : {}) }
    } catch (cause) {
      slot.rest.wake()
      outcome = { outcome: cause instanceof LeaseLost ? 'stopped' : 'failed', error: wordsOf(cause) }
      this.log.error('chore.failed', { chore: chore.name, cause })
    } finally {
      clearInterval(beating)
    }
    const run: ChoreRun = { at, milliseconds: Math.round(this.clock.monotonic() - begun), ...outcome }
    await this.note(slot, run)
    if (chore.resident !== true) {
      delete slot.lease
      await lease.release()
    }
    return run
  }

  /** Renewed, where that was so long ago; asked for, where another process had it. A run shows its next sign of life a third of a life later. */
  private async leaseOf(slot: Slot, since = this.leases.life / 6): Promise<Lease | undefined> {
    const now = this.clock.monotonic()
    if (slot.lease && now - slot.renewedAt < since) return slot.lease
    try {
      await slot.lease?.renew()
    } catch (thrown) {
      if (!(thrown instanceof LeaseLost)) throw thrown
      delete slot.lease
    }
    const lease = slot.lease ?? (await this.leases.take(slot.chore.name))
    if (lease) Object.assign(slot, { lease, renewedAt: now })
    else slot.askAgainAt = now + this.leases.life / 3
    return lease
  }

  private async note(slot: Slot, run: ChoreRun): Promise<void> {
    const { name, resident } = slot.chore
    const now = this.clock.monotonic()
    if (resident && run.result === undefined && run.outcome === 'done') return
    slot.unnoted.runs += 1
    if (run.outcome === 'failed') slot.unnoted.failures += 1
    if (resident && now - slot.notedAt < noteEvery) return
    slot.notedAt = now
    await this.records.write(name, run, this.leases.holder, slot.unnoted)
    slot.unnoted = { runs: 0, failures: 0 }
  }
}

/** What an operator may read: the house's own words; anything else is in the log. */
function wordsOf(thrown: unknown): string {
  return thrown instanceof RegistryError || thrown instanceof LeaseLost ? thrown.message : 'It failed; the log says why'
}
