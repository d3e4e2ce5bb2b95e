import { inject, injectable } from 'tsyringe'
import { type LogEntry, logMutation } from '../audit/log-row.js'
import { invalid, RegistryError, unavailable } from '../errors/registry-error.js'
import { isListened, outboxMutations } from '../events/outbox-rows.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { Limits } from '../runtime/limits.js'
import { BatchWriter } from './batch-writer.js'
import type { Committed } from './change-set.js'
import { CommitPlan } from './commit-plan.js'
import { coverBytes } from './commit-room.js'
import type { CommitScope } from './commit-scope.js'
import { MetadataStore, type Mutation, metadataLimits } from './metadata-store.js'
import type { RecordedChanges } from './recorded-changes.js'
import { type StagedUpload, uploadOf } from './staged-upload.js'
import { tenantKeys } from './tenant-keys.js'

/** Two that meet in one package take turns in this process; on another node they meet in the head, and one repeats. */
const attempts = 60
/** How often a commit whose answer was lost is looked up and sent again. */
const settlements = 3
/** Milliseconds after which it is not sent again: the call and the look take ten seconds each at most, and nobody waits longer than thirty. */
const lastSent = 10_000
/** The log row, that of its events, and the end of a batch. */
const rowsBeside = 3

/** From a change set to one conditional transaction (security guide 1.4): bytes first, names second, events last. */
@injectable()
export class ChangeCommit {
  private readonly queue = new KeyedQueue()

  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(Limits) private readonly limits: Limits,
  ) {}

  async apply(
    changes: RecordedChanges,
    scope: CommitScope,
    committed: (events: readonly JsonObject[]) => void,
  ): Promise<Committed> {
    for (const { blob, path } of changes.puts) await scope.parse(uploadOf(blob), path)
    return this.queue.run(queuesOf(changes, scope), () => this.write(changes, scope, committed))
  }

  /** Takes what `changes` holds so far, and writes it where nobody sees it. */
  async ahead(changes: RecordedChanges, scope: CommitScope): Promise<void> {
    for (const { blob, path } of changes.puts) await scope.parse(uploadOf(blob), path)
    await this.queue.run(queuesOf(changes, scope), async () => {
      await scope.recheck()
      await this.writeAhead(changes, scope)
    })
  }

  /** Takes back what was written ahead; where that fails, a chore does it, after the batch's time. */
  async abandon(changes: RecordedChanges): Promise<void> {
    await changes.ahead?.abandon(this.clock.now()).catch(() => undefined)
  }

  private async write(
    changes: RecordedChanges,
    scope: CommitScope,
    committed: (events: readonly JsonObject[]) => void,
  ): Promise<Committed> {
    const plan = new CommitPlan(this.metadata, scope, changes, this.limits)
    try {
      for (let attempt = 1; ; attempt++) {
        // Bytes become durable in between, which may take long: the caller is asked for last, and counts before any other refusal.
        const prepared = await plan.prepare(this.clock.now()).finally(() => scope.recheck())
        if (prepared.mutations.length > metadataLimits.mutations - rowsBeside) {
          const { ahead, deletion } = changes
          if (ahead === undefined) await this.writeAhead(changes, scope)
          // What an undo brings back is noted in the last commit.
          else if (ahead.locked.size === 0 && deletion === undefined) await ahead.lock(changes, () => this.clock.now())
          else throw invalid('The change touches more packages than one commit can')
          continue
        }
        const ending = (await changes.ahead?.ending(prepared.committed.heads)) ?? []
        if (prepared.mutations.length + ending.length === 0) return prepared.committed
        const listened = await isListened(this.metadata)
        const spending = await coverBytes(scope, changes, prepared.log.usage?.bytes ?? 0)
        const log = logMutation(scope.organizationId, spending ? spentBy(prepared.log, spending.id) : prepared.log)
        const outbox = listened ? outboxMutations(scope.organizationId, log, prepared.log.events) : []
        try {
          await this.settle([...prepared.mutations, ...ending, log, ...outbox], log, prepared.named)
          spending?.spend()
        } catch (thrown) {
          // Of an unknown outcome the room stays taken until the log has been counted.
          if (thrown instanceof RegistryError && thrown.kind === 'unavailable') spending?.spend()
          else spending?.release()
          if (!plan.mayRepeat(prepared, thrown)) throw plan.explain(prepared, thrown)
          if (attempt === attempts) throw unavailable('Too many changes at once; try again', 1, { cause: thrown })
          if (attempt > 3) await pause(Math.random() * Math.min(attempt, 20))
          continue
        }
        for (const upload of prepared.named) upload.release()
        committed(prepared.log.events ?? [])
        // What counts already is rewritten by a chore where it cannot be now.
        await changes.ahead?.finish(this.clock.now(), committed).catch(() => undefined)
        return prepared.committed
      }
    } catch (thrown) {
      await this.abandon(changes)
      throw thrown
    }
  }

  /** What fits into no single commit goes ahead; what was collected besides stays for the last one. */
  private async writeAhead(changes: RecordedChanges, scope: CommitScope): Promise<void> {
    const batch = changes.ahead ?? new BatchWriter(this.metadata, this.limits, scope, (...commit) => this.settle(...commit))
    changes.ahead = batch
    try {
      await batch.write(changes, () => this.clock.now())
    } catch (thrown) {
      await this.abandon(changes)
      throw thrown
    }
    changes.puts.length = 0
    changes.deletes.length = 0
    changes.documents.length = 0
    changes.restores.length = 0
    changes.freezes.clear()
  }

  /** A refusal is final; a lost answer is looked up by the log row, which only this commit writes, and the same mutations are sent again. What
   *  stays unknown is 503, and its bytes are left for the sweeper: a row may name them. */
  private async settle(mutations: readonly Mutation[], log: Mutation, named: readonly StagedUpload[]): Promise<void> {
    const token = randomHex()
    const begun = this.clock.monotonic()
    for (let settlement = 1; ; settlement++) {
      try {
        await this.metadata.commit(mutations, token)
        return
      } catch (thrown) {
        const refused = thrown instanceof RegistryError && ['conflict', 'stale', 'invalid'].includes(thrown.kind)
        if (refused && settlement === 1) throw thrown
        const written = await this.metadata
          .get(log.key)
          .then((entry) => entry !== undefined)
          .catch(() => undefined)
        if (written) return
        // Where nobody could look, what refuses may be the commit itself.
        if (refused && written === false) throw thrown
        if (settlement < settlements && this.clock.monotonic() - begun < lastSent) continue
        for (const upload of named) upload.release()
        throw thrown instanceof RegistryError && thrown.kind === 'unavailable'
          ? thrown
          : unavailable('The store did not answer; send the request again', 2, { cause: thrown })
      }
    }
  }
}

/** Changes of one package take turns. */
function queuesOf({ documents, heads, ahead }: RecordedChanges, scope: CommitScope): readonly string[] {
  const packages = new Set([...documents.map(({ key }) => key[0]), ...heads.keys(), ...(ahead?.heads.keys() ?? [])])
  return [...packages].map((pkg) => tenantKeys.package(scope.organizationId, scope.repositoryId, scope.plugin, pkg))
}

function spentBy(entry: LogEntry, allowance: string): LogEntry {
  return entry.usage ? { ...entry, usage: { ...entry.usage, allowance } } : entry
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
