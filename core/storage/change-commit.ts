import { inject, injectable } from 'tsyringe'
import { logMutation } from '../audit/log-row.js'
import { RegistryError, unavailable } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { Limits } from '../runtime/limits.js'
import type { Committed } from './change-set.js'
import { CommitPlan } from './commit-plan.js'
import type { CommitScope } from './commit-scope.js'
import { MetadataStore, type Mutation } from './metadata-store.js'
import type { RecordedChanges } from './recorded-changes.js'
import { type StagedUpload, uploadOf } from './staged-upload.js'
import { tenantKeys } from './tenant-keys.js'

/** Two that meet in one package take turns in this process; on another node they meet in the head, and one repeats. */
const attempts = 60
/** How often a commit whose answer was lost is looked up and sent again. */
const settlements = 3

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
    const packages = new Set([...changes.documents.map(({ key }) => key[0]), ...changes.heads.keys()])
    const queues = [...packages].map((pkg) => tenantKeys.package(scope.organizationId, scope.repositoryId, scope.plugin, pkg))
    return this.queue.run(queues, async () => {
      const plan = new CommitPlan(this.metadata, scope, changes, this.limits)
      for (let attempt = 1; ; attempt++) {
        // Bytes become durable in between, which may take long: the caller is asked for last, and counts before any other refusal.
        const prepared = await plan.prepare(this.clock.now()).finally(() => scope.recheck())
        if (prepared.mutations.length === 0) return prepared.committed
        const log = logMutation(scope.organizationId, prepared.log)
        try {
          await this.settle([...prepared.mutations, log], log, prepared.named)
        } catch (thrown) {
          if (!plan.mayRepeat(prepared, thrown)) throw plan.explain(prepared, thrown)
          if (attempt === attempts) throw unavailable('Too many changes at once; try again', 1, { cause: thrown })
          if (attempt > 3) await pause(Math.random() * Math.min(attempt, 20))
          continue
        }
        for (const upload of prepared.named) upload.release()
        committed(prepared.log.events ?? [])
        return prepared.committed
      }
    })
  }

  /** A refusal is final; a lost answer is looked up by the log row, which only this commit writes, and the same mutations are sent again. What
   *  stays unknown is 503, and its bytes are left for the sweeper: a row may name them. */
  private async settle(mutations: readonly Mutation[], log: Mutation, named: readonly StagedUpload[]): Promise<void> {
    const token = randomHex()
    for (let settlement = 1; ; settlement++) {
      try {
        await this.metadata.commit(mutations, token)
        return
      } catch (thrown) {
        const refused = thrown instanceof RegistryError && ['conflict', 'stale', 'invalid'].includes(thrown.kind)
        if (refused && settlement === 1) throw thrown
        const known = await this.metadata.get(log.key).catch(() => undefined)
        if (known) return
        if (refused) throw thrown
        if (settlement < settlements) continue
        for (const upload of named) upload.release()
        throw thrown instanceof RegistryError && thrown.kind === 'unavailable'
          ? thrown
          : unavailable('The store did not answer; send the request again', 2, { cause: thrown })
      }
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
