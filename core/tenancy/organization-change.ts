import { setTimeout as pause } from 'node:timers/promises'
import { type LogEntry, logMutation } from '../audit/log-row.js'
import { conflict, RegistryError } from '../errors/registry-error.js'
import { outboxMutations } from '../events/outbox-rows.js'
import { newId, randomHex } from '../runtime/identifiers.js'
import type { Json, JsonObject } from '../runtime/json.js'
import { type Condition, type Key, type MetadataStore, type Mutation, metadataLimits } from '../storage/metadata-store.js'
import { isLostRace } from '../storage/optimistic.js'
import { raiseEpoch } from './access-epoch.js'

/** A condition did not hold that the attempt itself rests on: read again, decide again. */
class Moved extends Error {}

/** Rows of one organization, its new access epoch and the log row that tells of it, in one commit. */
export class OrganizationChange {
  private readonly mutations: Mutation[] = []
  private readonly failures: (RegistryError | undefined)[] = []
  private readonly events: JsonObject[] = []

  constructor(
    private readonly store: MetadataStore,
    private readonly org: string,
    private entry: LogEntry,
    private readonly epoch: (org: string) => readonly Mutation[] = raiseEpoch,
  ) {}

  /** `failure` is what the caller reads where the condition does not hold; without one the attempt is repeated. */
  put(key: Key, value: Json, condition?: Condition, failure?: RegistryError): this {
    return this.add({ op: 'put', key, value, ...(condition === undefined ? {} : { if: condition }) }, failure)
  }
  delete(key: Key, condition?: Condition, failure?: RegistryError): this {
    return this.add({ op: 'delete', key, ...(condition === undefined ? {} : { if: condition }) }, failure)
  }
  check(key: Key, condition: Condition, failure?: RegistryError): this {
    return this.add({ op: 'check', key, if: condition }, failure)
  }
  /** What the outbox tells once this is committed: of the member or repository that the log row names. */
  tell(kind: 'member.changed' | 'repository.changed', change: 'created' | 'updated' | 'deleted'): this {
    const { actor, target } = this.entry
    const subject = kind === 'member.changed' ? 'member' : 'repository'
    this.events.push({ kind, id: newId('e'), organization: this.org, [subject]: target?.id ?? '', change, actor: actor.id })
    return this
  }
  /** What follows from it, in numbers, for the log. */
  effects(counts: Readonly<Record<string, number>>): this {
    this.entry = { ...this.entry, effects: counts }
    return this
  }
  /** How many more rows this commit takes. */
  get room(): number {
    return metadataLimits.mutations - this.mutations.length - this.epoch(this.org).length - 1 - Math.min(this.events.length, 1)
  }

  async commit(): Promise<void> {
    const log = logMutation(this.org, this.events.length === 0 ? this.entry : { ...this.entry, events: this.events })
    const all = [...this.mutations, ...this.epoch(this.org), log, ...outboxMutations(this.org, log, this.events)]
    try {
      await this.store.commit(all, randomHex())
    } catch (thrown) {
      if (!isLostRace(thrown)) throw thrown
      const index = thrown.detail['mutation']
      const failure = typeof index === 'number' ? this.failures[index] : undefined
      throw failure ?? new Moved('Rows moved under a change', { cause: thrown })
    }
  }

  private add(mutation: Mutation, failure: RegistryError | undefined): this {
    this.mutations.push(mutation)
    this.failures.push(failure)
    return this
  }
}

/** Repeats an attempt whose rows moved under it, each time from a fresh look; gives up with `conflict`. */
export async function untilSettled<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt()
    } catch (thrown) {
      if (!(thrown instanceof Moved)) throw thrown
      if (count === 10) throw conflict('Too many changes at the same moment; try again', { cause: thrown.cause })
      await pause(Math.random() * 5 * count)
    }
  }
}
